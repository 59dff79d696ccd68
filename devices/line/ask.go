package line

import (
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

// Ask puts a question and returns its answer. It waits for its turn, and for
// the line when that is down; a question that was under way when the line was
// lost is put again. The errors are ErrSilent, ErrListenOnly, the reason that
// ended ctx, or one that says what is wrong with the question.
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
	l.mu.Lock()
	l.asks = append(l.asks, a)
	l.mu.Unlock()
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
