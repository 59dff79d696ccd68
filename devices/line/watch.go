package line

import (
	"context"
	"slices"

	"sitepost/devices"
)

// Watch returns the conversation that tells how the line is: whether it is
// lost (line.lost), whether another master asks (line.second_master), whether it
// has no time for all that is asked (line.overloaded), and whether it is lent
// (device.mode). Each time it is started it says the present state of all four
// first, each as soon as that is known: a line that opens within a second of its
// start was not lost, nobody else is known to ask before it was listened to, and
// how full it is shows after a minute.
func (l *Line) Watch() devices.Device { return watch{l} }

type watch struct{ line *Line }

// Run tells what changes until ctx ends or emit fails.
func (w watch) Run(ctx context.Context, emit func(devices.Event) error) error {
	now := w.line.status.look()
	lost := told{code: devices.LineLost, seen: now.lost.raises}
	second := told{code: devices.LineSecondMaster, seen: now.second.raises}
	over := told{code: devices.LineOverloaded, seen: now.over.raises}
	mode := ""
	for {
		now = w.line.status.look()
		events := slices.Concat(lost.news(now.lost), second.news(now.second), over.news(now.over))
		if e := now.mode(); e.Is != mode {
			events, mode = append([]devices.Event{e}, events...), e.Is
		}
		for _, e := range events {
			if err := emit(e); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-now.changed:
		}
	}
}

// mode returns the event for a line that is lent, or is not.
func (g glance) mode() devices.Event {
	if g.lent {
		return devices.Event{Time: g.lentAt, Code: devices.DeviceMode, Is: devices.Maintenance.String(), Mode: devices.Maintenance, Detail: "lent"}
	}
	return devices.Event{Time: g.lentAt, Code: devices.DeviceMode, Is: devices.Normal.String()}
}

// told is what a watcher has told about a condition.
type told struct {
	code  devices.Code
	state devices.State
	seen  int // ways into it
}

// news returns what is to be told now: a raise also when it is already over.
func (t *told) news(c condition) []devices.Event {
	var events []devices.Event
	if (c.state == devices.Raised || c.raises > t.seen) && t.state != devices.Raised {
		events = append(events, c.raised)
		t.state = devices.Raised
	}
	t.seen = c.raises
	if c.state == devices.Cleared && t.state != devices.Cleared {
		events = append(events, devices.Event{Time: c.since, Code: t.code, State: devices.Cleared})
		t.state = devices.Cleared
	}
	return events
}
