package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
)

// TestVerify holds that a sound store has no findings, and that a value that is
// wrong, a hole and a mark out of bounds are each told, and change nothing.
func TestVerify(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	if _, err := Verify(directory, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that there is none", err)
	}
	s := at(t, directory)
	for i := range 9 {
		says(t, s, "d", said(i, "alarm.test"), said(i, devices.AccessCard))
	}
	if _, err := Verify(directory, nil); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("got %v, want that it is in use", err)
	}
	verify := func(want ...string) {
		t.Helper()
		r, err := Verify(directory, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range r.Findings {
			got = append(got, filepath.Base(f.File)+": "+f.What)
		}
		same(t, "findings", got, want)
		if r.Files == 0 || r.Records != 18 && want == nil {
			t.Errorf("got %+v, want 18 records", r)
		}
	}
	path := filepath.Join(directory, "store.db")
	sound := func(change func(s *Store)) []byte {
		t.Helper()
		change(s)
		b, err := os.ReadFile(path)
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		return b
	}
	whole := sound(func(*Store) {})
	verify()
	s = at(t, directory)
	sound(func(s *Store) {
		flip(t, s, devices.AlarmLane, 4, func(value []byte) { value[1] = ^value[1]; copy(value[2:5], "abc") })
		err := meddle(s, func(tx *bolt.Tx) error {
			return errors.Join(
				newShelf[uint64](bucketNumbers).put(tx, "received.event", 12),
				tx.Bucket(laneBucket(devices.EventLane)).Delete(seqKey(3)))
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	r, err := Verify(directory, nil)
	if err != nil || len(r.Findings) != 3 ||
		!strings.Contains(r.Findings[0].What, "lane.alarm \"4\": store is damaged: checksum") ||
		r.Findings[1].What != "received.event is 12, and the lane ends at 9" ||
		r.Findings[2].What != "lane event: records 3 to 3 are missing" {
		t.Errorf("got %v, %+v, want three findings", err, r.Findings)
	}
	clear(whole[:2*os.Getpagesize()])
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	verify("store.db: meta page 0 is not sound")
}
