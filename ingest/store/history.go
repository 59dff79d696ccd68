package store

import (
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/segment"
)

// Alarms that are done become history: the binder copies a batch of them into files
// of their own, and when those are on disk the writer deletes them with the next
// append. A crash in between leaves both, so what lies in the history is read there
// and nowhere else:
//
//	… history-….db … moved | hot … store.db … last
//
// A batch is what a few pages hold: history then costs a lonely alarm a few hundred
// bytes, and store.db stays small.
const (
	moveStep  = 64  // done alarms that are worth a commit
	mostMoved = 256 // in one,

	mostMovedBytes = 256 << 10 // and bytes: they fit into an empty file of the smallest size

	mostMoves = 8 // commits in one go: readings wait meanwhile, and behind them the conversations
)

// moveAlarms copies alarms that are done. Of very many, as where the city comes back
// after weeks, it copies some and has the binder come round for the rest.
func (s *Store) moveAlarms() {
	l := s.lanes[devices.AlarmLane]
	for range mostMoves {
		s.mu.Lock()
		first, done := max(l.hot, l.moved+1), min(s.doneUpto(l.name, l.marks()), l.last)
		s.mu.Unlock()
		if done+1 < first+moveStep {
			return
		}
		first, values, err := s.doneAlarms(l, first, done)
		if err == nil && len(values) > 0 {
			err = s.history.Append(first, values)
		}
		if err != nil && segment.Full(err) && s.makeSpace(mostReadBytes) {
			err = s.history.Append(first, values)
		}
		if err != nil {
			s.troubled("alarms that are done stay in store.db", err)
			return
		}
		if len(values) == 0 {
			return
		}
		s.mu.Lock()
		l.moved = first + uint64(len(values)) - 1
		l.settle(s.history)
		s.soil()
		s.mu.Unlock()
	}
	wake(s.kickBulk)
}

// doneAlarms reads a batch of alarms that follow each other.
func (s *Store) doneAlarms(l *lane, from, upto uint64) (first uint64, values [][]byte, err error) {
	err = s.file.View(func(tx *bolt.Tx) error {
		values, first = nil, from
		left := mostMovedBytes
		l.records.walk(tx, from-1, func(k, v []byte) bool {
			seq := seqOf(k)
			if len(values) == 0 {
				first = seq
			}
			if left -= len(v); seq > upto || seq != first+uint64(len(values)) || left < 0 && len(values) > 0 {
				return false
			}
			values = append(values, slices.Clone(v))
			return len(values) < mostMoved
		})
		return nil
	})
	return first, values, err
}

// readAlarms reads a stretch of the alarm lane, from its history and from store.db.
func (s *Store) readAlarms(l *lane, after uint64, limit int) ([]Record, error) {
	for {
		s.mu.Lock()
		moved, closed := l.moved, s.queue.closed
		s.mu.Unlock()
		if closed {
			return nil, fmt.Errorf("lane %q: %w", l.name, ErrClosed)
		}
		if after < moved {
			old, err := s.readLog(l.name, s.history, after, moved, limit)
			if err != nil || len(old) > 0 {
				return old, err
			}
		}
		records, err := s.readHot(l, max(after, moved), limit)
		s.mu.Lock()
		still := l.moved == moved
		s.mu.Unlock()
		if still || err != nil {
			return records, err
		}
		// Some were moved, and perhaps deleted, before they were read.
	}
}

// readReadings reads a stretch of the reading lane.
func (s *Store) readReadings(l *lane, after uint64, limit int) ([]Record, error) {
	s.mu.Lock()
	last, closed := l.last, s.queue.closed
	s.mu.Unlock()
	if closed {
		return nil, fmt.Errorf("lane %q: %w", l.name, ErrClosed)
	}
	records, err := s.readLog(l.name, s.readings, after, last, limit)
	s.stubs(records)
	return records, err
}
