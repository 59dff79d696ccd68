package store

import (
	"encoding/binary"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A lane is a log of records with rising numbers, and how far it is done. Its
// numbers are guarded by Store.mu; hot and those of a lane in store.db are changed
// by the writer alone, those of readings by the binder, who therefore read them
// without.
type lane struct {
	name    devices.Lane
	records records // in store.db; nil for readings

	first, last    uint64 // kept; first > last is an empty lane
	hot            uint64 // lowest in store.db
	leaving        uint64 // below this some may be gone from it before their commit is on disk
	moved          uint64 // up to here alarms lie in their history
	sent, received uint64 // marks; those on disk are in Store.numbers

	oldestOf uint64    // the lowest number that waited, when it was looked at
	oldest   time.Time // and when it was accepted; zero is nothing known
}

// The names of a lane's numbers on disk.
func (l *lane) lastName() string     { return "last." + string(l.name) }
func (l *lane) sentName() string     { return "sent." + string(l.name) }
func (l *lane) receivedName() string { return "received." + string(l.name) }

// marks returns the lane's numbers.
func (l *lane) marks() Marks {
	return Marks{First: l.first, Last: l.last, Sent: l.sent, Received: l.received}
}

func (l *lane) weightName() string { return "weight." + string(l.name) }

// records is where the records of a lane lie in store.db. Readings lie in files of
// their own, see bind.go.
type records interface {
	put(tx *bolt.Tx, seq uint64, value []byte) error
	// replace writes another value under a number that is there.
	replace(tx *bolt.Tx, seq uint64, value []byte) error
	// remove takes away the numbers from first to upto, both included, as far as
	// they are there.
	remove(tx *bolt.Tx, first, upto uint64) (removed, error)
	// ends returns the lowest and the highest number; false if there is none.
	ends(tx *bolt.Tx) (first, last uint64, any bool)
	// walk visits the records above after, ascending, until visit says no. What it
	// is given is valid for the call only.
	walk(tx *bolt.Tx, after uint64, visit func(key, value []byte) bool)
}

// A removed is how much was taken away.
type removed struct {
	count  uint64
	weight int64
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

func (l inBucket) replace(tx *bolt.Tx, seq uint64, value []byte) error { return l.put(tx, seq, value) }

func (l inBucket) remove(tx *bolt.Tx, first, upto uint64) (sum removed, err error) {
	b := tx.Bucket(l.bucket)
	b.FillPercent = 1
	var keys [][]byte // a cursor is lost when its page changes
	l.walk(tx, first-1, func(k, v []byte) bool {
		if seqOf(k) > upto {
			return false
		}
		keys = append(keys, slices.Clone(k))
		sum.weight += weightOf(v)
		return true
	})
	sum.count = uint64(len(keys))
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return sum, err
		}
	}
	return sum, nil
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
	return map[devices.Lane]*lane{
		devices.AlarmLane:   {name: devices.AlarmLane, records: tiered{inBucket{laneBucket(devices.AlarmLane)}}},
		devices.EventLane:   {name: devices.EventLane, records: inBucket{laneBucket(devices.EventLane)}},
		devices.ReadingLane: {name: devices.ReadingLane},
	}
}

// laneBucket is the name of a lane's bucket: "lane.alarm".
func laneBucket(name devices.Lane) []byte { return []byte("lane." + string(name)) }
