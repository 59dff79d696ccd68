package store

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
)

// Readings that wait have a bound, for an uplink that is dead for a week must not
// cost the room of the alarms. Beyond it the oldest are dropped, and which numbers
// those were stands in the bucket of numbers until somebody has told it:
//
//	dropped.reading.1201 = 1350
//	                |      | last
//	                | first
//
// Numbers go up and the oldest are dropped, so that this is one entry for each
// outage. A record that is dropped may have been on its way to the city, or even
// be there: more may be told as dropped than was lost, and never less.

// mostGaps is how many entries a lane has at most. Beyond it the last one is
// stretched over what lies between, which is told as dropped and was not.
const mostGaps = 64

// A Gap is the records of a lane with numbers from First to Last: they were
// dropped before they were done.
type Gap struct {
	Lane        devices.Lane
	First, Last uint64

	Epoch Epoch  // of the file they were in; "" is the present one
	Why   string // "damaged"
}

// Count is how many records it may be.
func (g Gap) Count() uint64 { return g.Last - g.First + 1 }

// gapPrefix begins the names of a lane's gaps in the bucket of numbers.
func gapPrefix(lane devices.Lane) string { return "dropped." + string(lane) + "." }

func (g Gap) name() string { return gapPrefix(g.Lane) + strconv.FormatUint(g.First, 10) }

// gapOf reads an entry in the bucket of numbers; false if it is something else.
func gapOf(lane devices.Lane, name string, last uint64) (Gap, bool) {
	number, is := strings.CutPrefix(name, gapPrefix(lane))
	if !is {
		return Gap{}, false
	}
	first, err := strconv.ParseUint(number, 10, 64)
	return Gap{Lane: lane, First: first, Last: last}, err == nil && first <= last
}

// Gaps lists what was dropped and not told yet, lane by lane and by number, as of
// the last commit. It asks no disk.
func (s *Store) Gaps() []Gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Gap
	for _, lane := range devices.Lanes() {
		all = append(all, gapsIn(lane, s.numbers.kept)...)
	}
	return append(all, s.oldGaps()...)
}

// gapsIn finds the gaps of a lane among numbers.
func gapsIn(lane devices.Lane, numbers map[string]uint64) (all []Gap) {
	for name, last := range numbers {
		if g, is := gapOf(lane, name, last); is {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b Gap) int { return cmp.Compare(a.First, b.First) })
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
			if told.Epoch != "" {
				return c.forgetGap(told)
			}
			last, is, err := c.s.numbers.get(c.tx, told.name())
			if err != nil || !is {
				return err
			}
			c.any = true
			if err := c.s.numbers.remove(c.tx, told.name()); err != nil || last <= told.Last {
				return err
			}
			rest := Gap{Lane: told.Lane, First: told.Last + 1, Last: last}
			return c.s.numbers.put(c.tx, rest.name(), rest.Last)
		},
	})
}

// weigh adds up what a lane keeps, if it has a bound.
func (l *lane) weigh(tx *bolt.Tx) {
	l.weight = 0
	if l.most == 0 {
		return
	}
	l.records.walk(tx, 0, func(_, value []byte) bool {
		l.weight += weightOf(value)
		return true
	})
}

// grow notes that a transaction makes a lane heavier, or lighter.
func (c *change) grow(l *lane, by int64) {
	if l.most == 0 {
		return
	}
	if c.grown == nil {
		c.grown = make(map[devices.Lane]int64)
	}
	c.grown[l.name] += by
}

// dropBeyond drops the oldest records of a lane that is heavier than it may be, at
// most so many: an alarm may wait for it.
func (c *change) dropBeyond(l *lane, most uint64) error {
	if l.weight < 0 { // a commit failed: what is in the file is to be seen there
		l.weigh(c.tx)
		clear(c.grown)
	}
	over := l.weight + c.grown[l.name] - l.most
	if over <= 0 {
		return nil
	}
	last, _, err := c.s.numbers.get(c.tx, l.lastName())
	if err != nil {
		return err
	}
	first := max(c.marks[l.name].First, c.firsts[l.name])
	var n uint64
	for ; over > 0 && n < most && first+n < last; n++ { // the youngest stays
		over -= l.records.weight(c.tx, first+n)
	}
	if n == 0 {
		return nil
	}
	c.any = true
	lost := Gap{Lane: l.name, First: max(first, c.s.doneUpto(l.name, c.marks[l.name])+1), Last: first + n - 1}
	if err := c.remove(l, first, n); err != nil || lost.First > lost.Last {
		return err
	}
	return c.countGap(lost)
}

// countGap notes what was dropped, beside what was dropped before.
func (c *change) countGap(lost Gap) error {
	numbers, err := c.s.numbers.all(c.tx)
	if err != nil {
		return fmt.Errorf("what was dropped before: %w", err)
	}
	before := gapsIn(lost.Lane, numbers)
	if n := len(before); n > 0 && (before[n-1].Last+1 == lost.First || n >= mostGaps) {
		lost.First = before[n-1].First
	}
	return c.s.numbers.put(c.tx, lost.name(), lost.Last)
}
