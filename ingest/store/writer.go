package store

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// write is the writer: the only goroutine that changes the file. It ends when
// the store is closed and nothing waits.
func (s *Store) write() {
	defer close(s.ended)
	timer := time.NewTimer(idleAfter)
	defer timer.Stop()
	last := time.Now() // end of the last commit
	for {
		s.pulses.writer.Add(1)
		batch, wait, closed := s.next(last)
		switch {
		case wait <= 0:
			more := s.commit(batch)
			last = time.Now()
			if more && len(batch) == 0 {
				last = last.Add(-idleAfter) // still at rest: go on with what is done
			}
			continue
		case closed:
			s.retry = time.Time{} // now or never
			s.commit(nil)         // the marks
			return
		}
		timer.Reset(wait)
		select {
		case <-s.kick:
		case <-timer.C:
		}
	}
}

// next returns what is to be committed now, or how long there is nothing to do.
// A batch of nothing is worth a commit when marks moved and the store rests.
func (s *Store) next(last time.Time) (batch []*entry, wait time.Duration, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case len(s.queue.waiting) > 0 && (s.queue.closed || !s.queue.due.After(now)):
		return s.queue.take(), 0, false
	case len(s.queue.waiting) > 0:
		return nil, s.queue.due.Sub(now), false
	case s.queue.closed:
		return nil, idleAfter, true
	case s.spoilt != nil && s.broken == nil:
		return nil, 0, false
	case s.broken != nil:
		return nil, s.retry.Sub(now), false
	case s.behind():
		return nil, s.outage.failed.Add(catchUpEvery).Sub(now), false
	case s.dirty:
		return nil, last.Add(idleAfter).Sub(now), false
	}
	return nil, idleAfter, false
}

// commit writes a batch in one transaction and answers all who wait for it. An
// entry that cannot be applied is answered alone and the others go without it. A
// file that turns out to be damaged is replaced, and one whose disk fails is looked
// at anew, and then the batch is tried again: nobody who waits hears of it where the
// new file can take it. It says whether there is more to delete.
func (s *Store) commit(batch []*entry) (more bool) {
	if err := s.resting(); err != nil && len(batch) > 0 {
		s.answer(batch, err)
		return false
	}
	rest := batch
	for tries := 0; ; {
		if err := s.ready(); err != nil {
			s.answer(rest, err)
			return false
		}
		more, culprit, err := s.try(rest)
		if err == nil {
			s.answer(rest, nil)
			return more
		}
		if culprit >= 0 && !errors.Is(err, ErrDamaged) {
			s.answer(rest[culprit:culprit+1], err)
			rest = append(rest[:culprit:culprit], rest[culprit+1:]...)
			if len(rest) == 0 {
				return false
			}
			continue
		}
		s.fail(err)
		if tries++; tries > mostTries || noRoom(err) {
			s.answer(rest, err)
			return false
		}
	}
}

// mostTries is how often a batch is tried again.
const mostTries = 2

// try runs transactions until one takes the batch, each after more room was made for
// it. more and culprit are those of settle and attempt.
func (s *Store) try(batch []*entry) (more bool, culprit int, err error) {
	for squeezed := 0; ; squeezed++ {
		c := s.newChange()
		committed, culprit, err := s.attempt(c, batch)
		if err == nil {
			return s.settle(c, committed), culprit, nil
		}
		s.forget()
		if !errors.Is(err, berrors.ErrMaxSizeReached) || squeezed == mostSqueezes || !s.squeeze(c, s.opt.MaxBytes/32<<squeezed) {
			return false, culprit, err
		}
	}
}

// newChange begins a transaction of now.
func (s *Store) newChange() *change {
	return &change{s: s, now: time.Now(), clock: s.opt.Clock()}
}

// attempt runs one transaction. culprit is the entry that spoiled it, -1 if it
// was none of them.
func (s *Store) attempt(c *change, batch []*entry) (committed bool, culprit int, err error) {
	culprit = -1
	committed, err = s.file.Update(func(tx *bolt.Tx) error {
		c.tx, c.used = tx, usedIn(tx)
		if err := c.catchUp(); err != nil {
			return err
		}
		for i, e := range batch {
			culprit = i
			if err := e.apply(c); err != nil {
				return err
			}
		}
		culprit = -1
		if len(batch) > 0 && !c.any {
			return sound.ErrUnchanged
		}
		return c.finish()
	})
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return committed, culprit, err
}

// settle takes a transaction into the mirrors, if it was committed.
func (s *Store) settle(c *change, committed bool) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if committed {
		s.take(c)
		s.lostSaved(c.lostGaps)
	}
	for key, revision := range c.told {
		if s.told[key] == revision {
			delete(s.told, key)
		}
	}
	s.dirty, more = s.unsaved()
	if committed && c.spoken {
		s.speak()
	}
	return more
}

// speak lets who waits for Changed look. Store.mu is held.
func (s *Store) speak() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// take makes the mirrors what the file is now. Store.mu is held.
func (s *Store) take(c *change) {
	for _, shelf := range s.shelves() {
		shelf.settle()
	}
	for _, l := range s.lanes {
		if l.records == nil {
			continue
		}
		l.last = s.numbers.kept[l.lastName()]
		l.hot = max(l.hot, c.firsts[l.name])
		l.settle(s.history)
	}
	s.account(c)
	s.caughtUp(c)
	if c.rescued > 0 {
		s.rescue.first = c.rescued
	}
	if c.lightened {
		s.rescue.last = c.spared
	}
	if s.failing {
		s.opt.Log.Info("store can be written again", "readings_lost", s.lost)
		s.failing, s.lost = false, 0
	}
}

// unsaved says whether a transaction would have anything to save, and whether
// that includes records to delete. Store.mu is held.
func (s *Store) unsaved() (dirty, more bool) {
	dirty, more = s.rescue.unsaved(s.numbers.kept)
	dirty = dirty || len(s.told) > 0 || len(s.lostGaps) > 0 || s.numbers.kept[numberReceipt] != s.opt.word()
	for _, l := range s.lanes {
		more = more || s.excess(l, l.marks()) > 0
		dirty = dirty || s.numbers.kept[l.sentName()] != l.sent || s.numbers.kept[l.receivedName()] != l.received
	}
	return dirty || more, more
}

// forget drops what a transaction that was not committed had changed.
func (s *Store) forget() {
	for _, shelf := range s.shelves() {
		shelf.forget()
	}
}

// fail is told why a commit failed. A disk that is full left the file as it was:
// the mirrors are read anew. After any other error what the file holds is
// uncertain: after a failed sync the pages in memory are not those on disk. So it is
// closed, and ready looks at it. Damage has it replaced.
func (s *Store) fail(err error) {
	if errors.Is(err, ErrDamaged) {
		s.spoil(s.Epoch(), err)
		return
	}
	_ = s.file.Close() // it is not to be trusted, whatever it says
	s.broken = err
	if noRoom(err) && s.openFull(err) == nil { // who waits may have had too much, and the next one less
		s.broken = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal, s.outage.failed = err, time.Now()
	if !s.failing {
		s.failing = true
		s.opt.Log.Error("store cannot be written", "directory", s.opt.Directory, "err", err)
	}
	// Of a file that was closed the mirrors are the last commit that is certain: what
	// is known from it is known, and need not be said again and again meanwhile.
	s.stale = s.broken == nil && s.file.View(s.loadMirrors) != nil
}

// answer tells who waits for the entries how it went.
func (s *Store) answer(batch []*entry, err error) {
	s.mu.Lock()
	for _, e := range batch {
		if err == nil && e.lane == devices.EventLane {
			s.outage.since = time.Time{}
		}
		if e.key == "" {
			continue
		}
		if s.pending[e.key]--; s.pending[e.key] == 0 {
			delete(s.pending, e.key)
		}
	}
	s.mu.Unlock()
	for _, e := range batch {
		if e.done != nil {
			e.done <- s.console(e, err)
			continue
		}
		if err != nil {
			s.lose(err)
		}
		<-s.room
	}
}

// lose counts a reading that nobody waits for, for the log: the binder told its
// number as a gap. Readings are the first thing to go: to keep them would block the
// conversations that have alarms to tell.
func (s *Store) lose(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost++
	if !s.failing {
		s.opt.Log.Error("reading lost", "err", err)
	}
}
