package store

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A lane is a log of records with rising numbers, and how far it is done. Its
// numbers are guarded by Store.mu; first and last are changed by the writer
// alone, which therefore reads them without.
type lane struct {
	name    devices.Lane
	records records

	first, last    uint64 // kept; first > last is an empty lane
	sent, received uint64 // marks; those on disk are in Store.numbers

	most   int64 // weight of what may wait, see gap.go; 0 is no bound
	weight int64 // of what is kept, if there is a bound; negative: not known. It is the writer's own
}

// The names of a lane's numbers on disk.
func (l *lane) lastName() string     { return "last." + string(l.name) }
func (l *lane) sentName() string     { return "sent." + string(l.name) }
func (l *lane) receivedName() string { return "received." + string(l.name) }

// marks returns the lane's numbers.
func (l *lane) marks() Marks {
	return Marks{First: l.first, Last: l.last, Sent: l.sent, Received: l.received}
}

// records is where the records of one lane lie. Each lane has a bucket of
// store.db today. Readings are to lie in files of their own that are unlinked
// whole, so that bulk neither bloats nor slows what matters: a second kind of
// records, that takes nothing from the transaction.
type records interface {
	put(tx *bolt.Tx, seq uint64, value []byte) error
	// remove takes away the numbers from first to upto, both included.
	remove(tx *bolt.Tx, first, upto uint64) error
	// weight is about how many bytes of the file a record takes; 0 if there is none.
	weight(tx *bolt.Tx, seq uint64) int64
	// ends returns the lowest and the highest number; false if there is none.
	ends(tx *bolt.Tx) (first, last uint64, any bool)
	// walk visits the records above after, ascending, until visit says no. What
	// it is given is valid for the call only.
	walk(tx *bolt.Tx, after uint64, visit func(key, value []byte) bool)
}

// inBucket are records in a bucket of store.db.
type inBucket struct{ bucket []byte }

// put appends. Keys only rise, so pages are filled to the brim: half the bytes
// of bbolt's default. bbolt does not store this, it is told in each transaction.
func (l inBucket) put(tx *bolt.Tx, seq uint64, value []byte) error {
	b := tx.Bucket(l.bucket)
	b.FillPercent = 1
	return b.Put(seqKey(seq), value)
}

func (l inBucket) remove(tx *bolt.Tx, first, upto uint64) error {
	b := tx.Bucket(l.bucket)
	b.FillPercent = 1
	for seq := first; seq <= upto; seq++ {
		if err := b.Delete(seqKey(seq)); err != nil {
			return err
		}
	}
	return nil
}

func (l inBucket) weight(tx *bolt.Tx, seq uint64) int64 {
	return weightOf(tx.Bucket(l.bucket).Get(seqKey(seq)))
}

// weightOf is that of a record's value.
func weightOf(value []byte) int64 { return sound.Weight(8, value) }

func (l inBucket) ends(tx *bolt.Tx) (first, last uint64, any bool) {
	c := tx.Bucket(l.bucket).Cursor()
	low, _ := c.First()
	high, _ := c.Last()
	if len(low) != 8 || len(high) != 8 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(low), binary.BigEndian.Uint64(high), true
}

func (l inBucket) walk(tx *bolt.Tx, after uint64, visit func(key, value []byte) bool) {
	if after == ^uint64(0) {
		return
	}
	c := tx.Bucket(l.bucket).Cursor()
	for k, v := c.Seek(seqKey(after + 1)); k != nil && visit(k, v); k, v = c.Next() {
		continue
	}
}

// newLanes returns the lanes, all empty.
func newLanes() map[devices.Lane]*lane {
	lanes := make(map[devices.Lane]*lane)
	for _, name := range devices.Lanes() {
		lanes[name] = &lane{name: name, records: inBucket{laneBucket(name)}}
	}
	return lanes
}

// laneBucket is the name of a lane's bucket: "lane.alarm".
func laneBucket(name devices.Lane) []byte { return []byte("lane." + string(name)) }
