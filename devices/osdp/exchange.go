package osdp

import (
	"bytes"
	"context"
	"errors"
	"time"

	"sitepost/devices/line"
)

const (
	within   = 400 * time.Millisecond // a reader answers within 200 ms; its longest answer takes 90 ms at 9600 baud
	every    = 200 * time.Millisecond // between two polls, and before one that was busy is asked again
	offline  = 8 * time.Second        // without an answer: both sides forget the conversation
	rarest   = 30 * time.Second       // how rarely at most a reader is asked that does not answer, or needs a person
	patience = 3                      // times that a question is put again before it is put more rarely
)

// errUnanswered says that the reader has not answered for so long that the
// conversation starts over.
var errUnanswered = errors.New("unanswered")

// A question is a command on its way, and what may answer it. Nothing in it
// changes, because the owner of the line looks at it.
type question struct {
	command  command
	bytes    []byte
	address  byte
	sequence byte
	crc      bool
	session  *session // nil: in the clear
}

// A reply is an answer that was accepted.
type reply struct {
	id      byte
	payload []byte
	block   []byte // the security block, nil for none
	secured bool   // it came in the Secure Channel
	crc     bool
	mac     [16]byte // where it is secured
	at      time.Time
}

// ask makes the question that comes next. with is what follows the command, and
// block what follows the kind in a security block of the handshake.
func (t *talk) ask(c command, with []byte, block ...byte) *question {
	row := commands[c]
	q := &question{
		command: c, session: t.session, address: byte(t.Address), sequence: t.sequence, crc: t.crc,
	}
	control := t.sequence
	if t.crc {
		control |= withCRC
	}
	switch {
	case t.session != nil:
		says := t.session.seal(row.id, with)
		q.bytes = compose(q.address, control|withBlock, says, t.session.sign)
	case row.block != 0:
		says := append([]byte{byte(2 + len(block)), row.block}, block...)
		q.bytes = compose(q.address, control|withBlock, append(append(says, row.id), with...), nil)
	default:
		q.bytes = compose(q.address, control, append([]byte{row.id}, with...), nil)
	}
	return q
}

// tries is how many packets may claim to be the answer to a question. A line
// with late answers has one or two that are not; 32 bits of a MAC must not be
// guessed with as many as a fast line has room for.
const tries = 8

// accept is a line.Question's Accept. What claims to be our answer is taken or
// passed over as a whole: nothing that stands inside of a damaged one, as the
// number of a card, is believed to be a packet.
func (q *question) accept(heard []byte) []byte {
	for tried := 0; tried < tries; {
		at := bytes.IndexByte(heard, start)
		if at < 0 {
			return nil
		}
		heard = heard[at:]
		n := length(heard)
		switch {
		case n == 0 || len(heard) > 1 && heard[1] != q.address|fromReader:
			heard = heard[1:]
		case n > len(heard):
			return nil // more will come
		default:
			if _, ok := q.read(heard[:n]); ok {
				return heard[:n]
			}
			heard = heard[n:]
			tried++
		}
	}
	return nil
}

// read reads one packet as the answer to this question.
func (q *question) read(b []byte) (r reply, ok bool) {
	p, ok := parse(b)
	if !ok || q.crc && !p.crc {
		return reply{}, false
	}
	r = reply{id: p.id, payload: p.payload, block: p.block, crc: p.crc}
	switch {
	case p.block == nil && q.excuse(&p):
	case p.sequence != q.sequence:
		return reply{}, false
	case q.session != nil:
		r.payload, r.mac, r.secured = q.session.open(&p)
		return r, r.secured
	case p.kind() != answerBlock(q.command):
		return reply{}, false
	}
	return r, true
}

// answerBlock returns the kind of security block that the answer to a question
// in the clear has, 0 for none.
func answerBlock(c command) byte {
	if b := commands[c].block; b != 0 {
		return b + 1
	}
	return 0
}

// excuse says whether a packet in the clear says that there is no answer. That
// is so for BUSY, which bears the sequence number 0, and NAK; one for a wrong
// sequence number bears whichever the reader likes.
func (q *question) excuse(p *packet) bool {
	switch {
	case p.id == busy && len(p.payload) == 0:
		return p.sequence == 0 || p.sequence == q.sequence
	case p.id == refused && len(p.payload) > 0:
		return p.sequence == q.sequence || p.payload[0] == becauseSequence
	}
	return false
}

// again says that the reader has not taken the question and wants to hear it
// again: it is busy, or has heard it damaged.
func (r *reply) again() bool {
	return r.id == busy || r.id == refused && !r.secured && bytes.HasPrefix(r.payload, []byte{becauseDamaged})
}

// exchange puts a question until it is answered, always as the same bytes and
// so with the same sequence number: a reader that has answered says the same
// again, and what it had to say is heard once. The errors are *refusal,
// errUnanswered, and what the line does not recover from.
func (t *talk) exchange(ctx context.Context, q *question) (reply, error) {
	for began := time.Now(); ; {
		got, err := t.Line.Ask(ctx, line.Question{Send: q.bytes, Within: within, Accept: q.accept, Eager: true})
		pause := every // before it is asked again
		switch {
		case err == nil:
			if r, _ := q.read(got.Bytes); !r.again() {
				r.at = got.At
				return r, t.answered(q, r)
			}
		case errors.Is(err, line.ErrSilent), errors.Is(err, line.ErrSecondMaster):
			t.missed(err)
			if q.sequence == 0 {
				return reply{}, errUnanswered // nothing is lost, and another check may be tried
			}
			pause = rest(t.misses)
		default:
			return reply{}, err
		}
		if err := wait(ctx, pause); err != nil {
			return reply{}, err
		}
		if time.Since(began) >= offline {
			t.misses++ // it may have been busy all the time
			return reply{}, errUnanswered
		}
	}
}

// answered notes what an answer changes.
func (t *talk) answered(q *question, r reply) error {
	t.sequence = q.sequence%3 + 1
	t.crc, t.known = r.crc, true
	if r.crc {
		t.boasts = false
	}
	if r.secured {
		t.session.theirs = r.mac
	}
	if r.id != refused {
		return nil
	}
	no := &refusal{command: q.command, secured: r.secured}
	if len(r.payload) > 0 {
		no.code = r.payload[0]
	}
	return no
}

// missed counts a question without an answer.
func (t *talk) missed(why error) {
	t.misses++
	if t.misses > patience && !t.mute {
		t.mute = true
		t.Log.Warn("reader does not answer and is asked more rarely", "why", why)
	}
}

// rest is the pause after so many misses: none at first, then 2, 4, 8 … 30 s,
// so that a dead reader costs its neighbours on the line little.
func rest(misses int) time.Duration {
	if misses <= patience {
		return 0
	}
	pause := 2 * time.Second
	for range misses - patience - 1 {
		if pause = min(2*pause, rarest); pause == rarest {
			break
		}
	}
	return pause
}

// wait waits and returns the reason that ended ctx, if that came first.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
