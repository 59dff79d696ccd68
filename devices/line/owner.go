package line

import (
	"bytes"
	"context"
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
	line    *Line
	port    Port
	lookout lookout
	load    load
	opened  time.Time
	told    bool      // that the line is open
	last    time.Time // when the line was last heard or written
	quiet   time.Time // until then a late answer may come, and nothing is asked
	missed  bool      // bytes were kept from the ears since they last heard some
	cut     bool      // the same for the taps
	buf     [1024]byte
}

// own puts questions and listens between them. It returns nil when the turn
// ends, once the question under way is settled, and at once when ctx ends; and
// the reason when the port is gone.
func (o *owner) own(ctx, turn context.Context, port Port) error {
	now := time.Now()
	o.port, o.opened, o.last, o.missed, o.cut, o.told = port, now, now, true, true, false
	o.lookout.opened(now)
	o.load.begin(now)
	for turn.Err() == nil {
		now := time.Now()
		o.tellOpen(now)
		if o.lookout.advance(now) {
			o.line.resume(now)
		}
		o.weigh(now)
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

// tellOpen says once that the line is open. One that was lost must have held for
// a second: a serial server that takes us and hangs up at once is still lost,
// and not found and lost again every few seconds.
func (o *owner) tellOpen(now time.Time) {
	if o.told || o.line.status.isLost() && now.Sub(o.opened) < steadyAfter {
		return
	}
	o.told = true
	o.line.report(o.line.status.up())
}

// due returns when the question may be put if nothing more is heard.
func (o *owner) due(a *ask, now time.Time) time.Time {
	if o.quiet.After(now) {
		return o.quiet
	}
	free := o.lookout.mayAsk()
	if o.lookout.view != alone {
		return free
	}
	if a.waiting.Before(o.opened) {
		a.waiting = now
	}
	due := o.last.Add(max(o.line.cfg.Settings.gap(), o.line.cfg.Pause))
	if free.After(due) {
		due = free
	}
	if limit := a.waiting.Add(maxBabble); limit.Before(due) {
		return limit
	}
	return due
}

// listen reads once, until due at the latest, gives what came to the ears,
// unless it may be a late answer, and to the lookout.
func (o *owner) listen(due time.Time) error {
	n, err := o.read(due)
	if err != nil || n == 0 {
		return err
	}
	chunk := Chunk{Bytes: o.buf[:n], At: o.last}
	if o.last.Before(o.quiet) {
		o.missed = true
	} else {
		o.tell(chunk)
	}
	o.tap(chunk)
	o.judge(chunk.Bytes)
	return nil
}

// tell gives a chunk that came unasked to the ears.
func (o *owner) tell(c Chunk) {
	c.Fresh, o.missed = o.missed, false
	o.line.give(c, false)
}

// tap gives any chunk to the taps.
func (o *owner) tap(c Chunk) {
	c.Fresh, o.cut = o.cut, false
	o.line.give(c, true)
}

// judge gives what was no answer to the lookout.
func (o *owner) judge(heard []byte) {
	if question := o.lookout.hear(heard, o.last); question != nil {
		o.line.giveWay(question, o.last)
	}
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
	now := time.Now()
	o.tap(Chunk{Bytes: a.Send, At: now, Sent: true})
	o.last = now.Add(o.line.cfg.Settings.Wire(len(a.Send)))
	deadline := o.last.Add(a.Within)
	o.quiet = deadline.Add(a.Within) // unless it is answered
	o.lookout.asks(a.Send, o.quiet)
	a.waiting = time.Time{}
	return o.await(ctx, a, deadline)
}

// await hears what comes until it is an answer, the deadline has passed, or
// whoever asked has gone.
func (o *owner) await(ctx context.Context, a *ask, deadline time.Time) error {
	heard := make([]byte, 0, 256)
	for len(heard) <= maxHeard && time.Now().Before(deadline) {
		n, err := o.read(deadline)
		if err != nil {
			return err
		}
		if n > 0 {
			o.tap(Chunk{Bytes: o.buf[:n], At: o.last})
			heard = append(heard, o.buf[:n]...)
		}
		if ctx.Err() != nil || a.ctx.Err() != nil {
			o.missed = true
			o.judge(heard)
			return nil
		}
		if n == 0 {
			continue
		}
		if answer, err := a.accept(heard); answer != nil || err != nil {
			o.accepted(a, heard, result{Answer{Bytes: answer, At: o.last}, err})
			return nil
		}
	}
	o.missed = o.missed || len(heard) > 0
	o.line.settle(a, result{err: a.silence(heard)})
	o.judge(heard)
	return nil
}

// accepted settles a question that was answered, or that panicked. What came
// behind the answer came unasked.
func (o *owner) accepted(a *ask, heard []byte, r result) {
	if r.err == nil {
		o.quiet = time.Time{}
		o.lookout.answered()
	}
	o.missed = o.missed || len(r.Bytes) != len(heard)
	var behind []byte
	if _, rest, found := bytes.Cut(heard, r.Bytes); found && r.err == nil {
		behind = bytes.Clone(rest) // heard is the asker's now
	}
	o.line.settle(a, r)
	o.judge(behind)
}
