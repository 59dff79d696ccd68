package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
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

	bucketSalvaged = "salvaged" // records saved from damaged files, by position
	bucketGaps     = "gaps"     // what is lost of files before this one
	bucketDamages  = "damages"  // files that were replaced, until it is told
)

// buckets lists those that every file has. A file that was made before there
// were those of later has none: see furnish.
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

// takeLock makes the directory and holds its lock.
func takeLock(directory string) (*os.File, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	return sound.Take(filepath.Join(directory, "lock"))
}

// newEpoch is one that no file has.
func newEpoch() Epoch {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return Epoch(hex.EncodeToString(id[:]))
}

// layOut makes the buckets. A new epoch begins with no condition open, and the
// broker is to hear that: what is retained there may be of the epoch before.
func layOut(tx *bolt.Tx, site string) error {
	for _, name := range append(buckets(), later()...) {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	words, numbers, currents := newShelf[string](bucketWords), newShelf[uint64](bucketNumbers), newShelf[current](bucketCurrents)
	return errors.Join(
		words.put(tx, "format", format),
		words.put(tx, "epoch", string(newEpoch())),
		words.put(tx, "site", site),
		numbers.put(tx, numberRevision, 1),
		currents.put(tx, keyOpen, current{Revision: 1, Doc: json.RawMessage(`{"open":[]}`)}),
	)
}

// later lists the buckets that files of the same format did not always have.
func later() [][]byte {
	return [][]byte{[]byte(bucketIdentities), []byte(bucketSalvaged), []byte(bucketGaps), []byte(bucketDamages)}
}

// furnish makes those that are missing. A file that has them all is not written.
func furnish(f *sound.File) error {
	missing := false
	err := f.View(func(tx *bolt.Tx) error {
		for _, name := range later() {
			missing = missing || tx.Bucket(name) == nil
		}
		return nil
	})
	if err != nil || !missing {
		return err
	}
	_, err = f.Update(func(tx *bolt.Tx) error {
		for _, name := range later() {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}
