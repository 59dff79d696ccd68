package store

import (
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// How much one Read returns at most. It bounds memory, and how long the pages
// it looks at cannot be used again.
const (
	mostRead      = 512
	mostReadBytes = 1 << 20
)

// A DamageError tells of records that lie in the file and are not what was
// written: their checksum or their number is wrong. It is ErrDamaged.
type DamageError struct {
	Lane devices.Lane
	Seqs []uint64 // ascending; 0 for a record whose number cannot be read
	Why  error    // of the first
}

// Error tells lane and numbers.
func (e *DamageError) Error() string {
	return fmt.Sprintf("lane %q: %d damaged records %v: %v", e.Lane, len(e.Seqs), e.Seqs, e.Why)
}

// Unwrap is the reason for the first.
func (e *DamageError) Unwrap() error { return e.Why }

// Read returns the committed records of a lane with numbers above after,
// ascending, at most limit, 512 or 1 MiB of them, whichever is least. The
// records are the caller's own.
//
// What is in the file is not yet committed until its sync is done: bbolt shows a
// transaction a moment earlier. Were it given out then, a power cut could take it
// back, and its number would name something else.
//
// A record that was set aside is there as a stub (aside.go).
//
// A *DamageError comes together with the sound records of the same stretch. The
// file is then replaced (renew.go): its records are found again in ReadSalvaged, and
// no mark counts before the next Birth. Any other error comes alone; try it again.
func (s *Store) Read(name devices.Lane, after uint64, limit int) ([]Record, error) {
	l := s.lanes[name]
	if l == nil {
		return nil, fmt.Errorf("lane %q: there is none", name)
	}
	if limit <= 0 || limit > mostRead {
		limit = mostRead
	}
	switch name {
	case devices.ReadingLane:
		return s.readReadings(l, after, limit)
	case devices.AlarmLane:
		return s.readAlarms(l, after, limit)
	}
	return s.readHot(l, after, limit)
}

// readHot reads a stretch of a lane in store.db.
func (s *Store) readHot(l *lane, after uint64, limit int) ([]Record, error) {
	for {
		s.mu.Lock()
		epoch, last, whole := s.epoch, l.last, max(after, l.hot-1, s.doneUpto(l.name, l.marks())) // above whole nothing is missing
		s.mu.Unlock()
		raw, err := s.copyOut(epoch, l.records, after, last, limit)
		if s.Epoch() != epoch {
			continue // what was read may be of another file than the numbers
		}
		if err != nil {
			return nil, fmt.Errorf("lane %q: %w", l.name, err)
		}
		records, err := decode(l.name, raw)
		if err == nil {
			err = s.holes(l, whole, last, records)
		}
		if err != nil {
			s.spoil(epoch, err)
		}
		return records, err
	}
}

// copyOut copies a stretch of records up to a number out of the file of an epoch,
// within the bounds of Read.
func (s *Store) copyOut(epoch Epoch, from records, after, upto uint64, limit int) (raw []pair, err error) {
	err = s.file.View(func(tx *bolt.Tx) error {
		raw = nil
		left := mostReadBytes
		from.walk(tx, after, func(k, v []byte) bool {
			left -= len(v)
			if seqOf(k) > upto || left < 0 && len(raw) > 0 {
				return false
			}
			raw = append(raw, pair{slices.Clone(k), slices.Clone(v)})
			return len(raw) < limit
		})
		return nil
	})
	switch {
	case err == nil:
		return raw, nil
	case errors.Is(err, ErrDamaged):
		s.spoil(epoch, err)
	case errors.Is(err, sound.ErrShut):
		s.mu.Lock()
		defer s.mu.Unlock()
		if err = fmt.Errorf("%w: %w", ErrUnwritable, err); s.queue.closed {
			err = ErrClosed
		}
	}
	return nil, err
}

// holes says what is missing among records above a number, or up to the last where
// there are none: a page that is damaged may show fewer than it has. What was dropped
// is not missing.
func (s *Store) holes(l *lane, whole, last uint64, records []Record) error {
	for _, r := range records {
		if r.Seq <= whole { // whole may be as high as a number gets
			continue
		}
		if err := s.hole(l, whole+1, r.Seq); err != nil {
			return err
		}
		whole = r.Seq
	}
	if len(records) == 0 && whole < last {
		return s.hole(l, whole+1, last+1)
	}
	return nil
}

// hole is an error if a number is missing from first on, and below next.
func (s *Store) hole(l *lane, first, next uint64) error {
	if next <= first || s.dropped(l, first, next-1) {
		return nil
	}
	missing := &DamageError{Lane: l.name, Why: fmt.Errorf("%w: numbers %d to %d are missing", ErrDamaged, first, next-1)}
	for seq := first; seq < next && len(missing.Seqs) < mostRead; seq++ {
		missing.Seqs = append(missing.Seqs, seq)
	}
	return missing
}

// dropped says whether all of some numbers are not there any more by now, because
// they were dropped or are done, or will not be when the commit that drops them, and
// can be seen already, is on disk.
func (s *Store) dropped(l *lane, first, last uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last < max(l.hot, l.leaving) || last <= s.doneUpto(l.name, l.marks()) {
		return true
	}
	return inGaps(sortGaps(s.gaps.kept), l.name, first, last)
}

// A pair is a key and its value, copied out of a transaction.
type pair struct{ key, value []byte }

// decode takes the sound records from a stretch of a lane, and lists the others.
func decode(name devices.Lane, raw []pair) ([]Record, error) {
	records := make([]Record, 0, len(raw))
	bad := &DamageError{Lane: name}
	for _, p := range raw {
		r, err := unframeRecord(name, p.key, p.value)
		if err != nil {
			bad.Seqs = append(bad.Seqs, seqOf(p.key))
			if bad.Why == nil {
				bad.Why = err
			}
			continue
		}
		records = append(records, r)
	}
	if bad.Why != nil {
		return records, bad
	}
	return records, nil
}
