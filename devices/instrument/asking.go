package instrument

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

const (
	patience  = 3                // questions without an answer before we ask more rarely
	rarest    = 30 * time.Second // how rarely at most, where the profile does not ask so rarely itself
	sparing   = 5                // times its cost is the least pause of a question that is asked more rarely, before it doubles
	refusalOf = "question "      // cause of a fault, with the question's number
)

// A question is one of the profile's, and when it is next put.
type question struct {
	every time.Duration
	cost  time.Duration // what it takes from the line when nobody answers: the time-out, and as much silence
	due   time.Time
	put   func(context.Context) error
}

// errUnanswered says that a question was put and nobody answered it.
var errUnanswered = errors.New("unanswered")

// ask puts the questions in turn until ctx ends.
func (t *talk) ask(ctx context.Context) error {
	questions := t.questions()
	misses := 0
	for {
		q := first(questions)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(q.due)):
		}
		err := q.put(ctx)
		if errors.Is(err, line.ErrSecondMaster) {
			err = t.yield(ctx, q)
		}
		switch {
		case err == nil:
			if misses >= patience {
				t.Log.Info("instrument answers again")
			}
			misses = 0
			q.due = later(q.due.Add(q.every), time.Now())
		case errors.Is(err, errUnanswered):
			misses++
			if misses == patience {
				t.Log.Warn("instrument does not answer and is asked more rarely")
			}
			postpone(questions, q, misses)
		case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
			return nil
		default:
			return err
		}
	}
}

// first returns the question that is due first.
func first(questions []*question) *question {
	next := questions[0]
	for _, q := range questions[1:] {
		if q.due.Before(next.due) {
			next = q
		}
	}
	return next
}

// postpone puts off the question that was not answered, and after a few misses
// all of them: 2, 4, 8 … times as long as it is asked, at most 30 s. A question
// that is asked very often is put off by its cost instead, or its doublings
// would take the line from the others for long.
func postpone(questions []*question, missed *question, misses int) {
	now := time.Now()
	pause := missed.every
	if misses >= patience {
		pause = max(pause, sparing*missed.cost)
	}
	for range misses - patience + 1 {
		if pause >= rarest {
			break
		}
		pause = min(2*pause, rarest)
	}
	missed.due = now.Add(pause)
	if misses < patience {
		return
	}
	for _, q := range questions {
		q.due = later(q.due, missed.due)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// questions returns all questions, due now.
func (t *talk) questions() []*question {
	now := time.Now()
	var questions []*question
	for _, a := range t.Profile.asks {
		put := func(ctx context.Context) error { return t.askFrame(ctx, a) }
		questions = append(questions, &question{every: a.every, cost: 2 * a.within, due: now, put: put})
	}
	for i, b := range t.Profile.blocks {
		put := func(ctx context.Context) error { return t.askBlock(ctx, b, i+1) }
		questions = append(questions, &question{every: b.every, cost: 2 * b.within, due: now, put: put})
	}
	return questions
}

// An answer is what was heard of one so far. The owner of the line writes it;
// it may be looked at once Ask has returned an answer or ErrSilent.
type answer struct {
	talk  *talk
	heard []byte // up to the end of the last frame
	at    time.Time
}

// askFrame puts a framed question and says what its answer says. An answer of
// several frames is whole when all that the profile matches has been found in
// them, or when its time is over.
func (t *talk) askFrame(ctx context.Context, a ask) error {
	so := &answer{talk: t}
	got, err := t.Line.Ask(ctx, line.Question{Send: a.send.fill(t.Address), Within: a.within, Accept: so.accept})
	if errors.Is(err, line.ErrSilent) {
		if so.heard == nil {
			return errUnanswered
		}
		got, err = line.Answer{Bytes: so.heard, At: so.at}, nil
	}
	if err != nil {
		return t.broken(err)
	}
	t.reader.Forget()
	return t.hear(got.At, got.Bytes)
}

// broken says which instrument a line has failed.
func (t *talk) broken(err error) error {
	return fmt.Errorf("instrument %q: %w", t.Device, err)
}

// accept is a line.Question's Accept.
func (so *answer) accept(heard []byte) []byte {
	p := so.talk.Profile
	f := newFramer(p.framing, so.talk.Address, 0)
	now := time.Now()
	cuts := f.feed(now, heard)
	end := len(heard) - len(f.buf)
	if p.framing.byGap() {
		cuts, end = append(cuts, f.close()...), len(heard)
	}
	matches := p.matches()
	found := map[*read]bool{}
	frames := 0
	for _, c := range cuts {
		if !c.refused {
			frames++
			matched(matches, &sighting{frame: c.frame, end: p.framing.end, encoding: p.encoding}, found)
		}
	}
	if frames == 0 || len(found) == 0 && len(matches) > 0 {
		return nil // nothing, or noise that looks like a frame
	}
	so.heard, so.at = bytes.Clone(heard[:end]), now
	if len(found) < len(matches) || p.framing.byGap() && p.framing.check == nil {
		return nil // more may come
	}
	return so.heard
}

// matches returns the reads that a frame may hold or not.
func (p *Profile) matches() []*read {
	var matches []*read
	for _, r := range p.reads {
		if r.place == inMatch {
			matches = append(matches, r)
		}
	}
	return matches
}

// matched notes which reads a frame holds.
func matched(reads []*read, s *sighting, found map[*read]bool) {
	for _, r := range reads {
		if _, ok := r.value(s); ok {
			found[r] = true
		}
	}
}

// askBlock puts the n-th Modbus question and says what its answer says. A
// device that refuses it is faulty until it answers it; a gateway that cannot
// reach the device is no answer of the device's.
func (t *talk) askBlock(ctx context.Context, b block, n int) error {
	b.Unit = byte(t.Address)
	got, err := t.Line.Ask(ctx, b.Question(b.within))
	if errors.Is(err, line.ErrSilent) {
		return errUnanswered
	}
	if err != nil {
		return t.broken(err)
	}
	values, err := b.Decode(got.Bytes)
	cause := refusalOf + strconv.Itoa(n)
	exception, refused := errors.AsType[*modbus.Exception](err)
	switch {
	case refused && ofGateway(exception):
		return errUnanswered
	case refused:
		events := t.reader.trouble(got.At, cause, err.Error())
		for i := range events {
			events[i].Detail = strconv.Itoa(int(exception.Code))
		}
		return t.say(got.At, events, true)
	case err != nil:
		return t.broken(err)
	}
	var events []devices.Event
	events = append(events, t.reader.trouble(got.At, cause, "")...)
	return t.say(got.At, append(events, t.reader.Registers(got.At, b.first, values)...), true)
}

// ofGateway says whether a gateway refused because it cannot reach the device.
func ofGateway(e *modbus.Exception) bool { return e.Code == 10 || e.Code == 11 }
