package store

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"sitepost/ingest/store/sound"
)

// TestTiered holds that records of all sizes come back in their order and are removed
// as far as is said, whether they lie in small buckets or in the tree.
func TestTiered(t *testing.T) {
	t.Parallel()
	lane := tiered{inBucket{[]byte("lane.alarm")}}
	path := filepath.Join(t.TempDir(), "x.db")
	err := sound.Create(path, 8<<20, func(tx *bolt.Tx) error { _, err := tx.CreateBucket(lane.deep.bucket); return err })
	if err != nil {
		t.Fatal(err)
	}
	f, err := sound.Open(path, 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := rand.New(rand.NewPCG(1, 2))
	var want []uint64
	var weight int64
	weights := make(map[uint64]int64)
	last := uint64(0)
	for range 150 {
		_, err := f.Update(func(tx *bolt.Tx) error {
			for range 1 + r.IntN(8) {
				last++
				value := make([]byte, 300+r.IntN(900))
				if r.IntN(40) == 0 {
					value = make([]byte, 9000)
				}
				want = append(want, last)
				weights[last] = weightOf(value)
				weight += weightOf(value)
				if err := lane.put(tx, last, value); err != nil {
					return err
				}
			}
			if r.IntN(3) > 0 {
				return nil
			}
			n := r.IntN(min(20, len(want)))
			if r.IntN(20) == 0 {
				n = len(want)
			}
			if n == 0 {
				return nil
			}
			sum, err := lane.remove(tx, want[0], want[n-1])
			for _, seq := range want[:n] {
				weight -= weights[seq]
				sum.weight -= weights[seq]
			}
			if sum.count != uint64(n) || sum.weight != 0 {
				t.Errorf("removed %+v too much of %d", sum, n)
			}
			want = want[n:]
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = f.View(func(tx *bolt.Tx) error {
			after := uint64(0)
			if len(want) > 0 {
				after = want[r.IntN(len(want))] - uint64(r.IntN(2))
			}
			from, _ := slices.BinarySearch(want, after+1)
			var got []uint64
			lane.walk(tx, after, func(k, v []byte) bool { got = append(got, seqOf(k)); return true })
			same(t, "numbers", got, append([]uint64(nil), want[from:]...))
			first, end, any := lane.ends(tx)
			if any != (len(want) > 0) || any && (first != want[0] || end != last) {
				t.Errorf("got ends %d, %d, %v of %v", first, end, any, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
