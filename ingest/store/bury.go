package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"sitepost/ingest/store/sound"
)

// ReadDead lists the records that were set aside in the store of a directory, the oldest
// first. It changes nothing. One that is damaged is left out, and the error says so
// beside the others; any other error is that it could not be looked at: there is none, it
// is in use, or it cannot be opened.
func ReadDead(directory string) (all []Dead, err error) {
	path, lock, err := takeIdle(directory)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	is, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	f := sound.At(path, is.Size())
	if err := f.OpenToRead(); err != nil {
		return nil, fmt.Errorf("store %q: %w", directory, err)
	}
	defer f.Close()
	var wrong error
	err = f.View(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucketDead))
		if b == nil { // of a file that is older than that bucket
			return nil
		}
		return b.ForEach(func(key, value []byte) error {
			var d Dead
			if err := sound.Unframe(key, value, &d); err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("%s %q: %w", bucketDead, key, err))
				return nil
			}
			all = append(all, d)
			return nil
		})
	})
	return all, errors.Join(err, wrong)
}

// takeIdle holds the lock of a directory in which there is a store that nobody uses, and
// says where its store.db lies.
func takeIdle(directory string) (path string, lock *os.File, err error) {
	path = filepath.Join(directory, "store.db")
	if _, err := os.Stat(path); err != nil {
		return path, nil, fmt.Errorf("%w: there is no store (give the folder that holds store.db)", err)
	}
	lock, err = sound.Take(filepath.Join(directory, "lock"))
	if err != nil {
		return path, nil, fmt.Errorf("store %q: %w", directory, err)
	}
	return path, lock, nil
}
