// Package sound keeps values in a bbolt file that may be damaged without ending
// the process: bbolt trusts every page it maps, panics on those it does not
// understand, and has no checksum on any of its data.
//
//   - [Check] walks all pages before bbolt maps them.
//   - [File.View] and [File.Update] turn panics and faults into [ErrDamaged].
//   - [Frame] gives each value a checksum that covers its key; [Unframe] checks it.
//   - [Create] gives a file its name when it is whole and on disk.
//   - [Replace] puts a new file in the place of a damaged one, which is set aside
//     whole; [Salvage] reads what is left in that.
//   - [Take] holds the lock by which a directory has one process.
//
// It does not know what is kept.
package sound

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// ErrDamaged is wrapped when bytes of a file are not what was written.
var ErrDamaged = errors.New("store is damaged")

// ErrShut is returned by what is asked of a file that is not open.
var ErrShut = errors.New("file is not open")

// A File is a bbolt file that can be closed and opened again while others hold
// it: what they ask meanwhile is ErrShut. Open, Close and Update are for one
// goroutine, View for any.
type File struct {
	path string
	most int64
	how  options

	mu    sync.Mutex // guards what follows, and is held while a transaction begins
	db    *bolt.DB   // nil: not open
	under *os.File   // what db has open
	stuck bool       // db kept its locks in a panic
}

// At is a file that is not open. It grows to at most so many bytes, about.
func At(path string, maxBytes int64, how ...Option) *File {
	f := &File{path: path, most: maxBytes}
	for _, set := range how {
		set(&f.how)
	}
	return f
}

// Open opens a file that grows to at most so many bytes, about. One that is not
// sound is ErrDamaged, and is not touched.
func Open(path string, maxBytes int64, how ...Option) (*File, error) {
	f := At(path, maxBytes, how...)
	if err := f.Open(); err != nil {
		return nil, err
	}
	return f, nil
}

// Open opens a file that is not open. It is made smaller before where that pays.
func (f *File) Open() error {
	c, err := walk(f.path)
	if err != nil {
		return err
	}
	if c.pays(f.most) {
		// What stands in the way of it, such as a full disk, is no reason not to open.
		_ = compact(f.path, f.most)
	}
	if f.how.allocate {
		if err := allocate(f.path, f.most); err != nil {
			f.how.refused(err)
		}
	}
	return f.open(false)
}

// OpenTight is Open of a file that is written anew before, so that what is free in it lies
// side by side. A file for which that cannot be done is opened as it is.
func (f *File) OpenTight() error {
	if err := Check(f.path); err != nil {
		return err
	}
	_ = compact(f.path, f.most)
	return f.Open()
}

// OpenToRead opens a file that cannot be written, so that what lies in it can be
// read.
func (f *File) OpenToRead() error {
	if err := Check(f.path); err != nil {
		return err
	}
	return f.open(true)
}

func (f *File) open(toRead bool) error {
	db, under, err := openBolt(f.path, f.most, toRead)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.db, f.under, f.stuck = db, under, false
	return nil
}

// Close waits for who reads and closes the file. Closing again is no error.
func (f *File) Close() error {
	f.mu.Lock()
	db, under, stuck := f.db, f.under, f.stuck
	f.db, f.under = nil, nil
	f.mu.Unlock()
	switch {
	case db == nil:
		return nil
	case stuck: // its map stays: an address range, no memory
		return under.Close()
	}
	return guard(db.Close)
}

// Create makes a new file and lets layOut fill it in its first transaction. It gets
// its name when it is whole and on disk: a power cut while bbolt lays out a file
// leaves one that makes it panic.
func Create(path string, maxBytes int64, layOut func(tx *bolt.Tx) error) error {
	err := Draft(path, maxBytes, func(update func(func(tx *bolt.Tx) error) error) error { return update(layOut) })
	if err != nil {
		return err
	}
	if err := os.Rename(drafted(path), path); err != nil {
		return err
	}
	directory := filepath.Dir(path)
	if err := SyncPath(directory); err != nil {
		return err
	}
	// The directory may be new itself; where we may not read its parent it is not.
	if err := SyncPath(filepath.Dir(directory)); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// drafted is what a file is called before it is whole.
func drafted(path string) string { return path + ".new" }

// Draft makes a new file beside the one with that name, whole and on disk, for
// [Replace]. fill writes it in as many transactions as it likes; none of them waits
// for the disk.
func Draft(path string, maxBytes int64, fill func(update func(func(tx *bolt.Tx) error) error) error) error {
	tmp := drafted(path)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, _, err := openBolt(tmp, maxBytes, false)
	if err != nil {
		return err
	}
	db.NoSync = true
	err = guard(func() error { return fill(db.Update) })
	if err = errors.Join(err, guard(db.Close)); err == nil {
		err = SyncPath(tmp)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return nil
}

// Weight is how many bytes of a file a value with a key of such a length takes,
// about: with both stands a head of 16 bytes.
func Weight(key int, value []byte) int64 {
	if value == nil {
		return 0
	}
	return int64(element + key + len(value))
}

// growStep is by how much a file grows.
const growStep = 1 << 20

// openBolt opens a file with the options that were found right for a log:
//
//   - The free list is kept in memory as a map and not written: after a drained
//     backlog it would be rewritten with every commit, 20 times the bytes.
//   - The map of the file is as large as the file may get: enlarging it waits for
//     every reader. bbolt then grows the file in steps of AllocSize, 16 MiB
//     unless told otherwise.
//   - MaxSize is a backstop: bbolt refuses one step early.
func openBolt(path string, maxBytes int64, toRead bool) (db *bolt.DB, under *os.File, err error) {
	err = guard(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout:         time.Second,
			FreelistType:    bolt.FreelistMapType,
			NoFreelistSync:  true,
			InitialMmapSize: int(maxBytes),
			MaxSize:         int(maxBytes) + growStep,
			ReadOnly:        toRead,
			Logger:          leaver{},
			OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
				f, err := os.OpenFile(name, flag, mode)
				under = f
				return f, err
			},
		})
		return err
	})
	if err != nil {
		if under != nil {
			under.Close() // bbolt leaves it, and its lock, where it panics
		}
		return nil, nil, fmt.Errorf("open %q: %w", path, err)
	}
	db.AllocSize = growStep
	return db, under, nil
}

// SyncPath puts a file or a directory on disk.
func SyncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
