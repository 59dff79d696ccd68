package instrument

import "time"

// A settled value follows what is heard and changes only when a change has
// lasted.
//
//	heard    ──▁▁█▁▁█████████▁▁▁▁▁──
//	settled  ──▁▁▁▁▁▁▁▁██████████▁──
//	                ├──┤ steady  ├ not before hold has passed
type settled[T comparable] struct {
	now   T
	known bool      // now was heard long enough at least once
	since time.Time // of now

	next     T
	changing bool // to next
	from     time.Time
}

// hear takes what is heard at a time and says whether now has changed; the
// first value is a change. A new value must last for steady, and replaces one
// that has lasted for hold.
func (s *settled[T]) hear(at time.Time, heard T, steady, hold time.Duration) bool {
	if s.known && heard == s.now {
		s.changing = false
		return false
	}
	if !s.changing || s.next != heard {
		s.changing, s.next, s.from = true, heard, at
	}
	if at.Before(s.due(steady, hold)) {
		return false
	}
	s.now, s.known, s.since, s.changing = heard, true, at, false
	return true
}

// due returns when the change under way is settled.
func (s *settled[T]) due(steady, hold time.Duration) time.Time {
	due := s.from.Add(steady)
	if s.known && due.Before(s.since.Add(hold)) {
		return s.since.Add(hold)
	}
	return due
}
