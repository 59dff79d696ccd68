package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A record on which every connection dies holds up all that is behind it. It is set
// aside, with all of this in one transaction:
//
//	lane.event  … 1233 │ 1234: a stub │ 1235 …     the number is still there
//	dead        … 17   │ 18: why, and the record as it was
//	gaps        event.1234: "set aside: …"         until it was told
//
// The stub keeps the place, for a number that is missing is damage. Readings lie in
// files that are never written again: there the record stays, and a stub is read in
// its place until the box starts anew. Then it may have to be set aside once more.

// Bounds of what is kept of records that were set aside; the oldest go first. Of a
// small store.db they take no more than one part in so many.
const (
	mostDead      = 1000
	mostDeadBytes = 4 << 20
	mostDeadPart  = 16
)

// A Dead is a record that was set aside: every connection died on it.
type Dead struct {
	Time   time.Time `json:"time"`
	Why    string    `json:"why"`
	Record Record    `json:"record"`
}

// IsStub says that a record was set aside: it has its number, its lane and when it
// was accepted, and nothing that was said.
func (r Record) IsStub() bool { return r.Event.Code == "" }

// stub is what stays of a record in its place.
func (r Record) stub() Record {
	return Record{Epoch: r.Epoch, Lane: r.Lane, Seq: r.Seq, Accepted: r.Accepted, Clock: r.Clock}
}

// SetAside takes a record out of its lane that can never be sent. It is kept apart,
// its number is told as a gap, and Read returns a stub for it. It returns when that is
// on disk. A record that is done, or dropped, or set aside already stays as it is.
func (s *Store) SetAside(name devices.Lane, seq uint64, why string) error {
	l := s.lanes[name]
	if l == nil || seq == 0 {
		return fmt.Errorf("lane %q: there is no record %d", name, seq)
	}
	if l.records == nil {
		return s.setReadingAside(l, seq, why)
	}
	return s.setAside(l.name, seq, func(c *change) error {
		value := c.valueOf(l, seq)
		if value == nil {
			return nil
		}
		r, err := unframeRecord(l.name, seqKey(seq), value)
		if err != nil || r.IsStub() {
			return err
		}
		small, err := sound.Frame(seqKey(seq), r.stub())
		if err != nil {
			return err
		}
		if err := l.records.replace(c.tx, seq, small); err != nil {
			return err
		}
		c.grow(l, weightOf(small)-weightOf(value))
		return c.bury(r, why)
	})
}

// setAside commits what is to be done with a record that is not done, if the file is
// still the one that has it.
func (s *Store) setAside(name devices.Lane, seq uint64, do func(c *change) error) error {
	of := s.Epoch()
	return s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		apply: func(c *change) error {
			c.marks = c.s.allMarks()
			if c.s.epoch != of || seq <= c.s.doneUpto(name, c.marks[name]) {
				return nil
			}
			return do(c)
		},
	})
}

// setReadingAside does it with a reading.
func (s *Store) setReadingAside(l *lane, seq uint64, why string) error {
	found, err := s.Read(l.name, seq-1, 1)
	if err != nil || len(found) == 0 || found[0].Seq != seq || found[0].IsStub() {
		return err
	}
	if err := s.setAside(l.name, seq, func(c *change) error { return c.bury(found[0], why) }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.aside {
		if n <= s.doneUpto(l.name, l.marks()) {
			delete(s.aside, n)
		}
	}
	s.aside[seq] = found[0].Epoch
	return nil
}

// stubs puts a stub in the place of readings that were set aside.
func (s *Store) stubs(readings []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range readings {
		if len(s.aside) > 0 && s.aside[r.Seq] == r.Epoch {
			readings[i] = r.stub()
		}
	}
}

// valueOf is the value of a record of a lane in store.db; nil is none.
func (c *change) valueOf(l *lane, seq uint64) (value []byte) {
	l.records.walk(c.tx, seq-1, func(k, v []byte) bool {
		if seqOf(k) == seq {
			value = slices.Clone(v)
		}
		return false
	})
	return value
}

// bury keeps a record among the dead, and notes that it is missing.
func (c *change) bury(r Record, why string) error {
	c.any, c.spoken = true, true
	b := c.tx.Bucket([]byte(bucketDead))
	n, err := b.NextSequence()
	if err != nil {
		return err
	}
	// Their keys are no numbers of records, not even to somebody who finds them in a
	// damaged file.
	key := binary.BigEndian.AppendUint64([]byte("dead."), n)
	value, err := sound.Frame(key, Dead{Time: c.now, Why: why, Record: r})
	if err != nil {
		return err
	}
	if err := b.Put(key, value); err != nil {
		return err
	}
	if err := trimDead(b, min(mostDeadBytes, int(c.s.opt.MaxBytes/mostDeadPart))); err != nil {
		return err
	}
	return c.countGap(Gap{Lane: r.Lane, First: r.Seq, Last: r.Seq, Why: whyAside + ": " + why})
}

// trimDead takes the oldest of the dead away that are more than there is room for.
func trimDead(b *bolt.Bucket, most int) error {
	var out [][]byte
	count, bytes := 0, 0
	cur := b.Cursor()
	for k, v := cur.Last(); k != nil; k, v = cur.Prev() {
		if count, bytes = count+1, bytes+len(v); count > mostDead || bytes > most {
			out = append(out, slices.Clone(k))
		}
	}
	for _, k := range out {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
