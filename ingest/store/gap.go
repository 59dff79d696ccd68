package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"sitepost/devices"
	"sitepost/ingest/store/segment"
)

// What was dropped before it was done, or cannot be read any more, stands in the
// bucket of gaps until somebody has told it:
//
//	reading.00000000000000001201.  {"last":1350,"why":"dropped: no room"}
//	|       |                    | epoch, if it is another one
//	|       | first
//	| lane
//
// A record that is dropped may have been on its way to the city, or even be there:
// more may be told as dropped than was lost, and never less.

// The reasons of gaps.
const (
	WhyRoom    = "dropped: no room"
	whyOld     = "too old"
	whyDamaged = "damaged"
	whyAside   = "set aside" // and a colon, and why
)

// Whys lists the reasons as [Stock] counts them: what was set aside is one, whatever why.
func Whys() []string { return []string{WhyRoom, whyOld, whyDamaged, whyAside, WhyRefused} }

// mostGaps is how many entries a lane has at most. Beyond it the last one is
// stretched over what lies between, which is told as dropped and was not.
const mostGaps = 64

// A Gap is the records of a lane with numbers from First to Last: the city will
// never get them.
type Gap struct {
	Lane  devices.Lane `json:"lane"`
	First uint64       `json:"first"`
	Last  uint64       `json:"last"`
	Why   string       `json:"why"`             // "dropped: no room", "too old", "damaged", "disk refused", "set aside: …"
	Epoch Epoch        `json:"epoch,omitempty"` // whose numbers they are; "" is the store's own
}

// Count is how many records it may be.
func (g Gap) Count() uint64 { return g.Last - g.First + 1 }

// name is that in the bucket of gaps.
func (g Gap) name() string { return fmt.Sprintf("%s.%020d.%s", g.Lane, g.First, g.Epoch) }

// Gaps lists what is missing and was not told yet, lane by lane and by number, as of
// the last commit. It asks no disk.
func (s *Store) Gaps() []Gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sortGaps(s.gaps.kept)
}

// sortGaps lists gaps in the order of lanes, epochs and numbers.
func sortGaps(kept map[string]Gap) (all []Gap) {
	for _, g := range kept {
		all = append(all, g)
	}
	lanes := devices.Lanes()
	slices.SortFunc(all, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(slices.Index(lanes, a.Lane), slices.Index(lanes, b.Lane)), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.First, b.First))
	})
	return all
}

// GapTold says that a gap was told. It returns when that is on disk; what has been
// dropped since remains to be told. After a crash in between a gap is told twice:
// better than not at all.
func (s *Store) GapTold(told Gap) error {
	return s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		apply: func(c *change) error {
			now, is, err := c.s.gaps.get(c.tx, told.name())
			if err != nil || !is {
				return err
			}
			c.any = true
			if err := c.s.gaps.remove(c.tx, told.name()); err != nil || now.Last <= told.Last {
				return err
			}
			now.First = told.Last + 1
			return c.s.gaps.put(c.tx, now.name(), now)
		},
	})
}

// noteGap notes what is missing from outside of a transaction. It is saved with the
// next one, which is made within 20 ms.
func (s *Store) noteGap(g Gap) {
	s.mu.Lock()
	s.addLost(g)
	s.mu.Unlock()
	s.saveSoon()
}

// saveSoon makes the writer save what was noted. Nobody waits for it: what is not
// saved is saved with a later transaction.
func (s *Store) saveSoon() {
	_, _ = s.enqueue(&entry{patience: eventPatience, done: make(chan error, 1), apply: func(c *change) error { c.any = true; return nil }})
}

// miss notes what a log lost.
func (s *Store) miss(lane devices.Lane, l segment.Loss) {
	g := Gap{lane, l.First, l.Last, l.Why, Epoch(l.Epoch)}
	s.mu.Lock()
	switch g.Epoch {
	case s.epoch:
		g.Epoch = ""
	case s.former.epoch:
		g.First = max(g.First, s.former.sent+1)
	}
	lost := g.First <= g.Last
	if lost {
		s.addLost(g)
	}
	s.mu.Unlock()
	if lost {
		s.saveSoon()
	}
}

// addLost puts a gap into the one that it continues, for a disk may refuse for days,
// or beside the others. Beyond mostGaps the last one of its lane is stretched. Store.mu
// is held.
func (s *Store) addLost(g Gap) {
	s.dirty = true
	last, count := -1, 0
	for i, o := range s.lostGaps {
		if o.Lane != g.Lane || o.Epoch != g.Epoch {
			continue
		}
		if o.Last+1 == g.First && o.Why == g.Why {
			s.lostGaps[i].Last = g.Last
			return
		}
		if count++; o.Last < g.First {
			last = i
		}
	}
	if count >= mostGaps && last >= 0 {
		s.lostGaps[last].Last = g.Last
		return
	}
	s.opt.Log.Warn("records are missing", "lane", g.Lane, "first", g.First, "last", g.Last, "epoch", g.Epoch, "why", g.Why)
	s.lostGaps = append(s.lostGaps, g)
}

// lostSaved forgets gaps that are on disk now, which are the first ones, as far as
// they have not grown since. Store.mu is held.
func (s *Store) lostSaved(saved []Gap) {
	left := slices.Clone(s.lostGaps[len(saved):])
	for i, g := range saved {
		if now := s.lostGaps[i]; now.Last > g.Last {
			now.First = g.Last + 1
			left = append(left, now)
		}
	}
	s.lostGaps = left
}

// saveGaps counts what was noted.
func (c *change) saveGaps() error {
	for _, g := range c.lostGaps {
		c.any = true
		if err := c.countGap(g); err != nil {
			return err
		}
	}
	return nil
}

// countGap notes what is missing, beside what is known already. What is done is not
// missing.
func (c *change) countGap(lost Gap) error {
	if lost.Epoch == "" {
		lost.First = max(lost.First, c.s.doneUpto(lost.Lane, c.marks[lost.Lane])+1)
	}
	all, err := c.s.gaps.all(c.tx)
	if err != nil {
		return fmt.Errorf("what was dropped before: %w", err)
	}
	var before []Gap
	for _, g := range sortGaps(all) {
		if g.Lane == lost.Lane && g.Epoch == lost.Epoch {
			before = append(before, g)
		}
	}
	for _, part := range lost.without(before) {
		c.dropped(part)
		if before, err = c.addGap(before, part); err != nil {
			return err
		}
	}
	return nil
}

// without is what of a gap is not in others, which are sorted.
func (g Gap) without(others []Gap) (parts []Gap) {
	for _, o := range others {
		if o.Last < g.First || o.First > g.Last {
			continue
		}
		if o.First > g.First {
			part := g
			part.Last = o.First - 1
			parts = append(parts, part)
		}
		g.First = o.Last + 1
	}
	if g.First <= g.Last {
		parts = append(parts, g)
	}
	return parts
}

// addGap puts a gap beside others, which are sorted: into the one it continues, if
// there is one.
func (c *change) addGap(before []Gap, g Gap) ([]Gap, error) {
	for i, o := range before {
		if o.Last+1 == g.First && o.Why == g.Why {
			before[i].Last = g.Last
			return before, c.s.gaps.put(c.tx, o.name(), before[i])
		}
	}
	if len(before) < mostGaps {
		before = append(before, g)
		return before, c.s.gaps.put(c.tx, g.name(), g)
	}
	for i := len(before) - 1; i >= 0; i-- {
		if before[i].Last < g.First {
			before[i].Last = g.Last
			return before, c.s.gaps.put(c.tx, before[i].name(), before[i])
		}
	}
	err := c.s.gaps.remove(c.tx, before[0].name())
	before[0].First = g.First
	return before, errors.Join(err, c.s.gaps.put(c.tx, before[0].name(), before[0]))
}
