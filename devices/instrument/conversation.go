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
	Limits  *Limits      // of a gas detector; nil: the usual ones, where it reads %LEL and sends no alarm
	Span    *Span        // of the transmitter on a loop, for a profile that wants it; nil: 0 to 100 %
	Forward string       // the point that is from → to; "" where the site does not know
	Log     *slog.Logger // knows the instrument's name already; nil: nobody is told
}

// New returns the conversation with one instrument, or with one contact module
// for all that is wired to it. Events of a wired device bear its name, all
// others none: they are the conversation's own.
//
// The conversation asks in turn, or listens: to an instrument that speaks by
// itself, and on a line where somebody else asks. It says device.mode when that
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
	t := &talk{Options: c.Options, emit: emit}
	if c.Span != nil {
		t.Profile = c.Profile.spanning(*c.Span)
	}
	t.reader = newReader(t.Profile, c.Address, c.Wirings)
	t.reader.sayMode, t.reader.watched, t.reader.limits = true, true, newJudge(c.Profile, c.Limits)
	if t.Log == nil {
		t.Log = slog.New(slog.DiscardHandler)
	}
	if c.Limits != nil && t.reader.limits == nil {
		t.Log.Warn("limits are set, and the profile reads no gas: they judge nothing", "profile", c.Profile.Name)
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
	if errors.Is(err, line.ErrListenOnly) {
		return t.listen(ctx)
	}
	return err
}

// check refuses what cannot work.
func (c *conversation) check() error {
	for _, w := range c.Wirings {
		if err := w.check(c.Profile); err != nil {
			return err
		}
	}
	if err := c.Limits.check(); err != nil {
		return err
	}
	if err := c.Span.check(c.Profile); err != nil {
		return err
	}
	for _, b := range c.Profile.blocks {
		b.Unit = byte(c.Address)
		if err := b.Check(); err != nil || c.Address > 0xFF {
			return fmt.Errorf("address %d: a Modbus device has 1 to 247, or 255 on Modbus TCP", c.Address)
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

// hear says what a whole answer says.
func (t *talk) hear(at time.Time, heard []byte) error {
	frames := 0
	var events []devices.Event
	take := func(c cut, said []devices.Event) {
		if !c.refused && !c.empty {
			frames++
		}
		events = append(events, said...)
	}
	t.reader.each(at, heard, take)
	if t.Profile.framing.byGap() {
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
