package store

import (
	"cmp"
	"os"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
)

// A Stock is what a store shows of itself.
type Stock struct {
	Lanes   []LaneStock
	Shares  []Share
	Commits int           // of all files since it was opened
	Written int64         // bytes that these gave to the disk, the file system's own apart
	For     time.Duration // since it was opened
	Dropped []Dropped     // since it was opened, by lane and reason
	Failing bool          // the last commit failed
}

// Wear is how many bytes are written in a day, at the rate since the store was
// opened; 0 in its first minute.
func (s Stock) Wear() int64 {
	if s.For < time.Minute {
		return 0
	}
	return int64(float64(s.Written) / s.For.Hours() * 24)
}

// A LaneStock is that of a lane.
type LaneStock struct {
	Lane devices.Lane
	Marks
	Bytes   int64     // that its records weigh
	Waiting uint64    // records that are not done
	Oldest  time.Time // when the oldest that waits was accepted, as of the last commit; zero where none waits
}

// A Share is a part of Options.Size: "store.db", "readings", "history", "pictures".
type Share struct {
	Name        string
	Bytes, Most int64
}

// A Drop is why records of a lane were dropped.
type Drop struct {
	Lane devices.Lane
	Why  string
}

// Dropped is how many.
type Dropped struct {
	Drop
	Count uint64
}

// Stock returns what the store is now. It asks no disk.
func (s *Store) Stock() Stock {
	readings, history := s.readings.Bytes(), s.history.Bytes()
	pictures := s.album.Weight()
	commitsR, writtenR := s.readings.Written()
	commitsH, writtenH := s.history.Written()
	s.mu.Lock()
	defer s.mu.Unlock()
	k := Stock{
		Commits: s.commits + commitsR + commitsH, Written: s.written + writtenR + writtenH,
		For: time.Since(s.opened), Failing: s.failing,
		Shares: []Share{
			{"store.db", s.used, s.opt.MaxBytes}, {"readings", readings, s.opt.ReadingBytes},
			{"history", history, s.opt.HistoryBytes}, {"pictures", pictures, s.opt.PictureBytes},
		},
	}
	for _, name := range devices.Lanes() {
		l := s.lanes[name]
		one := LaneStock{Lane: name, Marks: l.marks(), Bytes: int64(s.numbers.kept[l.weightName()])}
		if next := max(s.doneUpto(name, one.Marks)+1, one.First); next <= l.last {
			one.Waiting, one.Oldest = l.last-next+1, l.oldest
		}
		switch name {
		case devices.ReadingLane:
			one.Bytes = readings
		case devices.AlarmLane:
			one.Bytes += history
		}
		k.Lanes = append(k.Lanes, one)
	}
	for d, n := range s.drops {
		k.Dropped = append(k.Dropped, Dropped{d, n})
	}
	slices.SortFunc(k.Dropped, func(a, b Dropped) int {
		return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Why, b.Why))
	})
	return k
}

// account takes down what a transaction cost and dropped. Store.mu is held.
func (s *Store) account(c *change) {
	stats := c.tx.Stats()
	s.commits++
	s.written += stats.GetPageAlloc() + int64(os.Getpagesize()) // bbolt's own
	s.used = c.used
	for d, n := range c.drops {
		s.drops[d] += n
	}
	for name, of := range c.oldest {
		s.lanes[name].oldestOf, s.lanes[name].oldest = of.seq, of.at
	}
}

// A since is when a record was accepted.
type since struct {
	seq uint64
	at  time.Time
}

// findOldest looks at the oldest record of each lane that waits.
func (c *change) findOldest() {
	c.oldest = make(map[devices.Lane]since)
	for _, name := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
		l := c.s.lanes[name]
		next := max(c.s.doneUpto(name, c.marks[name])+1, c.hot(l))
		if next == l.oldestOf && !l.oldest.IsZero() {
			continue
		}
		c.oldest[name] = oldestIn(c.tx, l, next)
	}
}

func oldestIn(tx *bolt.Tx, l *lane, next uint64) (found since) {
	found.seq = next
	l.records.walk(tx, next-1, func(k, v []byte) bool {
		if r, err := unframeRecord(l.name, k, v); err == nil {
			found.at = r.Accepted
		}
		return false
	})
	return found
}

// lookAtReadings does the same for readings.
func (s *Store) lookAtReadings() {
	l := s.lanes[devices.ReadingLane]
	s.mu.Lock()
	next := max(s.doneUpto(l.name, l.marks())+1, l.first)
	known := next == l.oldestOf && !l.oldest.IsZero()
	s.mu.Unlock()
	if known {
		return
	}
	records, err := s.readReadings(l, next-1, 1)
	if err != nil {
		s.troubled("readings cannot be read", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.oldestOf, l.oldest = next, time.Time{}
	if len(records) > 0 {
		l.oldest = records[0].Accepted
	}
}
