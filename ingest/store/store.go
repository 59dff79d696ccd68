// Package store keeps what a site accepted until the city has it: one bbolt
// file with three lanes of numbered records, and beside them what must be known
// to say whether something is new.
//
// Its rules:
//
//   - [Store.Append] of an alarm or an event returns when the record is on disk.
//     A reading returns when it is queued and is on disk within a second.
//
//   - A record's number is used once for ever within its [Epoch]: the last number
//     of each lane is stored apart and outlives an emptied lane. Numbers have no
//     gaps. A new file has a new epoch.
//
//   - What is new is decided inside the write transaction, against the open
//     conditions, last states and counter baselines of the same file. The copy of
//     them in memory only saves transactions that would change nothing.
//
//   - In that transaction also changes what the retained topics must say.
//
//   - Done records go in the transaction that adds the next ones. The alarm lane
//     keeps the last of them as history.
//
//   - Readings that wait have a bound. Beyond it the oldest are dropped in the
//     transaction that adds the next ones, and counted there (gap.go).
//
//   - Every value carries a checksum that covers its key too, for bbolt's pages
//     have none. A file in which anything is damaged is set aside whole and replaced
//     by one that holds what could be saved (renew.go), and who waits notices nothing.
//
//   - Pictures are files beside store.db, under a bound of their own (album.go).
//     No record waits for one.
//
//     Append ─┐
//     Append ─┼─► waiting ──► writer ──► one transaction ──► mirrors, Changed ──► Append returns
//     Put ────┘   0 ms alarm             records, open conditions,
//     20 ms event            states, counters, current,
//     1 s reading            marks, deletion of what is done
//
// It does not know how a record is sent, which broker there is, or what a
// device is beyond its name. What is not here yet: a bound by age and bytes of all
// that drops the least important first, and files of their own for readings (lane.go
// has their place).
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

var (
	// ErrSealed is returned by Append after Seal or Close.
	ErrSealed = errors.New("store is sealed")

	// ErrClosed is returned by everything else after Close.
	ErrClosed = errors.New("store is closed")

	// ErrRefused is wrapped by the error for an event or a document that can
	// never be stored: an unknown code, a condition without a state, too large.
	// To try it again is useless.
	ErrRefused = errors.New("refused")

	// ErrUnwritable is wrapped when a commit failed. Nothing of it was accepted;
	// after a failed sync it may be there all the same. Try again.
	ErrUnwritable = errors.New("store cannot be written")

	// ErrDamaged is wrapped when bytes of the file are not what was written.
	ErrDamaged = sound.ErrDamaged
)

// The two answers to the question when a record is done.
const (
	ReceiptBroker   = "broker"   // the broker has it
	ReceiptPlatform = "platform" // the platform has it (alarms and events; readings are always done at the broker)
)

// Options say where a store lies and what it keeps.
type Options struct {
	Directory string // made with mode 0700 if absent; holds store.db and lock
	Site      string // a file of another site is refused; "" does not ask
	Receipt   string // ReceiptBroker or ReceiptPlatform; "" is ReceiptBroker
	History   int    // done alarms that are kept, at least; 0 is 10,000
	MaxBytes  int64  // largest store.db; 0 is 256 MiB

	ReadingBytes int64 // how much of it readings that wait may take, about; 0 is a quarter of it. Then the oldest go

	PicturesFor  time.Duration            // how long pictures are kept at most; 0 is 7 days
	PictureBytes int64                    // how much of them; 0 is a quarter of MaxBytes, but 16 MiB at least; never less than one picture
	SendPictures func(camera string) bool // whose pictures are also to be sent; nil: nobody's

	Clock func() Clock // how far the clock can be trusted now; nil: not at all
	Log   *slog.Logger // nil is silent
}

// Defaults of Options.
const (
	defaultHistory  = 10_000
	defaultMaxBytes = 256 << 20
	defaultPictures = 7 * 24 * time.Hour
	leastPictures   = 16 << 20
)

// A Store is open from Open to Close. All its methods may be called from any
// goroutine; Append must not be called from two goroutines at once for the same
// device, code and point if their order matters.
type Store struct {
	opt   Options
	epoch Epoch
	file  *sound.File
	lock  *os.File // of the directory

	lanes    map[devices.Lane]*lane // the map never changes, what it points to does
	numbers  *shelf[uint64]         // last numbers, marks, revision, birth
	open     *shelf[opened]         // open conditions
	states   *shelf[string]         // last word of each state
	counters *shelf[uint64]         // baseline of each counter
	currents *shelf[current]        // retained topics

	identities *shelf[json.RawMessage] // what is known of each device
	gaps       *shelf[Gap]             // what is lost of files before
	damages    *shelf[Damage]          // files that were replaced, not told yet
	album      *album                  // pictures, in files of their own

	kick   chan struct{} // the writer should look at the clock again
	room   chan struct{} // one place for each reading that waits
	ended  chan struct{} // closed when the writer has ended
	close  sync.Once
	closed error // of Close

	broken error     // why the file cannot be used; nil: it can. This and the next two are the writer's own
	retry  time.Time // when to look at it again
	loaded bool      // the mirrors are those of a file

	mu      sync.Mutex        // guards what follows, epoch, the marks of lanes, and what shelves keep
	rescue  rescue            // records saved from damaged files
	spoilt  error             // somebody read what is damaged: the file is to be replaced
	deaf    bool              // marks are of a connection that began with another file
	queue   queue             // what waits for the writer
	pending map[string]int    // queued entries by the key they may change
	told    map[string]uint64 // revisions sent but not yet saved as sent
	dirty   bool              // marks moved or revisions were told since the last commit
	changed chan struct{}     // closed at the next commit
	stale   bool              // a commit failed and the mirrors were not read anew
	failing bool              // the last commit failed
	lost    int               // readings lost since it fails
	commits int               // transactions committed
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
		opt: o, lock: lock, file: sound.At(filepath.Join(o.Directory, "store.db"), o.MaxBytes),
		lanes:    newLanes(),
		numbers:  newShelf[uint64](bucketNumbers),
		open:     newShelf[opened](bucketOpen),
		states:   newShelf[string](bucketStates),
		counters: newShelf[uint64](bucketCounters),
		currents: newShelf[current](bucketCurrents),

		identities: newShelf[json.RawMessage](bucketIdentities),
		gaps:       newShelf[Gap](bucketGaps),
		damages:    newShelf[Damage](bucketDamages),

		kick:    make(chan struct{}, 1),
		room:    make(chan struct{}, mostWaiting),
		ended:   make(chan struct{}),
		pending: make(map[string]int),
		told:    make(map[string]uint64),
		changed: make(chan struct{}),
	}
	s.lanes[devices.ReadingLane].most = o.ReadingBytes
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("store %q: %w", o.Directory, errors.Join(err, s.file.Close(), lock.Close()))
	}
	s.album = openAlbum(s.opt)
	go s.write()
	return s, nil
}

// complete fills in the defaults.
func (o *Options) complete() error {
	switch o.Receipt {
	case "":
		o.Receipt = ReceiptBroker
	case ReceiptBroker, ReceiptPlatform:
	default:
		return fmt.Errorf("unknown receipt %q (broker or platform)", o.Receipt)
	}
	if o.History <= 0 {
		o.History = defaultHistory
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.PicturesFor <= 0 {
		o.PicturesFor = defaultPictures
	}
	if o.PictureBytes <= 0 {
		o.PictureBytes = max(o.MaxBytes/4, leastPictures)
	}
	o.PictureBytes = max(o.PictureBytes, MostPicture)
	if o.ReadingBytes <= 0 {
		o.ReadingBytes = o.MaxBytes / 4
	}
	if o.Clock == nil {
		o.Clock = func() Clock { return Clock{Source: "none"} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
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
	s.queue.sealed = true
	s.mu.Unlock()
	fence := &entry{apply: func(*change) error { return nil }, done: make(chan error, 1)}
	if queued, _ := s.enqueue(fence); queued {
		<-fence.done // its error is that of the entries before it, which were told
	}
}

// Close seals the store, saves the marks, closes the file and gives the lock
// back. Closing again returns the same error.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.Seal()
		s.mu.Lock()
		s.queue.closed = true
		s.mu.Unlock()
		s.wake()
		<-s.ended
		s.album.close()
		if err := errors.Join(s.file.Close(), s.lock.Close()); err != nil {
			s.closed = fmt.Errorf("store %q: %w", s.opt.Directory, err)
		}
	})
	return s.closed
}

// wake makes the writer look again. It never blocks.
func (s *Store) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// idleAfter is how long the store must rest before marks and deletions are worth
// a transaction of their own: each costs flash two flushes and two pages or more.
const idleAfter = 5 * time.Second
