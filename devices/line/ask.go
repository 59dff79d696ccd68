package line

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

var (
	// ErrSilent is returned by Ask when the question was put and no answer was
	// accepted in time.
	ErrSilent = errors.New("no answer")
	// ErrListenOnly is returned by Ask on a line that is only listened to.
	ErrListenOnly = errors.New("line is only listened to")
	// ErrSecondMaster is returned by Ask while another master asks on the line:
	// until he was not heard for 63 s.
	ErrSecondMaster = errors.New("another master asks on this line")
)

// maxHeard bounds what is heard per question.
const maxHeard = 4096

// A Question is a message that wants an answer.
type Question struct {
	// Send is written as it is.
	Send []byte
	// Within is how long to wait for the whole answer, from the moment the
	// last bit of the question is on the wire.
	Within time.Duration
	// Accept is called by the owner with all bytes heard since the question,
	// at most 4 KiB, each time some have come. It returns the answer, or nil
	// while there is none. An exact echo of the question, which some adapters
	// hear, was removed from the front. Accept must not wait or keep heard.
	Accept func(heard []byte) (answer []byte)
	// Eager says that it is asked as often as the line has room for it: it makes no
	// line overloaded.
	Eager bool
}

// An Answer is what a question was answered with. At is when its last byte
// came.
type Answer struct {
	Bytes []byte
	At    time.Time
}

// An ask is a question in the queue. Its place there is guarded by the line.
type ask struct {
	Question
	ctx     context.Context // of the one who asks
	waiting time.Time       // since when the owner looks for a silence to put it; the owner's own
	answer  chan result     // takes one
}

type result struct {
	Answer
	err error
}

// Ask puts a question and returns its answer. It waits for its turn, for the
// end of the first listening, and for the line when that is down or lent; a
// question that was under way when the line was lost is put again. The errors
// are ErrSilent, ErrListenOnly, ErrSecondMaster, the reason that ended ctx, or
// one that says what is wrong with the question.
func (l *Line) Ask(ctx context.Context, q Question) (Answer, error) {
	switch {
	case l.cfg.ListenOnly:
		return Answer{}, fmt.Errorf("line %q: %w", l.cfg.Name, ErrListenOnly)
	case len(q.Send) == 0 || len(q.Send) > maxHeard || q.Within <= 0 || q.Accept == nil:
		return Answer{}, fmt.Errorf("line %q: a question needs 1 to %d bytes to send, a time and a way to know its answer", l.cfg.Name, maxHeard)
	case ctx.Err() != nil:
		return Answer{}, context.Cause(ctx)
	}
	a := &ask{Question: q, ctx: ctx, answer: make(chan result, 1)}
	if !l.enqueue(a) {
		return Answer{}, l.notAlone()
	}
	l.wake()
	select {
	case r := <-a.answer:
		return r.Answer, r.err
	case <-ctx.Done():
		l.remove(a)
		l.wake()
		return Answer{}, context.Cause(ctx)
	}
}

// enqueue puts a question into the queue, unless another master asks.
func (l *Line) enqueue(a *ask) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused {
		return false
	}
	l.asks = append(l.asks, a)
	return true
}

func (l *Line) notAlone() error { return fmt.Errorf("line %q: %w", l.cfg.Name, ErrSecondMaster) }

// first returns the question whose turn it is, nil if there is none.
func (l *Line) first() *ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.asks) == 0 {
		return nil
	}
	return l.asks[0]
}

func (l *Line) remove(a *ask) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = slices.DeleteFunc(l.asks, func(other *ask) bool { return other == a })
}

// settle ends a question with its result.
func (l *Line) settle(a *ask, r result) {
	l.remove(a)
	a.answer <- r // has room for the one result
}

// giveWay leaves the line to another master: nothing is asked any more, and
// whoever waits is told so.
func (l *Line) giveWay(question []byte, at time.Time) {
	l.mu.Lock()
	waiting := l.asks
	l.asks, l.refused = nil, true
	l.mu.Unlock()
	for _, a := range waiting {
		a.answer <- result{err: l.notAlone()} // has room for the one result
	}
	if l.status.master(question, at) {
		l.log.Warn("another master asks on this line, so we do not", "heard", fmt.Sprintf("% X", question))
	}
}

// resume is said when the line was listened to and nobody else asked.
func (l *Line) resume(at time.Time) {
	l.mu.Lock()
	l.refused = false
	l.mu.Unlock()
	if l.status.alone(at) {
		l.log.Info("no other master asks on this line any more")
	}
}

// accept shows a question what was heard, without its own echo. While it could
// still be the echo that comes, or when it is too much, nothing is shown. The
// owner works for everyone on the line, so a question that panics over what
// it hears breaks only the conversation that asked it.
func (q Question) accept(heard []byte) (answer []byte, err error) {
	if bytes.HasPrefix(q.Send, heard) || len(heard) > maxHeard {
		return nil, nil
	}
	defer func() {
		if why := recover(); why != nil {
			answer, err = nil, fmt.Errorf("question % X: accept panicked: %v", q.Send, why)
		}
	}()
	return q.Accept(bytes.TrimPrefix(heard, q.Send)), nil
}

// silence says how a question was not answered.
func (q Question) silence(heard []byte) error {
	if len(heard) > maxHeard {
		return fmt.Errorf("%w among more than %d bytes: is the baud right?", ErrSilent, maxHeard)
	}
	if n := len(bytes.TrimPrefix(heard, q.Send)); n > 0 {
		return fmt.Errorf("%w among %d bytes: are baud, parity and address right?", ErrSilent, n)
	}
	return ErrSilent
}
