package instrument

import (
	"time"

	"sitepost/devices"
)

// A Reader is the interpreter of one instrument: bytes or registers in, events
// out. It has no clock, asks nothing and is used by one goroutine.
//
// It says every condition, state, counter and contact once when it hears the
// first of them, then on change; readings on every frame; what is momentary
// when it happens. Whoever stores the events drops what was known before.
//
// In a mode other than normal it raises conditions but clears none; on return
// to normal it says all of them again. While the mode was not heard yet it
// clears nothing either. A device that is faulty ends no gas alarm in the same
// way.
type Reader struct {
	profile *Profile
	framer  *framer // nil for Modbus
	reports []*spoken
	fault   *spoken   // device.fault without a point, nil if the profile cannot have one
	faults  []*spoken // all that have a read of their own

	judged  []*read // reads that may hold what cannot be true
	causes  map[string]cause
	units   map[*read]string
	beats   []*beat
	modes   []*modeOf
	sayMode bool   // say device.mode too
	limits  *judge // the site's; nil: there is nothing to judge
	watched bool   // time in which nothing was heard proves nothing of a heartbeat

	refused uint64
}

// A spoken report is one with what was last said.
type spoken struct {
	*report
	yes   settled[bool]   // of a yes or no
	state settled[string] // of a state
	again bool            // a condition was heard while nothing could be cleared

	says, heard bool // what a fault's own read last said, and that it was heard

	raw     uint64 // of a counter
	counted bool

	same   string // what quiet compares with
	sameAt time.Time

	event devices.Event // of the last hearing, for a change that settles later
}

// A modeOf is what a mode's read last said.
type modeOf struct {
	read *read
	mode devices.Mode
	said settled[devices.Mode]
	seen bool
}

// NewReader returns the interpreter of an instrument at an address. An
// instrument's contacts are said as contact.input.
func NewReader(p *Profile, address int) *Reader { return newReader(p, address, nil) }

// newReader also says what is wired to the contacts; with wirings, those
// without one say nothing.
func newReader(p *Profile, address int, wirings []Wiring) *Reader {
	r := &Reader{profile: p, causes: map[string]cause{}, units: map[*read]string{}}
	if p.framing != nil {
		r.framer = newFramer(p.framing, address, p.Settings.Wire(1))
	}
	for _, rep := range append(p.reports[:len(p.reports):len(p.reports)], p.contacts(wirings)...) {
		s := &spoken{report: rep}
		r.reports = append(r.reports, s)
		if rep.is(devices.DeviceFault, "") && rep.device == "" {
			r.fault = s
		}
		if rep.code == devices.DeviceFault {
			r.faults = append(r.faults, s)
		}
		if rep.of.fallible() {
			r.judged = append(r.judged, rep.of)
		}
	}
	if r.fault == nil && p.faults() {
		r.fault = &spoken{report: &report{code: devices.DeviceFault, form: devices.Condition, how: "when"}}
		if len(wirings) > 0 {
			r.fault.point = "module" // the devices behind it may have a device.fault of their own
		}
	}
	for _, m := range p.modes() {
		r.modes = append(r.modes, &modeOf{read: m})
	}
	for _, b := range p.heartbeats() {
		r.beats = append(r.beats, &beat{read: b})
	}
	return r
}

// fallible says whether a read may hold what cannot be true.
func (r *read) fallible() bool {
	return r.valid != nil || r.loop != nil || r.kind == "f32" || r.unitFrom != nil || r.by != nil && r.by.fallible()
}

// Feed takes bytes, the last of which came at the time given, and returns what
// the frames in them say. Where the bytes are cut makes no difference.
func (r *Reader) Feed(at time.Time, heard []byte) []devices.Event {
	var events []devices.Event
	r.each(at, heard, func(_ cut, said []devices.Event) { events = append(events, said...) })
	return events
}

// each calls do with every frame and every refused one.
func (r *Reader) each(at time.Time, heard []byte, do func(cut, []devices.Event)) {
	if r.framer != nil {
		r.read(at, r.framer.feed(at, heard), do)
	}
}

// read calls do with what the frames say.
func (r *Reader) read(at time.Time, cuts []cut, do func(cut, []devices.Event)) {
	for _, c := range cuts {
		if c.refused {
			r.refused++
			do(c, nil)
			continue
		}
		s := &sighting{at: at, frame: c.frame, end: r.framer.end, encoding: r.profile.encoding}
		said := r.see(s)
		c.empty = !s.read
		do(c, said)
	}
}

// Registers takes the answer to a Modbus question, in the profile's numbering,
// and returns what it says.
func (r *Reader) Registers(at time.Time, first int, values []uint16) []devices.Event {
	return r.round(at, []run{{first, values}})
}

// round takes the answers to several Modbus questions as if they came at once:
// what one says of mode and unit holds for the values of all.
func (r *Reader) round(at time.Time, answers []run) []devices.Event {
	return r.see(&sighting{at: at, runs: answers})
}

// Tick says that nothing came until the time given: a pause may end a frame,
// and what was heard before may have lasted long enough. It is for instruments
// that speak by themselves; the others are heard again anyway.
func (r *Reader) Tick(at time.Time) []devices.Event {
	var events []devices.Event // of a pause, then of what has settled
	if f := r.framer; f != nil && f.gap > 0 && at.Sub(f.last) >= f.gap {
		events = r.End()
	}
	for _, s := range r.reports {
		if s.yes.changing && !at.Before(s.yes.due(s.steady, s.hold())) {
			s.event.Time, s.event.Value = at, nil // what was measured then is not measured now
			events = r.edge(events, s, s.yes.next)
		}
		if s.state.changing && !at.Before(s.state.due(s.steady, 0)) {
			s.event.Time = at
			events = s.change(events, s.state.next)
		}
	}
	r.limits.note(events)
	return events
}

// End says that nothing comes any more: a frame that only a pause ends is whole.
func (r *Reader) End() []devices.Event {
	var events []devices.Event
	if r.framer != nil {
		r.read(r.framer.last, r.framer.close(), func(_ cut, said []devices.Event) { events = append(events, said...) })
	}
	return events
}

// due returns when Tick has something to do, the zero time for never.
func (r *Reader) due() time.Time {
	var due time.Time
	sooner := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	if f := r.framer; f != nil && f.gap > 0 && len(f.buf) > 0 {
		sooner(f.last.Add(f.gap))
	}
	for _, s := range r.reports {
		if s.yes.changing {
			sooner(s.yes.due(s.steady, s.hold()))
		}
		if s.state.changing {
			sooner(s.state.due(s.steady, 0))
		}
	}
	return due
}

// Forget drops a half-heard frame: something is missing behind it.
func (r *Reader) Forget() {
	if r.framer != nil {
		r.framer.forget()
	}
}

// Refused returns how many frames were refused so far, because their check or
// their end was wrong or they had no end.
func (r *Reader) Refused() uint64 { return r.refused }

// trouble notes why the device is faulty although no frame says so, "" for
// not any more, and returns what there is to say.
func (r *Reader) trouble(at time.Time, what, why string) []devices.Event {
	if why == "" {
		delete(r.causes, what)
		return nil // the answer that ended it is about to be seen
	}
	r.causes[what] = cause{why: why}
	return r.sayFault(nil, &sighting{at: at})
}
