package instrument

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// A Hearer reads what is said on a line where somebody else asks: of a framed
// instrument its answers, of a Modbus one another master's questions with
// their answers, for only the two together say which registers they hold.
type Hearer struct {
	reader  *Reader
	address int
	pairs   *modbus.Listener // nil for a framed instrument
}

// NewHearer returns one for an instrument at an address.
func NewHearer(p *Profile, address int) *Hearer { return newHearer(NewReader(p, address), address) }

// newHearer reads with a reader that has heard something already.
func newHearer(r *Reader, address int) *Hearer {
	h := &Hearer{reader: r, address: address}
	if r.framer == nil {
		h.pairs = &modbus.Listener{}
	}
	return h
}

// Hear takes a chunk of a line or of a capture and returns what it says, and
// what has settled or ended before it. Questions of our own belong to it.
func (h *Hearer) Hear(c line.Chunk) []devices.Event {
	if c.Fresh {
		h.forget()
	}
	events := h.reader.Tick(c.At)
	if h.pairs == nil && c.Sent {
		return events
	}
	said, _ := h.hear(c.At, c.Bytes)
	return append(events, said...)
}

// End says that nothing comes any more: a frame that only a pause ends is whole.
func (h *Hearer) End() []devices.Event { return h.reader.End() }

// forget drops what was half heard: something is missing behind it.
func (h *Hearer) forget() {
	h.reader.Forget()
	if h.pairs != nil {
		h.pairs.Forget()
	}
}

// hear returns what bytes say, and whether they are a sign of life.
func (h *Hearer) hear(at time.Time, heard []byte) (events []devices.Event, alive bool) {
	if h.pairs == nil {
		h.reader.each(at, heard, func(c cut, said []devices.Event) {
			alive = alive || !c.refused && !c.empty
			events = append(events, said...)
		})
		return events, alive
	}
	for _, x := range h.pairs.Feed(heard) {
		if int(x.Unit) != h.address || x.Exception != nil && ofGateway(x.Exception) {
			continue
		}
		alive = true
		if runs := h.reader.profile.runs(x); len(runs) > 0 {
			events = append(events, h.reader.round(at, runs)...)
		}
	}
	return events, alive
}

// runs returns what another master read of the profile's blocks, numbered as
// the profile does. A value that was read in part stays silent.
func (p *Profile) runs(x modbus.Exchange) []run {
	var runs []run
	for _, b := range p.blocks {
		from := max(int(x.Offset), int(b.Offset))
		to := min(int(x.Offset)+len(x.Values), int(b.Offset)+int(b.Count))
		if b.Function == x.Function && from < to {
			runs = append(runs, run{b.first + from - int(b.Offset), x.Values[from-int(x.Offset) : to-int(x.Offset)]})
		}
	}
	return runs
}

// listen hears what is said unasked, until ctx ends.
func (t *talk) listen(ctx context.Context) error {
	ear := t.Line.Listen()
	defer ear.Close()
	err := t.listenTo(ctx, ear, newHearer(t.reader, t.Address))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// listenTo says what is heard until ctx ends, and returns the reason then, or
// that of an ear that hears no more.
func (t *talk) listenTo(ctx context.Context, ear *line.Ear, h *Hearer) error {
	for {
		chunk, err := t.next(ctx, ear)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, context.DeadlineExceeded):
			now := time.Now()
			if err := t.say(now, t.reader.Tick(now), false); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("instrument %q: %w", t.Device, err)
		}
		if chunk.Fresh {
			h.forget()
		}
		events, alive := h.hear(chunk.At, chunk.Bytes)
		if err := t.say(chunk.At, events, alive); err != nil {
			return err
		}
	}
}

// next waits for what is said, until the reader has something to do.
func (t *talk) next(ctx context.Context, ear *line.Ear) (line.Chunk, error) {
	if due := t.reader.due(); !due.IsZero() {
		waiting, cancel := context.WithDeadline(ctx, due)
		defer cancel()
		return ear.Next(waiting)
	}
	return ear.Next(ctx)
}

// yieldFor is how long we listen beside a second master before we try to ask
// again.
const yieldFor = 10 * time.Second

// yield listens while another master asks on the line, and puts the question
// every 10 s until the line takes it. It returns what came of that.
func (t *talk) yield(ctx context.Context, q *question) error {
	t.Log.Warn("another master asks on the line: the instrument is only listened to")
	ear := t.Line.Listen()
	defer ear.Close()
	h := newHearer(t.reader, t.Address)
	for {
		listening, cancel := context.WithTimeout(ctx, yieldFor)
		err := t.listenTo(listening, ear, h)
		over := listening.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !over:
			return err
		}
		if err := q.put(ctx); !errors.Is(err, line.ErrSecondMaster) {
			t.Log.Info("the instrument is asked again")
			return err
		}
	}
}
