package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A Salvage is a record that was saved from a damaged file, and its position among
// those. It keeps the epoch, lane and number that it was accepted under.
type Salvage struct {
	At     uint64 `json:"at"` // 1, 2, 3 … alarms first
	Record Record `json:"record"`
}

// Names of the positions in the bucket of numbers.
const (
	numberRescued     = "last.salvaged"
	numberRescuedSent = "sent.salvaged"
)

// A rescue is the bucket of salvaged records, which is like a lane to which nothing
// is added. Its numbers are guarded by Store.mu, first is changed by the writer alone.
type rescue struct {
	records inBucket
	first   uint64 // kept
	last    uint64
	sent    uint64
}

// load makes the numbers those of the file; the mark may be ahead of it.
func (r *rescue) load(tx *bolt.Tx, numbers map[string]uint64) {
	r.records = inBucket{[]byte(bucketSalvaged)}
	r.last, r.sent = numbers[numberRescued], max(r.sent, numbers[numberRescuedSent])
	r.first = r.last + 1
	if tx.Bucket(r.records.bucket) == nil {
		return
	}
	if first, _, any := r.records.ends(tx); any {
		r.first = first
	}
}

// ReadSalvaged returns what was saved from damaged files and is not done, at
// positions above after, ascending, as much as Read does. Errors are those of Read.
func (s *Store) ReadSalvaged(after uint64, limit int) ([]Salvage, error) {
	s.mu.Lock()
	r, epoch := s.rescue, s.epoch
	s.mu.Unlock()
	if after = max(after, r.sent, r.first-1); after >= r.last {
		return nil, nil
	}
	if limit <= 0 || limit > mostRead {
		limit = mostRead
	}
	raw, err := s.copyOut(epoch, r.records, after, r.last, limit)
	if err != nil {
		return nil, fmt.Errorf("salvaged records: %w", err)
	}
	var saved []Salvage
	for _, p := range raw {
		var one Salvage
		if err := sound.Unframe(p.key, p.value, &one); err != nil || one.At != seqOf(p.key) {
			err = fmt.Errorf("salvaged record %d: %w: %w", seqOf(p.key), ErrDamaged, err)
			s.spoil(epoch, err)
			return saved, err
		}
		saved = append(saved, one)
	}
	return saved, nil
}

// SalvagedSent says that everything up to a position is done. It is deleted with
// the next commits.
func (s *Store) SalvagedSent(upto uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if upto = min(upto, s.rescue.last); upto > s.rescue.sent && !s.deaf {
		s.rescue.sent = upto
		s.soil()
	}
}

// unsaved says whether the mark moved, and whether there is something to delete.
// Store.mu is held.
func (r *rescue) unsaved(numbers map[string]uint64) (dirty, more bool) {
	return numbers[numberRescuedSent] != r.sent, r.first <= r.sent
}

// sweepSalvaged saves the mark of salvaged records and deletes what is done of them.
func (c *change) sweepSalvaged() error {
	c.s.mu.Lock()
	r := c.s.rescue
	dirty, more := r.unsaved(c.s.numbers.kept)
	c.s.mu.Unlock()
	if dirty {
		c.any = true
		if err := c.s.numbers.put(c.tx, numberRescuedSent, r.sent); err != nil {
			return err
		}
	}
	if !more {
		return nil
	}
	c.any = true
	upto := min(r.sent, r.first+mostDeleted-1)
	c.rescued = upto + 1
	_, err := r.records.remove(c.tx, r.first, upto)
	return err
}

// dropSalvaged drops events that were saved and are not done, the youngest first: the
// alarms among what was saved stand before them. It says what they weighed.
func (c *change) dropSalvaged(weight int64) (dropped int64, err error) {
	c.s.mu.Lock()
	r := c.s.rescue
	c.s.mu.Unlock()
	bucket := c.tx.Bucket([]byte(bucketSalvaged))
	var keys [][]byte
	var gaps []Gap
	cursor := bucket.Cursor()
	for k, v := cursor.Last(); dropped < weight && seqOf(k) > r.sent; k, v = cursor.Prev() {
		var one Salvage
		if err := sound.Unframe(k, v, &one); err != nil {
			return 0, fmt.Errorf("salvaged record %d: %w", seqOf(k), err)
		}
		of := one.Record
		if of.Lane == devices.AlarmLane {
			break
		}
		if n := len(gaps) - 1; n >= 0 && gaps[n].Epoch == of.Epoch && gaps[n].First == of.Seq+1 {
			gaps[n].First = of.Seq
		} else {
			gaps = append(gaps, Gap{of.Lane, of.Seq, of.Seq, WhyRoom, of.Epoch})
		}
		keys, dropped = append(keys, slices.Clone(k)), dropped+weightOf(v)
	}
	if len(keys) == 0 {
		return 0, nil
	}
	c.any = true
	for _, k := range keys {
		err = errors.Join(err, bucket.Delete(k))
	}
	for _, g := range gaps {
		err = errors.Join(err, c.countGap(g))
	}
	c.spared = seqOf(keys[len(keys)-1]) - 1
	c.lightened = true
	return dropped, errors.Join(err, c.s.numbers.put(c.tx, numberRescued, c.spared))
}

// rescuedDoc is the JSON of a Salvage whose record is JSON already. Millions of
// them may be saved while a site waits.
//
//	{"at":7,"record":{"epoch":…}}
func rescuedDoc(at uint64, record []byte) []byte {
	doc := append(make([]byte, 0, len(record)+40), rescuedAt...)
	doc = strconv.AppendUint(doc, at, 10)
	doc = append(doc, rescuedRecord...)
	return append(append(doc, record...), '}')
}

const (
	rescuedAt     = `{"at":`
	rescuedRecord = `,"record":`
)

// rescuedIn takes the record out of such a document; false if it is another one.
func rescuedIn(doc []byte, at uint64) (record []byte, is bool) {
	head := strconv.AppendUint([]byte(rescuedAt), at, 10)
	head = append(head, rescuedRecord...)
	if len(doc) <= len(head) || string(doc[:len(head)]) != string(head) || doc[len(doc)-1] != '}' {
		return nil, false
	}
	return doc[len(head) : len(doc)-1], true
}

// A headline is by what a record is told from others.
type headline struct {
	Epoch Epoch  `json:"epoch"`
	Lane  string `json:"lane"`
	Seq   uint64 `json:"seq"`
}

// headlineOf reads it, and no more than that where the document begins as all of
// ours do; false if it has none.
func headlineOf(doc []byte) (h headline, ok bool) {
	rest := doc
	text := func(before string) (string, bool) {
		if len(rest) < len(before) || string(rest[:len(before)]) != before {
			return "", false
		}
		rest = rest[len(before):]
		for i, b := range rest[:min(len(rest), 64)] {
			if b == '"' || b == ',' {
				word := string(rest[:i])
				rest = rest[i:]
				return word, true
			}
		}
		return "", false
	}
	epoch, a := text(`{"epoch":"`)
	lane, b := text(`","lane":"`)
	seq, c := text(`","seq":`)
	n, err := strconv.ParseUint(seq, 10, 64)
	if a && b && c && err == nil {
		return headline{Epoch(epoch), lane, n}, n > 0
	}
	return h, json.Unmarshal(doc, &h) == nil && h.Epoch != "" && h.Seq > 0
}
