// Package store keeps what a site accepted until the city has it: three lanes of
// numbered records, and beside them what must be known to say whether something is
// new. Alarms, events and all that is known lie in one bbolt file, store.db; readings,
// and alarms that are done, in files of their own that go whole.
//
// Its rules:
//
//   - [Store.Append] of an alarm or an event returns when the record is on disk.
//     A reading returns when it is queued and is on disk within a second.
//
//   - A record's number is used once for ever within its [Epoch]: the last number
//     of each lane is stored apart and outlives an emptied lane. A new file has a
//     new epoch. A number that has no record is told as a gap.
//
//   - What is new is decided inside the write transaction, against the open
//     conditions, last states and counter baselines of the same file. The copy of
//     them in memory only saves transactions that would change nothing.
//
//   - In that transaction also changes what the retained topics must say.
//
//   - Done records go in the transaction that adds the next ones; alarms become
//     history before (history.go).
//
//   - Everything has a bound. Beyond it go readings, sent pictures, history, events
//     and, last, alarms (room.go, shed.go); what was not done is counted (gap.go).
//
//   - While the disk refuses, alarms are kept in memory to be forwarded from there
//     (volatile.go), and what is lost of the rest is counted (lost.go).
//
//   - Every value carries a checksum that covers its key too, for bbolt's pages
//     have none. A file in which anything is damaged is set aside whole and replaced
//     by one that holds what could be saved (renew.go), and who waits notices nothing.
//
//   - Pictures are files beside store.db, under a bound of their own (package album).
//     No record waits for one.
//
// So an event goes:
//
//	Append ─┐
//	Append ─┼─► waiting ──► writer ──► one transaction ──► mirrors, Changed ──► Append returns
//	Put ────┘   0 ms alarm             records, open conditions,
//	            20 ms event            states, counters, current,
//	                                   marks, deletion of what is done
//
//	Append(reading) ─► 1 s ─► binder ─► readings-….db, history-….db
//
// It does not know how a record is sent, which broker there is, or what a
// device is beyond its name.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/album"
	"sitepost/ingest/store/segment"
	"sitepost/ingest/store/sound"
)

var (
	// ErrSealed is returned by Append after Seal or Close.
	ErrSealed = errors.New("store is sealed")

	// ErrClosed is returned by everything else after Close.
	ErrClosed = errors.New("store is closed")

	// ErrRefused is wrapped by the error for an event or a document that can
	// never be stored: an unknown code, a condition without a state, too large. To
	// try it again is useless. A picture is refused likewise.
	ErrRefused = album.ErrRefused

	// ErrUnwritable is wrapped when a commit failed. Nothing of it was accepted;
	// after a failed sync it may be there all the same. Try again.
	ErrUnwritable = errors.New("store cannot be written")

	// ErrLost is wrapped, beside ErrUnwritable, when the disk refuses for so long
	// that an event is lost, and counted. To try it again is useless.
	ErrLost = errors.New("event is lost")

	// ErrDamaged is wrapped when bytes of the file are not what was written.
	ErrDamaged = sound.ErrDamaged
)

// The two answers to the question when a record is done.
const (
	ReceiptBroker   = "broker"   // the broker has it
	ReceiptPlatform = "platform" // the platform has it (alarms and events; readings are always done at the broker)
)

// A Store is open from Open to Close. All its methods may be called from any
// goroutine; Append must not be called from two goroutines at once for the same
// device, code and point if their order matters.
type Store struct {
	opt   Options
	epoch Epoch
	file  *sound.File
	lock  *os.File // of the directory

	readings *segment.Log // in files of their own, as are
	history  *segment.Log // alarms that are done

	lanes    map[devices.Lane]*lane // the map never changes, what it points to does
	numbers  *shelf[uint64]         // last numbers, marks, revision, birth
	open     *shelf[opened]         // open conditions
	states   *shelf[string]         // last word of each state
	counters *shelf[uint64]         // baseline of each counter
	currents *shelf[current]        // retained topics
	gaps     *shelf[Gap]            // what is missing and was not told

	identities *shelf[json.RawMessage] // what is known of each device
	damages    *shelf[Damage]          // files that were replaced, not told yet
	album      *album.Album            // pictures, in files of their own

	kick     chan struct{} // the writer should look at the clock again
	kickBulk chan struct{} // likewise the binder
	room     chan struct{} // one place for each reading that waits
	ended    chan struct{} // closed when the writer has ended
	bound    chan struct{} // likewise the binder
	close    sync.Once
	closed   error // of Close

	broken  error     // why the file cannot be used; nil: it can. This and the next two are the writer's own
	retry   time.Time // when to look at it again
	tighten time.Time // before this it is not written anew for want of room

	binding sync.Mutex // held by the binder at work, and by the writer while it replaces the file; before mu
	former  former     // the epoch before this one

	mu      sync.Mutex        // guards what follows, former, loaded, epoch, the marks of lanes, and what shelves keep
	loaded  bool              // the mirrors are those of a file
	rescue  rescue            // records saved from damaged files
	spoilt  error             // somebody read what is damaged: the file is to be replaced
	deaf    bool              // marks are of a connection that began with another file
	queue   queue             // what waits for the writer
	bulk    queue             // what waits for the binder
	pending map[string]int    // queued entries by the key they may change
	told    map[string]uint64 // revisions sent but not yet saved as sent
	dirty   bool              // marks moved or revisions were told since the last commit
	changed chan struct{}     // closed at the next commit
	moved   chan struct{}     // closed when next a mark moves; nil: nobody waits for it
	stale   bool              // a commit failed and the mirrors were not read anew
	failing bool              // the last commit failed
	refusal error             // why it, or an earlier one, did
	lost    int               // readings lost since it fails
	ring    ring              // alarms that the disk refused
	outage  outage            // and what it cost

	lostGaps []Gap // noted and not saved yet
	commits  int   // transactions committed
	written  int64 // bytes in them
	used     int64 // of store.db
	drops    map[Drop]uint64
	aside    map[uint64]Epoch // numbers of readings that were set aside, and whose they are

	opened time.Time
	pulses struct{ writer, binder pulse }

	// The binder's own.
	tidied  time.Time            // when it last looked at the disk
	expired time.Time            // and had events looked at
	low     bool                 // the disk is nearly full
	groaned map[string]time.Time // what it said it cannot do
	bundled bool                 // the files beside store.db are open
}

// Open opens the store in a directory, or makes a new one with a new epoch, and
// holds its lock until Close. A directory in use is an error that names the
// process. A file that is not sound is replaced by a new one with what could be
// saved (renew.go), and Damages tells of it; while the disk does not allow that,
// nothing can be written, and it is tried again each second.
func Open(o Options) (*Store, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("store %q: %w", o.Directory, err)
	}
	lock, err := takeLock(o.Directory)
	if err != nil {
		return nil, fmt.Errorf("store %q: %w", o.Directory, err)
	}
	s := &Store{
		opt: o, lock: lock, file: fileAt(o),
		lanes:    newLanes(),
		numbers:  newShelf[uint64](bucketNumbers),
		open:     newShelf[opened](bucketOpen),
		states:   newShelf[string](bucketStates),
		counters: newShelf[uint64](bucketCounters),
		currents: newShelf[current](bucketCurrents),
		gaps:     newShelf[Gap](bucketGaps),

		identities: newShelf[json.RawMessage](bucketIdentities),
		damages:    newShelf[Damage](bucketDamages),

		kick:     make(chan struct{}, 1),
		kickBulk: make(chan struct{}, 1),
		room:     make(chan struct{}, mostWaiting),
		ended:    make(chan struct{}),
		bound:    make(chan struct{}),
		pending:  make(map[string]int),
		told:     make(map[string]uint64),
		changed:  make(chan struct{}),
		drops:    make(map[Drop]uint64),
		aside:    make(map[uint64]Epoch),
		opened:   time.Now(),
		groaned:  make(map[string]time.Time),
	}
	s.ring.most = o.Volatile
	s.makeLogs()
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("store %q: %w", o.Directory, errors.Join(err, s.file.Close(), lock.Close()))
	}
	s.openLogs()
	s.album = album.Open(album.Options{
		Directory: filepath.Join(o.Directory, "pictures"), Within: s.opt.PicturesFor, Most: s.opt.PictureBytes, Log: s.opt.Log,
	})
	go s.write()
	go s.bind()
	return s, nil
}

// Epoch returns the name of the file. It changes when a damaged one is replaced.
func (s *Store) Epoch() Epoch {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}

// Changed returns a channel that is closed at the next commit that brings a
// record or a retained topic. Get it, then read, then wait for it.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Seal ends the taking of events: Append fails with ErrSealed from now on, and
// all it accepted is on disk when Seal returns. Everything else goes on.
func (s *Store) Seal() {
	s.mu.Lock()
	s.queue.sealed, s.bulk.sealed = true, true
	s.mu.Unlock()
	for _, bulk := range []bool{true, false} {
		fence := &entry{bulk: bulk, apply: func(*change) error { return nil }, done: make(chan error, 1)}
		if queued, _ := s.enqueue(fence); queued {
			<-fence.done // its error is that of the entries before it, which were told
		}
	}
}

// Close seals the store, saves the marks, closes the file and gives the lock
// back. Closing again returns the same error.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.Seal()
		for _, last := range []struct { // the binder first: what it drops the writer notes
			*queue
			kick, ended chan struct{}
		}{{&s.bulk, s.kickBulk, s.bound}, {&s.queue, s.kick, s.ended}} {
			s.mu.Lock()
			last.queue.closed = true
			s.mu.Unlock()
			wake(last.kick)
			<-last.ended
		}
		s.mu.Lock()
		if n := len(s.ring.kept); n > 0 {
			s.opt.Log.Error("alarms were only in memory, and end with it", "alarms", n, "forwarded_up_to", s.ring.sent, "last", s.ring.last)
		}
		s.mu.Unlock()
		s.album.Close()
		if err := errors.Join(s.closeLogs(), s.file.Close(), s.lock.Close()); err != nil {
			s.closed = fmt.Errorf("store %q: %w", s.opt.Directory, err)
		}
	})
	return s.closed
}

// wake makes the writer or the binder look again. It never blocks.
func wake(kick chan struct{}) {
	select {
	case kick <- struct{}{}:
	default:
	}
}

// idleAfter is how long the store must rest before marks and deletions are worth
// a transaction of their own: each costs flash two flushes and two pages or more.
// After a crash what was sent since is sent again.
const idleAfter = time.Minute
