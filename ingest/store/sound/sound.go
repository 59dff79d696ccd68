// Package sound keeps values in a bbolt file that may be damaged without ending
// the process: bbolt trusts every page it maps, panics on those it does not
// understand, and has no checksum on any of its data.
//
//   - [Check] walks all pages before bbolt maps them.
//   - [File.View] and [File.Update] turn panics and faults into [ErrDamaged].
//   - [Frame] gives each value a checksum that covers its key; [Unframe] checks it.
//   - [Create] gives a file its name when it is whole and on disk.
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
	"time"

	bolt "go.etcd.io/bbolt"
)

// ErrDamaged is wrapped when bytes of a file are not what was written.
var ErrDamaged = errors.New("store is damaged")

// A File is an open bbolt file.
type File struct{ db *bolt.DB }

// Open opens a file that grows to at most so many bytes, about. One that is not
// sound is ErrDamaged, and is not touched.
func Open(path string, maxBytes int64, how ...Option) (*File, error) {
	var o options
	for _, set := range how {
		set(&o)
	}
	if err := Check(path); err != nil {
		return nil, err
	}
	if o.allocate {
		if err := allocate(path, maxBytes); err != nil {
			o.refused(err)
		}
	}
	db, err := openBolt(path, maxBytes)
	if err != nil {
		return nil, err
	}
	return &File{db: db}, nil
}

// Close closes the file.
func (f *File) Close() error { return guard(f.db.Close) }

// Create makes a new file and lets layOut fill it in its first transaction. It gets
// its name when it is whole and on disk: a power cut while bbolt lays out a file
// leaves one that makes it panic.
func Create(path string, maxBytes int64, layOut func(tx *bolt.Tx) error) error {
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := openBolt(tmp, maxBytes)
	if err != nil {
		return err
	}
	err = db.Update(layOut)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := SyncPath(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
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

// Weight is how many bytes of a file a value with a key of such a length takes,
// about: with both stands a head of 16 bytes.
func Weight(key int, value []byte) int64 {
	if value == nil {
		return 0
	}
	return int64(element + key + len(value))
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

// SyncPath puts a file or a directory on disk.
func SyncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
