package instrument

import (
	"math"
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
	return r.limits.judge(events, r.untrue)
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
		return rep.change(events, onOff(rep.isTrue(v)))
	case rep.each:
		return rep.every(events, rep.isTrue(v))
	case rep.edges():
		return r.edge(events, rep, rep.isTrue(v) || rep == r.fault && len(r.causes) > 0)
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
	held := rep.held(at, yes)
	changed := rep.yes.hear(at, yes, rep.steady, rep.hold())
	if !rep.yes.known {
		return events
	}
	mode, normal := r.mode(rep.report)
	normal = normal && !(rep.gasAlarm() && r.doubtful(rep.report))
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

// every says a momentary thing for each frame in which it is true.
func (s *spoken) every(events []devices.Event, yes bool) []devices.Event {
	if s.held(s.event.Time, yes) || !yes {
		return events
	}
	return append(events, s.event)
}

// held says whether a yes is the same again within quiet, which runs from the
// last yes.
func (s *spoken) held(at time.Time, yes bool) bool {
	held := s.quiet > 0 && !s.sameAt.IsZero() && at.Sub(s.sameAt) < s.quiet
	if yes {
		s.sameAt = at
	}
	return held
}

// hold returns how long the present value must last at least.
func (s *spoken) hold() time.Duration {
	if s.yes.now {
		return s.stretch
	}
	return 0
}

// sayFault says device.fault where its own read was not in the sighting, or
// where it has none.
func (r *Reader) sayFault(events []devices.Event, s *sighting) []devices.Event {
	if r.fault == nil {
		return events
	}
	yes := r.fault.says || len(r.causes) > 0
	if r.fault.of != nil && !r.fault.heard && !yes {
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
