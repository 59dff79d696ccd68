package store

import (
	"bytes"
	"os"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// tiered are the records of the alarm lane. A lonely alarm in a tree of two levels
// rewrites a leaf, a branch, the root of the file and bbolt's own page. So the
// youngest lie in small buckets of one page each, right below the root, and only
// when there are many of them, in an outage, the older half sinks into the tree:
//
//	lane.alarm                    the tree: empty, unless many wait
//	lane.alarm.\0\0\0\0\0\0\x04\xd2   numbers from 1234 on
//	lane.alarm.\0\0\0\0\0\0\x04\xd7   numbers from 1239 on
type tiered struct{ deep inBucket }

const (
	mostTails = 24       // small buckets
	sinking   = 12       // of them go into the tree at once,
	sunk      = 64 << 10 // but no more than this, and one

	pageHead = 16 // of bbolt, and of each element in it
)

// prefix begins the names of the small buckets.
func (t tiered) prefix() []byte { return append(slices.Clone(t.deep.bucket), '.') }

// tails lists the names of the small buckets, by number.
func (t tiered) tails(tx *bolt.Tx) (names [][]byte) {
	prefix := t.prefix()
	c := tx.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		names = append(names, slices.Clone(k))
	}
	return names
}

// weightIn is how many bytes of its page a bucket has used.
func weightIn(b *bolt.Bucket) (used int64) {
	used = pageHead
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		used += weightOf(v)
	}
	return used
}

func (t tiered) put(tx *bolt.Tx, seq uint64, value []byte) error {
	names := t.tails(tx)
	if n := len(names); n > 0 {
		b := tx.Bucket(names[n-1])
		if weightIn(b)+weightOf(value) < int64(os.Getpagesize()) {
			b.FillPercent = 1
			return b.Put(seqKey(seq), value)
		}
	}
	if len(names) >= mostTails {
		if err := t.sink(tx, names[:sinking]); err != nil {
			return err
		}
	}
	b, err := tx.CreateBucket(append(t.prefix(), seqKey(seq)...))
	if err != nil {
		return err
	}
	return b.Put(seqKey(seq), value)
}

func (t tiered) replace(tx *bolt.Tx, seq uint64, value []byte) error {
	for _, name := range t.tails(tx) {
		if b := tx.Bucket(name); b.Get(seqKey(seq)) != nil {
			return b.Put(seqKey(seq), value)
		}
	}
	return t.deep.replace(tx, seq, value)
}

// sink moves small buckets into the tree.
func (t tiered) sink(tx *bolt.Tx, names [][]byte) error {
	left := int64(sunk)
	for _, name := range names {
		if left <= 0 {
			break
		}
		left -= weightIn(tx.Bucket(name))
		c := tx.Bucket(name).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if err := t.deep.put(tx, seqOf(k), slices.Clone(v)); err != nil {
				return err
			}
		}
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
	}
	return nil
}

func (t tiered) remove(tx *bolt.Tx, first, upto uint64) (removed, error) {
	sum, err := t.deep.remove(tx, first, upto)
	if err != nil {
		return sum, err
	}
	for _, name := range t.tails(tx) {
		b := inBucket{name}
		low, high, any := b.ends(tx)
		if any && low > upto {
			break
		}
		some, err := b.removeOr(tx, first, upto, !any || first <= low && high <= upto)
		sum.count, sum.weight = sum.count+some.count, sum.weight+some.weight
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// removeOr removes records, or with them the whole bucket.
func (l inBucket) removeOr(tx *bolt.Tx, first, upto uint64, whole bool) (sum removed, err error) {
	if !whole {
		return l.remove(tx, first, upto)
	}
	l.walk(tx, 0, func(_, v []byte) bool {
		sum.count, sum.weight = sum.count+1, sum.weight+weightOf(v)
		return true
	})
	return sum, tx.DeleteBucket(l.bucket)
}

func (t tiered) ends(tx *bolt.Tx) (first, last uint64, any bool) {
	first, last, any = t.deep.ends(tx)
	for _, name := range t.tails(tx) {
		low, high, some := inBucket{name}.ends(tx)
		if some && !any {
			first = low
		}
		if some {
			last, any = high, true
		}
	}
	return first, last, any
}

func (t tiered) walk(tx *bolt.Tx, after uint64, visit func(key, value []byte) bool) {
	on := true
	seen := func(k, v []byte) bool { on = visit(k, v); return on }
	t.deep.walk(tx, after, seen)
	names := t.tails(tx)
	for i, name := range names {
		if !on {
			return
		}
		if i+1 < len(names) && seqOf(names[i+1][len(t.prefix()):]) <= after {
			continue // the next one begins no later
		}
		inBucket{name}.walk(tx, after, seen)
	}
}
