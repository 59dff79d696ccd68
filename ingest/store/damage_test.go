package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// full makes a store with some of everything in it, closed, and returns the
// bytes of its file.
func full(t testing.TB) []byte {
	t.Helper()
	directory := t.TempDir()
	s := at(t, directory, tiny)
	for i := range 300 {
		says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i))), said(1, devices.GasReading))
	}
	for i := range 30 {
		says(t, s, fmt.Sprint("d", i), said(i, gasHigh, raised))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(directory, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	end := len(bytes.TrimRight(whole, "\x00"))
	page := os.Getpagesize()
	return whole[:(end+page-1)/page*page] // without the room behind it
}

// tiny makes a store.db of little room.
func tiny(o *Options) { o.MaxBytes = 2 << 20 }

// TestFlippedBit holds that a bit that flipped in a record, which makes it lie
// about its zone and which bbolt does not notice, is told with the number of the record, and that the others are read.
func TestFlippedBit(t *testing.T) {
	t.Parallel()
	s := at(t, t.TempDir())
	for i := range 5 {
		says(t, s, "d", said(i, "alarm.test"))
	}
	flip(t, s, devices.AlarmLane, 3, func(value []byte) { value[bytes.Index(value, []byte("berth-1"))+6] ^= 1 })
	read, err := s.Read(devices.AlarmLane, 0, 0)
	var seqs []uint64
	for _, r := range read {
		seqs = append(seqs, r.Seq)
	}
	same(t, "sound records", seqs, []uint64{1, 2, 4, 5})
	var damage *DamageError
	if !errors.As(err, &damage) || !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want a DamageError", err)
	}
	same(t, "damaged ones", damage.Seqs, []uint64{3})
}

// flip changes a record on disk behind the store's back.
func flip(t testing.TB, s *Store, lane devices.Lane, seq uint64, change func(value []byte)) {
	t.Helper()
	err := meddle(s, func(tx *bolt.Tx) error {
		b := tx.Bucket(laneBucket(lane))
		for _, name := range s.lanes[lane].records.(tiered).tails(tx) {
			if seqOf(name[len(name)-8:]) <= seq {
				b = tx.Bucket(name)
			}
		}
		value := bytes.Clone(b.Get(seqKey(seq)))
		change(value)
		return b.Put(seqKey(seq), value)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamagedWordStallsNobody holds that a damaged baseline costs nobody an event,
// neither those that ask for it nor the others of the same batch: the file is
// replaced, and what was known is known in the new one.
func TestDamagedWordStallsNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		says(t, s, "d", said(1, passage, raw(7)))
		err := meddle(s, func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(bucketCounters)).Put([]byte(keyOf("d", said(1, passage))), []byte("\x01torn"))
		})
		if err != nil {
			t.Fatal(err)
		}
		epoch := s.Epoch()
		taken := make(chan error, 1)
		go func() { taken <- s.Append(place("d"), said(2, passage, raw(8))) }()
		says(t, s, "e", said(2, devices.AccessCard))
		if err := <-taken; err != nil {
			t.Errorf("got %v, want the event taken", err)
		}
		says(t, s, "e", said(3, gasHigh, raised))
		all := lines(t, s)
		same(t, "records", len(all), 3)
		for _, l := range all {
			if l.Event.Code == passage {
				same(t, "count", *l.Event.Count, devices.Count{Raw: 8, Step: 1})
			}
		}
		if len(s.Damages()) != 1 || s.Epoch() == epoch {
			t.Errorf("got %v and epoch %s, want one damage and an epoch after %s", s.Damages(), s.Epoch(), epoch)
		}
	})
}

// TestDamagedFile holds that whatever happens to the file, Open and Read answer:
// with an error, or with what is sound. Neither ends the process.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	whole := full(t)
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	page := os.Getpagesize()
	for kind, change := range map[string]func(r *rand.Rand, b []byte) []byte{
		"a bit flipped": func(r *rand.Rand, b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b },
		"a page zeroed": func(r *rand.Rand, b []byte) []byte {
			at := r.IntN(len(b)/page) * page
			clear(b[at : at+page])
			return b
		},
		"a page of noise": func(r *rand.Rand, b []byte) []byte {
			at := r.IntN(len(b)/page) * page
			for i := range page {
				b[at+i] = byte(r.Uint32())
			}
			return b
		},
		"a page of another": func(r *rand.Rand, b []byte) []byte {
			from, to := r.IntN(len(b)/page)*page, r.IntN(len(b)/page)*page
			copy(b[to:to+page], b[from:from+page])
			return b
		},
		"a few bytes of noise": func(r *rand.Rand, b []byte) []byte {
			at := r.IntN(len(b)/page) * page
			for range 4 {
				b[at+r.IntN(64)] = byte(r.Uint32())
			}
			return b
		},
		"shortened": func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			noticed := 0
			for range rounds {
				if tryDamaged(t, change(r, bytes.Clone(whole))) {
					noticed++
				}
			}
			t.Logf("noticed %d of %d", noticed, rounds)
		})
	}
}

// tryDamaged opens a file, reads all of it and writes to it. It says whether the
// damage was noticed, and fails if a record came back that was never said.
func tryDamaged(t *testing.T, file []byte) (noticed bool) {
	t.Helper()
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "store.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Directory: directory, MaxBytes: 2 << 20})
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !strings.Contains(err.Error(), "store.db") {
			t.Errorf("got %v, want ErrDamaged", err)
		}
		return true
	}
	defer s.Close()
	for _, lane := range devices.Lanes() {
		records, err := s.Read(lane, 0, 0)
		noticed = noticed || err != nil
		for _, r := range records {
			if r.Event.Code != "alarm.test" && r.Event.Code != devices.GasReading && r.Event.Code != gasHigh {
				t.Errorf("read %+v, which nobody said", r)
			}
		}
	}
	return s.Append(place("x"), said(9, gasHigh, raised)) != nil || noticed
}

// TestShortenedWhileOpen holds that a file that loses its end under us, which is
// a bus error when its map is read, is an error.
func TestShortenedWhileOpen(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	path := filepath.Join(directory, "store.db")
	if err := os.WriteFile(path, full(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Directory: directory, MaxBytes: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(devices.AlarmLane, 0, 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v from Read, want ErrDamaged", err)
	}
	says(t, s, "x", said(9, gasHigh, raised))
	if d := s.Damages(); len(d) != 1 || len(d[0].Lost) != 1 {
		t.Errorf("got %v, want one damage and one lane that lost something", d)
	}
}

// FuzzRecord holds that no bytes make a record panic, and that what is taken
// for a record is one that frames to the same bytes' meaning again.
func FuzzRecord(f *testing.F) {
	r := Record{Epoch: "7f3a9c51d20b44e6", Lane: devices.AlarmLane, Seq: 7, Place: place("d"), Event: said(1, gasHigh, raised)}
	whole, err := sound.Frame(seqKey(7), r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seqKey(7), whole)
	f.Add(seqKey(8), whole)
	f.Add([]byte("x"), []byte{})
	f.Add([]byte("x"), []byte("\x01\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		got, err := unframeRecord(devices.AlarmLane, key, value)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want ErrDamaged", err)
			}
			return
		}
		again, err := sound.Frame(key, got)
		if err != nil {
			t.Fatal(err)
		}
		back, err := unframeRecord(devices.AlarmLane, key, again)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "record", back, got)
	})
}
