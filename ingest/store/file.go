package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"sitepost/devices"
)

// The buckets of store.db. The lanes have one each beside these, see laneBucket.
// Buckets of up to a quarter of a page lie inside the root page: a lonely event
// of a store that is otherwise drained costs that page and bbolt's own.
const (
	bucketWords    = "words"    // format, epoch, site
	bucketNumbers  = "numbers"  // last numbers, marks, revision, birth
	bucketOpen     = "open"     // open conditions, by device, code and point
	bucketStates   = "states"   // what each state last was, likewise
	bucketCounters = "counters" // what each counter last showed, likewise
	bucketCurrents = "currents" // retained topics, by key

	bucketIdentities = "identities" // what is known of a device, by its name
)

// buckets lists those that every file has. A file that was made before there
// were identities has none: see file.furnish.
func buckets() [][]byte {
	var names [][]byte
	for _, name := range []string{bucketWords, bucketNumbers, bucketOpen, bucketStates, bucketCounters, bucketCurrents} {
		names = append(names, []byte(name))
	}
	for _, l := range devices.Lanes() {
		names = append(names, laneBucket(l))
	}
	return names
}

// format is that of the whole file; another one is not read.
const format = "1"

// A file is an open store.db and the lock on its directory.
type file struct {
	db   *bolt.DB
	lock *os.File
}

// openFile takes the lock, makes store.db if there is none, and opens it.
func openFile(o Options) (*file, error) {
	if err := os.MkdirAll(o.Directory, 0o700); err != nil {
		return nil, err
	}
	lock, err := takeLock(filepath.Join(o.Directory, "lock"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(o.Directory, "store.db")
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path, o.Site); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	if err := sound(path); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (move store.db away: a new one is made)", err), lock.Close())
	}
	db, err := openBolt(path, o.MaxBytes)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &file{db: db, lock: lock}, nil
}

// close closes store.db and gives the lock back.
func (f *file) close() error {
	return errors.Join(guard(f.db.Close), f.lock.Close())
}

// takeLock holds a lock file until it is closed. The number of the process
// stands in it. The file stays: removing it would let two processes hold two
// files of one name.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %q: %w", path, err)
		}
		var who [32]byte
		n, _ := f.ReadAt(who[:], 0)
		return nil, fmt.Errorf("in use by process %s (stop it first)", strings.TrimSpace(string(who[:n])))
	}
	if err := errors.Join(f.Truncate(0), writePid(f)); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %q: %w", path, err), f.Close())
	}
	return f, nil
}

func writePid(f *os.File) error {
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// create makes a new store.db with all its buckets and a new epoch. It gets its
// name when it is whole and on disk: a power cut while bbolt lays out a file
// leaves one that makes it panic.
func create(path, site string) error {
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := openBolt(tmp, defaultMaxBytes)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error { return layOut(tx, site) })
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := syncPath(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	directory := filepath.Dir(path)
	if err := syncPath(directory); err != nil {
		return err
	}
	// The directory may be new itself; where we may not read its parent it is not.
	if err := syncPath(filepath.Dir(directory)); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// layOut makes the buckets. A new epoch begins with no condition open, and the
// broker is to hear that: what is retained there may be of the epoch before.
func layOut(tx *bolt.Tx, site string) error {
	for _, name := range append(buckets(), []byte(bucketIdentities)) {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	words, numbers, currents := newShelf[string](bucketWords), newShelf[uint64](bucketNumbers), newShelf[current](bucketCurrents)
	return errors.Join(
		words.put(tx, "format", format),
		words.put(tx, "epoch", hex.EncodeToString(id[:])),
		words.put(tx, "site", site),
		numbers.put(tx, numberRevision, 1),
		currents.put(tx, keyOpen, current{Revision: 1, Doc: json.RawMessage(`{"open":[]}`)}),
	)
}

// furnish makes the bucket that files of the same format did not always have,
// where it is missing. A file that has it is not written.
func (f *file) furnish() error {
	missing := false
	err := f.view(func(tx *bolt.Tx) error {
		missing = tx.Bucket([]byte(bucketIdentities)) == nil
		return nil
	})
	if err != nil || !missing {
		return err
	}
	_, err = f.update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte(bucketIdentities))
		return err
	})
	return err
}

// openBolt opens a file with the options that were found right for a log:
//
//   - The free list is kept in memory as a map and not written: after a drained
//     backlog it would be rewritten with every commit, 20 times the bytes.
//   - The map of the file is as large as the file may get: enlarging it waits for
//     every reader. bbolt then grows the file in steps of AllocSize, 16 MiB
//     unless told otherwise.
//   - MaxSize is a backstop: bbolt refuses one step early.
func openBolt(path string, maxBytes int64) (db *bolt.DB, err error) {
	const step = 1 << 20
	var opened *os.File
	err = guard(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout:         time.Second,
			FreelistType:    bolt.FreelistMapType,
			NoFreelistSync:  true,
			InitialMmapSize: int(maxBytes),
			MaxSize:         int(maxBytes) + step,
			OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
				f, err := os.OpenFile(name, flag, mode)
				opened = f
				return f, err
			},
		})
		return err
	})
	if err != nil {
		if opened != nil {
			opened.Close() // bbolt leaves it, and its lock, where it panics
		}
		return nil, fmt.Errorf("open %q: %w", path, err)
	}
	db.AllocSize = step
	return db, nil
}

// syncPath puts a file or a directory on disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// lockWithin is how long a lock that somebody has is tried for: a daemon that is
// started again may come before the old one is quite gone, and a process that
// starts another one holds its locks for a moment longer.
const lockWithin = 2 * time.Second

// flock takes the lock on a file, and says EWOULDBLOCK if somebody keeps it.
func flock(f *os.File) error {
	for end := time.Now().Add(lockWithin); ; time.Sleep(lockWithin / 40) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			return err
		}
	}
}
