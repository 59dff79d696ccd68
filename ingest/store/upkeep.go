package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sitepost/devices"
)

// An upkeep is a maintenance that a person has begun, not the device: what the
// device says in it is true, and only nobody is to be woken by it. So of a condition
// of such a device two things can stand that the city does not know as they are:
//
//	                     raised in it                    raised before it
//	and still there      it stands in maintenance        it stands
//	and over             it was cleared in maintenance   it stands, and Over
//
// When the upkeep ends the first becomes a condition like any other, told again as
// the same incident (verdict claim), and the last is ended (Settle). Until then both
// are on disk: nothing of it is lost by a restart.

// inUpkeep says that the condition stands in an upkeep: the city knows it as nothing
// that anybody must look at.
func (o *opened) inUpkeep() bool { return o.Record.Event.Upkeep }

// withMode is the condition as one that stands in another mode. That it was raised, and
// when, stays.
func (o opened) withMode(m devices.Mode, upkeep bool) opened {
	o.Record.Event.Mode, o.Record.Event.Upkeep = m, upkeep
	o.Unconfirmed, o.Over = m != devices.Normal, nil
	return o
}

// overBy is the condition as one whose device has said that it is over.
func (o opened) overBy(e devices.Event) opened {
	o.Unconfirmed, o.Over = true, &e
	return o
}

// judgeUpkeep reads this table, of what a device says in an upkeep:
//
//	           not open   open   open, in doubt   open, over   open since an upkeep   open since a test
//	raised     raise      –      –                doubt        –                      lend
//	cleared    –          over   over             –            end                    end
//	reminder   –          remind remind          –            remind                 remind
//
// A test is one of the device's own.
func judgeUpkeep(e devices.Event, o *opened) verdict {
	raised := e.State == devices.Raised
	switch {
	case e.Reminder > 0 && o.Over != nil:
		return known
	case e.Reminder > 0:
		return remind
	case raised && o.Over != nil:
		return doubt
	case raised && o.inTest() && !o.inUpkeep():
		return lend
	case raised:
		return known
	case o.inTest():
		return end
	case o.Over == nil:
		return over
	}
	return known
}

// isClaimedBy says whether an event makes everybody's what stood in an upkeep until now.
func (o *opened) isClaimedBy(e devices.Event) bool {
	return o.inUpkeep() && e.Mode == devices.Normal && e.State == devices.Raised
}

// claimed is an event that tells a condition which stands in an upkeep to everybody.
func claimed(e devices.Event) devices.Event {
	e.Reminder, e.Upkeep = max(1, e.Reminder), false
	return e
}

// Upkept is a condition that the city does not know as it is, because it changed
// in an upkeep.
type Upkept struct {
	Record Record // that raised it; its mode is that in which it stands
	Over   bool   // its device has said that it is over; else it stands, and only in maintenance
}

// Upkept lists what the end of an upkeep makes known, sorted by when it was raised, then
// incident. It asks no disk, and knows what is only in memory.
func (s *Store) Upkept() []Upkept {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := maps.Clone(s.ring.said)
	if keys == nil {
		keys = map[string]*utterance{}
	}
	for key := range s.open.kept {
		keys[key] = nil
	}
	var all []Upkept
	for key := range keys {
		if o := s.mirrored(key).open; o != nil && (o.inUpkeep() || o.Over != nil) {
			all = append(all, Upkept{Record: o.Record, Over: o.Over != nil})
		}
	}
	slices.SortFunc(all, func(a, b Upkept) int {
		return cmp.Or(a.Record.Event.Time.Compare(b.Record.Event.Time), strings.Compare(a.Record.Incident, b.Record.Incident))
	})
	return all
}

// Settle ends the conditions of a device that are over since an upkeep, now that it
// has ended. tell makes of what the device said then what the city is told now. It
// returns when that is on disk.
func (s *Store) Settle(device string, tell func(over devices.Event) devices.Event) error {
	return s.wait(&entry{done: make(chan error, 1), apply: func(c *change) error { return c.settleUpkeep(device, tell) }})
}

func (c *change) settleUpkeep(device string, tell func(devices.Event) devices.Event) error {
	for _, key := range c.keysOf(device) {
		o, _, err := c.s.open.get(c.tx, key)
		if err != nil {
			return err
		}
		if o.Over == nil {
			continue
		}
		e := tell(*o.Over)
		e.Mode, e.Upkeep = devices.Normal, false
		if err := c.end(key, o.Record.Place, e, &o, clearedBy(end, e)); err != nil {
			return err
		}
		c.any = true
	}
	return nil
}
