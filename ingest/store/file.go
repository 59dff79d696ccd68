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
	bucketGaps       = "gaps"       // what is missing and was not told, by lane and number
	bucketSalvaged   = "salvaged"   // records saved from damaged files, by position
	bucketDamages    = "damages"    // files that were replaced, until it is told
	bucketDead       = "dead"       // records that were set aside
)

// buckets lists those that every file has.
func buckets() [][]byte {
	var names [][]byte
	for _, name := range []string{bucketWords, bucketNumbers, bucketOpen, bucketStates, bucketCounters, bucketCurrents} {
		names = append(names, []byte(name))
	}
	for _, l := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
		names = append(names, laneBucket(l))
	}
	return names
}

// laterBuckets lists those that files of the same format did not always have: see
// furnish.
func laterBuckets() [][]byte {
	var names [][]byte
	for _, name := range []string{bucketIdentities, bucketGaps, bucketSalvaged, bucketDamages, bucketDead} {
		names = append(names, []byte(name))
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

// fileAt is store.db, not open yet.
func fileAt(o Options) *sound.File {
	path := filepath.Join(o.Directory, "store.db")
	if o.sparse {
		return sound.At(path, o.MaxBytes)
	}
	return sound.At(path, o.MaxBytes, sound.Allocated(func(err error) {
		o.Log.Warn("the room of store.db cannot be kept free: other programs may take it", "file", path, "bytes", o.MaxBytes, "err", err)
	}))
}

// newEpoch is one that no file has.
func newEpoch() Epoch {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return Epoch(hex.EncodeToString(id[:]))
}

// layOut makes the buckets. A new epoch begins with no condition open, and the
// broker is to hear that: what is retained there may be of the epoch before. Every mark
// stands there from the beginning: one that is missing later was damaged.
func layOut(tx *bolt.Tx, site string, receipt uint64) error {
	for _, name := range append(buckets(), laterBuckets()...) {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	words, numbers, currents := newShelf[string](bucketWords), newShelf[uint64](bucketNumbers), newShelf[current](bucketCurrents)
	for _, lane := range devices.Lanes() {
		for _, mark := range []string{"last.", "sent.", "received."} {
			if err := numbers.put(tx, mark+string(lane), 0); err != nil {
				return err
			}
		}
	}
	return errors.Join(
		words.put(tx, "format", format),
		words.put(tx, "epoch", string(newEpoch())),
		words.put(tx, "site", site),
		numbers.put(tx, numberRevision, 1),
		numbers.put(tx, numberReceipt, receipt),
		currents.put(tx, keyOpen, current{Revision: 1, Doc: json.RawMessage(`{"open":[]}`)}),
	)
}

// furnish makes the buckets that files of the same format did not always have,
// where they are missing. A file that has them is not written.
func furnish(f *sound.File) error {
	missing := false
	err := f.View(func(tx *bolt.Tx) error {
		for _, name := range laterBuckets() {
			missing = missing || tx.Bucket(name) == nil
		}
		return nil
	})
	if err != nil || !missing {
		return err
	}
	_, err = f.Update(func(tx *bolt.Tx) error {
		for _, name := range laterBuckets() {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}
