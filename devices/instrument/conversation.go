package instrument

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
)

// Options say which instrument speaks how on which line.
type Options struct {
	Line    *line.Line
	Profile *Profile
	Address int    // of the instrument on the line; ignored where the profile has no use for it
	Device  string // name of the instrument, for errors
	Wirings []Wiring
	Forward string       // the point that is from → to; "" where the site does not know
	Log     *slog.Logger // knows the instrument's name already; nil: nobody is told
}

// New returns the conversation with one instrument, or with one contact module
// for all that is wired to it. Events of a wired device bear its name, all
// others none: they are the conversation's own.
//
// The conversation asks in turn, or listens to an instrument that speaks by
// itself and on a line where somebody else asks. It says device.mode when that
// changes, [devices.Heard] when there is no news, and device.fault while a
// Modbus device refuses a question. One that does not answer is asked ever
// more rarely, so that it costs its neighbours on the line little; that it is
// silent is for others to notice.
func New(o Options) devices.Device { return &conversation{o} }

type conversation struct{ Options }

// Run is as devices.Device says. It breaks on options that cannot work and on
// what a line does not recover from by itself.
func (c *conversation) Run(ctx context.Context, emit func(devices.Event) error) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("instrument %q: %w", c.Device, err)
	}
	t := &talk{Options: c.Options, emit: emit, reader: newReader(c.Profile, c.Address, c.Wirings)}
	t.reader.sayMode = true
	if t.Log == nil {
		t.Log = slog.New(slog.DiscardHandler)
	}
	for _, w := range c.Wirings {
		if !slices.Contains(t.speakers, w.Device) {
			t.speakers = append(t.speakers, w.Device)
		}
	}
	if len(t.speakers) == 0 {
		t.speakers = []string{""}
	}
	if c.Profile.Speaks() {
		return t.listen(ctx)
	}
	err := t.ask(ctx)
	switch {
	case !errors.Is(err, line.ErrListenOnly):
		return err
	case c.Profile.framing == nil:
		return fmt.Errorf("%w (an answer in Modbus does not say which registers it holds: ask on this line, or take the instrument out)", err)
	}
	return t.listen(ctx)
}

// check refuses what cannot work.
func (c *conversation) check() error {
	for _, w := range c.Wirings {
		if err := w.check(c.Profile); err != nil {
			return err
		}
	}
	for _, b := range c.Profile.blocks {
		b.Unit = byte(c.Address)
		if err := b.Check(); err != nil || c.Address > 0xFF {
			return fmt.Errorf("address %d: a Modbus device has 1 to 247", c.Address)
		}
	}
	if c.Address < 0 || c.Address > 0xFF {
		return fmt.Errorf("address %d: an address is 0 to 255", c.Address)
	}
	return nil
}

// A talk is one run of a conversation.
type talk struct {
	Options
	emit     func(devices.Event) error
	reader   *Reader
	speakers []string // whose life an answer proves; "" is the conversation itself
}

// listen hears what is said unasked, until ctx ends.
func (t *talk) listen(ctx context.Context) error {
	ear := t.Line.Listen()
	defer ear.Close()
	for {
		chunk, err := t.next(ctx, ear)
		switch {
		case ctx.Err() != nil:
			return nil
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
			t.reader.Forget()
		}
		if err := t.hear(chunk.At, chunk.Bytes, false); err != nil {
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

// hear says what bytes say. last says that nothing belongs to them any more.
func (t *talk) hear(at time.Time, heard []byte, last bool) error {
	frames := 0
	var events []devices.Event
	take := func(c cut, said []devices.Event) {
		if !c.refused && !c.empty {
			frames++
		}
		events = append(events, said...)
	}
	t.reader.each(at, heard, take)
	if last && t.Profile.framing.byGap() {
		t.reader.read(at, t.reader.framer.close(), take)
	}
	return t.say(at, events, frames > 0)
}

// say emits events, and a sign of life of everybody who was heard and has none.
func (t *talk) say(at time.Time, events []devices.Event, heard bool) error {
	told := map[string]bool{}
	for _, e := range events {
		for _, speaker := range t.about(e) {
			e.Device = speaker
			told[speaker] = true
			if err := t.emit(t.directed(e)); err != nil {
				return err
			}
		}
	}
	for _, speaker := range t.speakers {
		if !heard || told[speaker] {
			continue
		}
		if err := t.emit(devices.Heard(speaker, at)); err != nil {
			return err
		}
	}
	return nil
}

// about returns whom an event is about: what a module says of itself is about
// everybody wired to it.
func (t *talk) about(e devices.Event) []string {
	if e.Device == "" {
		return t.speakers
	}
	return []string{e.Device}
}

// directed adds the direction of a passage, where the site knows it.
func (t *talk) directed(e devices.Event) devices.Event {
	switch {
	case e.Code != devices.AccessPassage || t.Forward == "" || e.Point == "":
	case e.Point == t.Forward:
		e.Direction = devices.Forward
	default:
		e.Direction = devices.Back
	}
	return e
}
