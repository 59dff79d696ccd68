package store

import (
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sitepost/devices"
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
// A *DamageError comes together with the sound records of the same stretch; go
// on above the highest number of both. Any other error comes alone.
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
	name := l.name
	var raw []pair
	last := s.Marks(name).Last
	err := s.file.View(func(tx *bolt.Tx) error {
		raw = nil
		left := mostReadBytes
		l.records.walk(tx, after, func(k, v []byte) bool {
			left -= len(v)
			if seqOf(k) > last || left < 0 && len(raw) > 0 {
				return false
			}
			raw = append(raw, pair{slices.Clone(k), slices.Clone(v)})
			return len(raw) < limit
		})
		return nil
	})
	if err != nil {
		if errors.Is(err, berrors.ErrDatabaseNotOpen) {
			err = ErrClosed
		}
		return nil, fmt.Errorf("lane %q: %w", name, err)
	}
	return decode(name, raw)
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
