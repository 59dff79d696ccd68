package osdp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"sitepost/devices"
)

// nowAndThen is how often the states are asked that a reader should tell by
// itself.
const nowAndThen = 10 * time.Second

// manyMisses is when a reader that was known is taken for another one.
const manyMisses = 8

// errOver says that the conversation starts over at once.
var errOver = errors.New("conversation starts over")

// A trouble is why reader and panel do not come together until a person does
// something. short is one or two words, step what to do.
type trouble struct{ short, step string }

func (t *trouble) Error() string { return t.short + " (" + t.step + ")" }

// A talk is one run of a conversation.
//
//	      ┌───────────────── 8 s without an answer, NAK ──────────────────┐
//	      ▼                                                               │
//	ID, sequence 0 ──► CHLNG, SCRYPT ──► CAP ──► LSTAT, POLL, ISTAT, POLL …
//	      ▲            where there is              each 10 s    each 200 ms
//	      │            a key │
//	      └──── 30 s ────────┴─► device.fault "conversation"
type talk struct {
	Options
	emit func(devices.Event) error

	sequence byte
	crc      bool     // which check questions bear
	known    bool     // it is the one the reader bears
	boasts   bool     // it says that it knows CRC and has not answered in it
	session  *session // nil: in the clear
	factory  bool     // install: the factory key is tried
	misses   int      // questions without an answer, and times it started over, since the last good poll
	mute     bool     // it does not answer, and the log knows
	states   []*state // asked now and then

	told  map[spot]string      // what was said last of a condition or state
	cards map[string]time.Time // shown a moment ago, by reader and number
	who   string               // what the reader said it is
	odd   map[byte]bool        // answers that could not be read and were complained of
}

// A spot is where a condition or state is.
type spot struct {
	code  devices.Code
	point string
}

// A state is a command that asks for one, and when it is put next.
type state struct {
	command command
	due     time.Time
}

func newTalk(o Options, emit func(devices.Event) error) *talk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &talk{
		Options: o, emit: emit,
		told: map[spot]string{}, cards: map[string]time.Time{}, odd: map[byte]bool{},
	}
}

// run holds conversation after conversation until ctx ends.
func (t *talk) run(ctx context.Context) error {
	for {
		err := t.converse(ctx)
		pause := time.Duration(0)
		var no *refusal
		var fault *trouble
		switch {
		case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
			return nil
		case errors.As(err, &fault):
			if err := t.fault(fault); err != nil {
				return err
			}
			t.factory = false
			pause = rarest
		case errors.As(err, &no), errors.Is(err, errOver):
			t.misses++
			pause = rest(t.misses)
		case errors.Is(err, errUnanswered):
			pause = rest(t.misses)
		default:
			return err
		}
		if wait(ctx, pause) != nil {
			return nil
		}
	}
}

// converse begins with sequence 0, which makes the reader forget all before it,
// and talks until something goes wrong.
//
// A reader that may know no CRC is asked with a checksum every third time.
func (t *talk) converse(ctx context.Context) error {
	t.sequence, t.session = 0, nil
	if !t.known || t.misses > manyMisses {
		t.crc = t.misses%3 != 2
	}
	if t.boasts {
		t.crc = false
	}
	if err := t.greet(ctx); err != nil {
		return err
	}
	if t.Key != nil || t.factory {
		if err := t.handshake(ctx); err != nil {
			return err
		}
	}
	now := time.Now()
	t.states = []*state{{localStatus, now}, {inputStatus, now}, {readerStatus, now}}
	if err := t.inquire(ctx, capabilities); err != nil && !t.skips(err) {
		return t.refused(err)
	}
	return t.poll(ctx)
}

// greet asks who is there. Nothing depends on the answer, which is in the
// clear; a reader need not give one.
func (t *talk) greet(ctx context.Context) error {
	r, err := t.exchange(ctx, t.ask(identity, commands[identity].with))
	var no *refusal
	if errors.As(err, &no) && (t.skips(no) || no.wantsChannel() && (t.Key != nil || t.factory)) {
		return nil
	}
	if err == nil {
		t.introduce(r)
	}
	return t.refused(err)
}

// poll asks the reader for news, and now and then for its states.
func (t *talk) poll(ctx context.Context) error {
	for due := time.Now(); ; {
		if err := wait(ctx, time.Until(due)); err != nil {
			return err
		}
		if err := t.inquireState(ctx); err != nil {
			return err
		}
		if err := t.inquire(ctx, poll); err != nil {
			return t.refused(err)
		}
		if t.mute {
			t.Log.Info("reader answers again")
		}
		t.misses, t.mute = 0, false
		if err := t.well(); err != nil {
			return err
		}
		if due = due.Add(every); due.Before(time.Now()) {
			due = time.Now()
		}
	}
}

// inquireState asks for the state that is due, if one is. One that the reader
// does not know is not asked again.
func (t *talk) inquireState(ctx context.Context) error {
	now := time.Now()
	at := slices.IndexFunc(t.states, func(s *state) bool { return !s.due.After(now) })
	if at < 0 {
		return nil
	}
	s := t.states[at]
	s.due = now.Add(nowAndThen)
	err := t.inquire(ctx, s.command)
	if t.skips(err) {
		t.forget(s.command)
		return nil
	}
	return t.refused(err)
}

// forget takes a state out of those that are asked.
func (t *talk) forget(c command) {
	t.states = slices.DeleteFunc(t.states, func(s *state) bool { return s.command == c })
}

// inquire puts a question and says what its answer says.
func (t *talk) inquire(ctx context.Context, c command) error {
	r, err := t.exchange(ctx, t.ask(c, commands[c].with))
	if err != nil {
		return err
	}
	return t.hear(r)
}

// skips says whether an error means that a reader does not know a question and
// all goes on without it.
func (t *talk) skips(err error) bool {
	no, ok := errors.AsType[*refusal](err)
	return ok && no.forGood() && no.secured == (t.session != nil)
}

// refused returns what an error means for the conversation. A refusal in the
// clear during a session is never more than a reason to start over.
func (t *talk) refused(err error) error {
	no, ok := errors.AsType[*refusal](err)
	switch {
	case !ok || no.secured != (t.session != nil):
		return err
	case no.forGood():
		return &trouble{"refused", fmt.Sprintf("%v: the reader cannot be a reader for us, look at its manual", no)}
	case !no.wantsChannel() || t.session != nil:
		return err
	case t.Install:
		t.factory = true
		return errOver
	}
	return &trouble{"encryption required", "the reader talks only in a Secure Channel: write its key as secure_key"}
}
