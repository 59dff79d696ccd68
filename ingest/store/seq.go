package store

import (
	"encoding/binary"
	"fmt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// seqKey is the key of a record: its number, big-endian, so that keys sort as
// numbers do.
func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// seqOf reads a record's key, 0 if it is none.
func seqOf(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

// unframeRecord reads a record and compares it with the place where it lay.
func unframeRecord(lane devices.Lane, key, value []byte) (Record, error) {
	var r Record
	if err := sound.Unframe(key, value, &r); err != nil {
		return Record{}, err
	}
	if seqOf(key) != r.Seq || r.Lane != lane {
		return Record{}, fmt.Errorf("%w: record %q lay in lane %q under %x", ErrDamaged, r.ID(), lane, key)
	}
	return r, nil
}
