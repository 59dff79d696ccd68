package store

import (
	"time"

	"sitepost/devices"
)

// How long an entry may wait for company, and how much company is enough. A
// commit costs two flushes and two pages or more, however much it carries.
// Windows below 20 ms save nothing at up to 100 events a second.
const (
	eventPatience   = 20 * time.Millisecond
	readingPatience = time.Second

	mostWaiting = 1024      // entries that are committed at once
	mostBytes   = 256 << 10 // and bytes
)

// An entry is one thing for the writer to do in its next transaction.
type entry struct {
	apply    func(*change) error // an error spoils the whole transaction
	patience time.Duration       // 0: commit at once, with all that waits
	size     int                 // bytes, about
	event    bool                // not taken once the store is sealed
	lane     devices.Lane        // of an event
	alarm    *alarm              // to be kept in memory if the disk refuses it; nil is none
	made     *Record             // of the event, when it is answered; nil where nothing was new
	worth    func() bool         // asked with Store.mu held: false is not queued at all; nil is always worth it
	key      string              // what it may change, for Store.pending; "" is nothing
	done     chan error          // room for one; nil: nobody waits, see Store.lose

	bulk  bool   // it is for the binder
	loose *loose // with this reading
}

// A queue is what waits for the writer, or for the binder. It is guarded by
// Store.mu.
type queue struct {
	waiting []*entry
	size    int
	due     time.Time // when they must take what waits; zero is at once
	sealed  bool      // no more events
	closed  bool      // no more anything
}

// patience is how long an event of a lane waits for company.
func patience(l devices.Lane) time.Duration {
	switch l {
	case devices.AlarmLane:
		return 0
	case devices.EventLane:
		return eventPatience
	}
	return readingPatience
}

// enqueue hands an entry to the writer or the binder and wakes it if it is needed earlier than
// it thought. It says whether the entry was worth it.
func (s *Store) enqueue(e *entry) (queued bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, kick := &s.queue, s.kick
	if e.bulk {
		q, kick = &s.bulk, s.kickBulk
	}
	switch {
	case e.event && q.sealed:
		return false, ErrSealed
	case q.closed:
		return false, ErrClosed
	case e.worth != nil && !s.stale && s.pending[e.key] == 0 && !e.worth():
		return false, nil
	case e.lane == devices.EventLane:
		if err := s.refuses(time.Now()); err != nil {
			return false, err
		}
	}
	if e.key != "" {
		s.pending[e.key]++
	}
	if q.add(e, time.Now()) {
		wake(kick)
	}
	return true, nil
}

// add puts an entry at the end. It says whether the queue is now due earlier.
func (q *queue) add(e *entry, now time.Time) (earlier bool) {
	first := len(q.waiting) == 0
	q.waiting = append(q.waiting, e)
	q.size += e.size
	due := now.Add(e.patience)
	if len(q.waiting) >= mostWaiting || q.size >= mostBytes {
		due = time.Time{}
	}
	if !first && !due.Before(q.due) {
		return false
	}
	q.due = due
	return true
}

// take returns all that waits.
func (q *queue) take() []*entry {
	batch := q.waiting
	q.waiting, q.size, q.due = nil, 0, time.Time{}
	return batch
}
