package store

import (
	"slices"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// Names in the bucket of numbers, beside those of the lanes.
const (
	numberRevision = "revision" // last of the retained topics
	numberBirth    = "birth"    // last connection
	numberCommand  = "command"  // highest counter of a command that was obeyed
)

// How much is deleted with one commit. An alarm may wait for it, so it is
// bounded; but never less than the commit adds, or a long burst would outrun it.
const (
	mostDeleted     = 512
	mostDeletedIdle = 2048
)

// Marks returns the numbers of a lane.
func (s *Store) Marks(name devices.Lane) Marks {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[name]
	if l == nil {
		return Marks{}
	}
	return l.marks()
}

// MarkSent says that the broker has every record of a lane up to a number. A
// mark never falls and never passes the last record. It is saved with the next
// commit, or when the store has rested for a minute: after a crash a few records are
// sent again.
func (s *Store) MarkSent(name devices.Lane, upto uint64) {
	s.mark(name, func(l *lane) *uint64 { return &l.sent }, upto)
}

// MarkReceived says the same of the platform.
func (s *Store) MarkReceived(name devices.Lane, upto uint64) {
	s.mark(name, func(l *lane) *uint64 { return &l.received }, upto)
}

func (s *Store) mark(name devices.Lane, of func(*lane) *uint64, upto uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[name]
	if l == nil || s.deaf {
		return
	}
	m := of(l)
	if upto = min(upto, l.last); upto > *m {
		*m = upto
		s.soil()
		s.tellMoved()
	}
}

// Moved returns a channel that is closed when next a mark moves, or the file is
// replaced. Get it, then read the marks, then wait for it.
func (s *Store) Moved() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved == nil {
		s.moved = make(chan struct{})
	}
	return s.moved
}

// tellMoved lets who waits for Moved look. Store.mu is held.
func (s *Store) tellMoved() {
	if s.moved != nil { // somebody asked
		close(s.moved)
		s.moved = nil
	}
}

// soil says that there is something to save when the store rests, and lets the
// writer know it. Store.mu is held.
func (s *Store) soil() {
	if !s.dirty {
		s.dirty = true
		wake(s.kick)
	}
}

// doneUpto is the highest number of a lane that is done.
func (s *Store) doneUpto(name devices.Lane, m Marks) uint64 {
	if s.opt.Receipt == ReceiptPlatform && name != devices.ReadingLane {
		return m.Received
	}
	return m.Sent
}

// excess is how many records of a lane may be deleted from store.db, with marks as
// given: events that are done, and alarms that lie in their history. Store.mu is held.
func (s *Store) excess(l *lane, m Marks) uint64 {
	upto := l.moved
	switch l.name {
	case devices.ReadingLane:
		return 0
	case devices.EventLane:
		upto = s.doneUpto(l.name, m)
	}
	return max(upto+1, l.hot) - l.hot
}

// finish adds to a transaction what goes along with any: the open conditions if
// they changed, the marks, and the deletion of what is done. A transaction that
// holds nothing at all is not committed.
func (c *change) finish() error {
	if c.opens {
		if err := c.saveOpen(); err != nil {
			return err
		}
	}
	c.look()
	if err := c.saveMarks(); err != nil {
		return err
	}
	if err := c.saveTold(); err != nil {
		return err
	}
	if err := c.saveGaps(); err != nil {
		return err
	}
	if err := c.sweepSalvaged(); err != nil {
		return err
	}
	if err := c.sweep(); err != nil {
		return err
	}
	if err := c.saveWeights(); err != nil {
		return err
	}
	c.findOldest()
	if !c.any {
		return sound.ErrUnchanged
	}
	return nil
}

// allMarks returns the marks of all lanes.
func (s *Store) allMarks() map[devices.Lane]Marks {
	s.mu.Lock()
	defer s.mu.Unlock()
	marks := make(map[devices.Lane]Marks)
	for name, l := range s.lanes {
		marks[name] = l.marks()
	}
	return marks
}

// look takes down the marks as they are now.
func (c *change) look() {
	c.marks, c.told = c.s.allMarks(), make(map[string]uint64)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.lostGaps = slices.Clone(c.s.lostGaps)
	for key, revision := range c.s.told {
		c.told[key] = revision
	}
}

// saveMarks writes the marks that moved.
func (c *change) saveMarks() error {
	numbers := c.s.numbers
	save := func(name string, n uint64) error {
		if numbers.kept[name] == n {
			return nil
		}
		c.any = true
		return numbers.put(c.tx, name, n)
	}
	if err := save(numberReceipt, c.s.opt.word()); err != nil {
		return err
	}
	for name, l := range c.s.lanes {
		m := c.marks[name]
		if err := save(l.sentName(), m.Sent); err != nil {
			return err
		}
		if err := save(l.receivedName(), m.Received); err != nil {
			return err
		}
	}
	// The files of readings know it too, as long as they are there.
	l := c.s.lanes[devices.ReadingLane]
	if last := c.marks[l.name].Last; c.any && numbers.kept[l.lastName()] != last {
		return numbers.put(c.tx, l.lastName(), last)
	}
	return nil
}

// sweep deletes what is done: the tree of a lane that is drained stays one page
// deep, and a lonely event then costs half the bytes.
func (c *change) sweep() error {
	budget := uint64(max(mostDeleted, c.added))
	if c.added == 0 {
		budget = mostDeletedIdle
	}
	for _, name := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
		l := c.s.lanes[name]
		c.s.mu.Lock()
		n := min(c.s.excess(l, c.marks[name]), budget)
		c.s.mu.Unlock()
		first, upto := c.hot(l), l.hot+n-1
		if n == 0 || upto < first {
			continue
		}
		budget -= n
		c.any = true
		if _, err := c.remove(l, first, upto); err != nil {
			return err
		}
	}
	return c.makeRoom()
}
