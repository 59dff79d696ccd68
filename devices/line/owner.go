package line

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// maxBabble is how long a question waits for a silence on a line that never
// has one. Then it is put anyway: an answer that nobody can hear is no worse
// than a question that nobody asks.
const maxBabble = time.Second

// An owner is the one goroutine that reads and writes. It lives as long as
// Run; port is replaced when the line is opened again.
//
//	question   answer                 question                 next question
//	│▓▓▓▓│     │▓▓▓▓▓▓│  3.5 chars    │▓▓▓▓│       Within│ Within │▓▓▓▓│
//	─────┴─────┴──────┴───────────────┴────┴──────────────┴────────┴────
//	                    or Pause           no answer       a late one
//	                                                       is dropped
type owner struct {
	line   *Line
	port   Port
	last   time.Time // when the line was last heard or written
	quiet  time.Time // until then a late answer may come, and nothing is asked
	missed bool      // bytes were kept from the ears since they last heard some
	buf    [1024]byte
}

// own puts questions and listens between them. It returns nil when ctx ends,
// and the reason when the port is gone.
func (o *owner) own(ctx context.Context, port Port) error {
	o.port, o.last, o.missed = port, time.Now(), true
	for ctx.Err() == nil {
		now := time.Now()
		a := o.line.first()
		due := now.Add(readWait)
		if a != nil {
			due = o.due(a, now)
		}
		var err error
		if due.After(now) {
			err = o.listen(due)
		} else {
			err = o.put(ctx, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// due returns when the question may be put if nothing more is heard.
func (o *owner) due(a *ask, now time.Time) time.Time {
	if o.quiet.After(now) {
		return o.quiet
	}
	if a.waiting.IsZero() {
		a.waiting = now
	}
	due := o.last.Add(max(o.line.cfg.Settings.gap(), o.line.cfg.Pause))
	if limit := a.waiting.Add(maxBabble); limit.Before(due) {
		return limit
	}
	return due
}

// listen reads once, until due at the latest, and gives what came to the ears,
// unless it may be a late answer.
func (o *owner) listen(due time.Time) error {
	n, err := o.read(due)
	if err != nil || n == 0 {
		return err
	}
	if o.last.Before(o.quiet) {
		o.missed = true
		return nil
	}
	o.line.tell(Chunk{Bytes: o.buf[:n], At: o.last, Fresh: o.missed})
	o.missed = false
	return nil
}

// read reads once into buf, until due at the latest.
func (o *owner) read(due time.Time) (int, error) {
	if wait := time.Until(due); wait < readWait {
		if p, ok := o.port.(Interrupter); ok {
			defer time.AfterFunc(wait, p.Interrupt).Stop()
		}
	}
	n, err := o.port.Read(o.buf[:])
	if n > 0 {
		o.last = time.Now()
		return n, nil // an error comes again with the next Read
	}
	return 0, err
}

// put puts one question and settles it. An error means that the port is gone;
// the question is still first in the queue then.
func (o *owner) put(ctx context.Context, a *ask) error {
	if err := o.port.Discard(); err != nil {
		return err
	}
	if _, err := o.port.Write(a.Send); err != nil {
		return err
	}
	o.last = time.Now().Add(o.line.cfg.Settings.Wire(len(a.Send)))
	deadline := o.last.Add(a.Within)
	o.quiet = deadline.Add(a.Within) // unless it is answered
	a.waiting = time.Time{}
	return o.await(ctx, a, deadline)
}

// await hears what comes until it is an answer or the deadline has passed.
func (o *owner) await(ctx context.Context, a *ask, deadline time.Time) error {
	heard := make([]byte, 0, 256)
	for len(heard) <= maxHeard && time.Now().Before(deadline) {
		n, err := o.read(deadline)
		if err != nil {
			return err
		}
		if ctx.Err() != nil || a.ctx.Err() != nil {
			o.missed = true
			return nil // whoever asked has gone
		}
		if n == 0 {
			continue
		}
		heard = append(heard, o.buf[:n]...)
		answer, err := a.accept(heard)
		if answer == nil && err == nil {
			continue
		}
		if err == nil {
			o.quiet = time.Time{}
		}
		o.missed = o.missed || len(answer) != len(heard)
		o.line.settle(a, result{Answer{Bytes: answer, At: o.last}, err})
		return nil
	}
	o.missed = o.missed || len(heard) > 0
	o.line.settle(a, result{err: a.silence(heard)})
	return nil
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
