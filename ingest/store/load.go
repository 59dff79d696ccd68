package store

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sitepost/devices"
)

// load reads the file into memory when it is opened. A file that is not ours is
// not touched.
//
// A file of another epoch than the one before takes everything that was known of
// that with it, and readers are told that something changed.
func (s *Store) load() error {
	var epoch Epoch
	err := s.file.View(func(tx *bolt.Tx) (err error) {
		epoch, err = s.loadWords(tx)
		return err
	})
	if err != nil {
		return err
	}
	if err := furnish(s.file); err != nil && !errors.Is(err, berrors.ErrDatabaseReadOnly) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.View(func(tx *bolt.Tx) error {
		if err := s.loadMirrors(tx); err != nil {
			return err
		}
		if epoch != s.epoch {
			s.begin(epoch)
		}
		for _, l := range s.lanes {
			l.sent, l.received = max(l.sent, s.numbers.kept[l.sentName()]), max(l.received, s.receivedIn(l))
		}
		s.stale = false
		return nil
	})
}

// begin forgets what was said of the epoch before. Store.mu is held.
func (s *Store) begin(epoch Epoch) {
	s.deaf = s.deaf || s.epoch != ""
	for i := range s.lostGaps { // noted until this moment, and not saved
		s.lostGaps[i].Epoch = cmp.Or(s.lostGaps[i].Epoch, s.epoch)
	}
	s.epoch = epoch
	for _, l := range s.lanes {
		l.sent, l.received, l.moved, l.leaving = 0, 0, 0, 0
		l.oldestOf, l.oldest = 0, time.Time{}
		if l.records == nil {
			l.first, l.last = 1, 0
		}
	}
	s.rescue.sent = 0
	clear(s.told)
	s.speak()
	s.tellMoved()
}

// loadWords reads whose file it is.
func (s *Store) loadWords(tx *bolt.Tx) (Epoch, error) {
	words := newShelf[string](bucketWords)
	if err := complete(tx); err != nil {
		return "", err
	}
	if err := words.load(tx); err != nil {
		return "", err
	}
	site := words.kept["site"]
	switch {
	case words.kept["format"] == "" || words.kept["epoch"] == "":
		return "", fmt.Errorf("%w: it does not say what it is", ErrDamaged)
	case words.kept["format"] != format:
		return "", fmt.Errorf("format %q of store.db is unknown (it is of another version of sitepost)", words.kept["format"])
	case s.opt.Site != "" && site != "" && site != s.opt.Site:
		return "", fmt.Errorf("store.db is of site %q, not of %q (is this a copied disk? move it away: a new one is made)", site, s.opt.Site)
	}
	return Epoch(words.kept["epoch"]), nil
}

// complete asks whether all buckets are there that every file has.
func complete(tx *bolt.Tx) error {
	for _, name := range buckets() {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%w: bucket %q is missing", ErrDamaged, name)
		}
	}
	return nil
}

// loadMirrors reads what is kept in memory, marks apart: those in memory may be
// ahead of those on disk.
func (s *Store) loadMirrors(tx *bolt.Tx) error {
	for _, shelf := range s.shelves() {
		if err := shelf.load(tx); err != nil {
			return err
		}
	}
	var wrong error
	s.rescue.load(tx, s.numbers.kept)
	for _, l := range s.lanes {
		if l.records == nil {
			continue
		}
		l.last = s.numbers.kept[l.lastName()]
		l.hot = l.last + 1
		if first, last, any := l.records.ends(tx); any {
			l.hot = first
			if last != l.last {
				wrong = errors.Join(wrong, fmt.Errorf("%w: lane %q ends at %d, its last number is %d", ErrDamaged, l.name, last, l.last))
			}
		}
		l.first = l.hot
		if l.name == devices.AlarmLane && s.history != nil {
			l.settle(s.history)
		}
	}
	return wrong
}

// shelves are all of them.
func (s *Store) shelves() []interface {
	settle()
	forget()
	load(tx *bolt.Tx) error
} {
	return []interface {
		settle()
		forget()
		load(tx *bolt.Tx) error
	}{s.numbers, s.open, s.states, s.counters, s.currents, s.identities, s.gaps, s.damages}
}
