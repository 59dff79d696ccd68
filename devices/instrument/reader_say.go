package instrument

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// see returns what one sighting says, in the order of the reports.
func (r *Reader) see(s *sighting) []devices.Event {
	var events []devices.Event
	r.judge(s)
	if r.sayMode {
		events = r.sayModes(events, s.at)
	}
	faultSaid := false
	for _, rep := range r.reports {
		v, ok := rep.of.value(s)
		s.read = s.read || ok
		if !ok || v.wrong != "" || v.isText && rep.needsNumber() {
			continue
		}
		faultSaid = faultSaid || rep == r.fault
		events = r.say(events, rep, v, s)
	}
	if !faultSaid {
		events = r.sayFault(events, s)
	}
	return events
}

// judge notes which values cannot be true and which mode the device is in,
// before anything is said.
func (r *Reader) judge(s *sighting) {
	for _, of := range r.judged {
		if v, ok := of.value(s); ok {
			r.blame(of.name, v.wrong)
		}
		if of.unitFrom == nil {
			continue
		}
		if u, ok := of.unitFrom.value(s); ok {
			r.units[of.unitFrom] = u.word + u.text
			r.blame(of.unitFrom.name, unknown(of.unitFrom, u, u.word+u.text == ""))
		}
	}
	for _, m := range r.modes {
		v, ok := m.read.value(s)
		if !ok {
			continue
		}
		mode, err := devices.ParseMode(v.word)
		if err != nil {
			mode = devices.Maintenance
		}
		m.mode, m.seen = mode, true
		r.blame(m.read.name, unknown(m.read, v, err != nil))
	}
	for _, b := range r.beats {
		if v, ok := b.read.value(s); ok {
			r.blame(b.read.name+" changes", b.hear(s.at, v, r.watched))
		}
	}
}

// blame notes why a device must be faulty, "" for not any more.
func (r *Reader) blame(what, why string) {
	if why != "" {
		r.causes[what] = why
	} else {
		delete(r.causes, what)
	}
}

func unknown(r *read, v value, is bool) string {
	if !is {
		return ""
	}
	return fmt.Sprintf("%s is %s, which the profile does not name", r.name, v.is())
}

// mode returns the mode for a report, and whether it is known to be normal.
func (r *Reader) mode(rep *report) (mode devices.Mode, normal bool) {
	normal = true
	for _, m := range r.modes {
		if rep.mode != nil && rep.mode != m.read || rep.mode == nil && rep.of != nil {
			continue // a report of the profile's without a mode has none
		}
		if m.mode != devices.Normal {
			return m.mode, false
		}
		normal = normal && m.seen
	}
	return devices.Normal, normal
}

// sayModes says the modes that have changed.
func (r *Reader) sayModes(events []devices.Event, at time.Time) []devices.Event {
	for _, m := range r.modes {
		if !m.seen || !m.said.hear(at, m.mode, 0, 0) {
			continue
		}
		e := devices.Event{Time: at, Code: devices.DeviceMode, Is: m.mode.String(), Mode: m.mode}
		if len(r.modes) > 1 {
			e.Point = m.read.name
		}
		events = append(events, e)
	}
	return events
}

// say says what one report makes of a value.
func (r *Reader) say(events []devices.Event, rep *spoken, v value, s *sighting) []devices.Event {
	e := devices.Event{Time: s.at, Device: rep.device, Code: rep.code, Point: rep.point}
	e.Mode, _ = r.mode(rep.report)
	if rep.detail != nil {
		if d, ok := rep.detail.value(s); ok {
			e.Detail = d.detail()
		}
	}
	if rep.gasAlarm() {
		e.Value = r.concentration(rep.point, s)
	}
	rep.event = e
	switch {
	case rep.edges() && rep.form == devices.StateForm:
		return rep.change(events, onOff((v.number != 0) != rep.inverse))
	case rep.edges():
		yes := (v.number != 0) != rep.inverse
		if rep == r.fault {
			r.ownFault, r.heardOwn = yes, true
			yes = yes || len(r.causes) > 0
		}
		return r.edge(events, rep, yes)
	case rep.how == "counts":
		return rep.count(events, v.number)
	case rep.how == "card":
		rep.event.Card = &devices.Card{Number: devices.Secret(v.credential())}
		return rep.once(events, v.credential())
	case rep.how == "text":
		rep.event.Text = v.text
		return rep.once(events, v.text)
	case rep.form == devices.StateForm:
		return rep.change(events, v.is())
	}
	return r.measured(events, rep, v)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// measured says a reading, unless its unit is not known.
func (r *Reader) measured(events []devices.Event, rep *spoken, v value) []devices.Event {
	if rep.event.Value = r.quantity(rep.of, v); rep.event.Value == nil {
		return events
	}
	return append(events, rep.event)
}

// quantity returns a value with its unit, nil while the unit is not known.
func (r *Reader) quantity(of *read, v value) *devices.Value {
	unit := of.unit
	if of.unitFrom != nil {
		if unit = r.units[of.unitFrom]; unit == "" {
			return nil
		}
	}
	return &devices.Value{Quantity: of.quantity, Unit: unit, Number: v.number}
}

// concentration returns what a gas alarm is about: the reading of its point in
// the same sighting, never an older one; nil where there is none.
func (r *Reader) concentration(point string, s *sighting) *devices.Value {
	for _, rep := range r.reports {
		if !rep.gasReading() || rep.point != point {
			continue
		}
		if v, ok := rep.of.value(s); ok && v.wrong == "" {
			return r.quantity(rep.of, v)
		}
	}
	return nil
}

// edge says a condition that begins or ends, or a momentary thing that begins.
func (r *Reader) edge(events []devices.Event, rep *spoken, yes bool) []devices.Event {
	at := rep.event.Time
	held := rep.quiet > 0 && !rep.sameAt.IsZero() && at.Sub(rep.sameAt) < rep.quiet
	if yes {
		rep.sameAt = at
	}
	changed := rep.yes.hear(at, yes, rep.steady, rep.hold())
	if !rep.yes.known {
		return events
	}
	mode, normal := r.mode(rep.report)
	e := rep.event
	e.Mode = mode
	now := rep.yes.now
	if rep.form != devices.Condition {
		if changed && now && !held {
			events = append(events, e)
		}
		return events
	}
	speak := changed || rep.again && normal
	rep.again = !normal
	switch {
	case speak && now:
		e.State = devices.Raised
		if rep == r.fault {
			e.Text = r.why()
		}
		return append(events, e)
	case speak && normal:
		e.State, e.Detail = devices.Cleared, ""
		return append(events, e)
	}
	return events
}

// hold returns how long the present value must last at least.
func (s *spoken) hold() time.Duration {
	if s.yes.now {
		return s.stretch
	}
	return 0
}

// why lists the causes of a fault, for a person.
func (r *Reader) why() string {
	return strings.Join(slices.Sorted(maps.Values(r.causes)), "; ")
}

// sayFault says device.fault where its own read was not in the sighting, or
// where it has none.
func (r *Reader) sayFault(events []devices.Event, s *sighting) []devices.Event {
	if r.fault == nil {
		return events
	}
	own := r.fault.of != nil
	yes := r.ownFault || len(r.causes) > 0
	if own && !r.heardOwn && !yes {
		return events // not heard yet: it may be faulty
	}
	r.fault.event = devices.Event{Time: s.at, Code: devices.DeviceFault, Point: r.fault.point}
	return r.edge(events, r.fault, yes)
}

// change says a state that has changed.
func (s *spoken) change(events []devices.Event, is string) []devices.Event {
	if is == "" || !s.state.hear(s.event.Time, is, s.steady, 0) {
		return events
	}
	e := s.event
	e.Is = is
	return append(events, e)
}

// count says a counter that has changed.
func (s *spoken) count(events []devices.Event, n float64) []devices.Event {
	n = math.Round(n)
	if n < 0 || n > 1<<53 || s.counted && s.raw == uint64(n) {
		return events
	}
	s.raw, s.counted = uint64(n), true
	e := s.event
	e.Count = &devices.Count{Raw: s.raw}
	return append(events, e)
}

// once says something that is heard, unless it is the same again within quiet.
func (s *spoken) once(events []devices.Event, what string) []devices.Event {
	if what == "" {
		return events
	}
	at := s.event.Time
	same := what == s.same && at.Sub(s.sameAt) < s.quiet
	s.same, s.sameAt = what, at
	if same {
		return events
	}
	return append(events, s.event)
}
