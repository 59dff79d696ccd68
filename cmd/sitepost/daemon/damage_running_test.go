package daemon_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/ingest/store/disktest"
)

// TestStoreDamagedWhileRunning: bytes of store.db change under the running daemon
// while the city is away. The site goes on; the city hears of the damage, gets the
// alarms that waited under their old epoch and what happens then under a new one,
// and what lies on disk is sound again.
func TestStoreDamagedWhileRunning(t *testing.T) {
	s := newStand(t, "")
	stop := s.run()
	s.must("of the gas detector and of the gate", func(b *book) bool {
		return len(b.lists()["gas-1 event"])+len(b.lists()["gate-1 event"]) == 2
	})
	old := s.book.epoch()
	s.broker.Kill()
	s.play([]track{
		{"gas-1", nil, []move{{set("gas-1", values{"gas": 30, "low": true}), held, nil}, {set("gas-1", values{"gas": 4, "low": false}), held, nil}}},
		{"gate-1", nil, []move{{set("gate-1", values{"leaf": "open-left"}), held, nil}, {set("gate-1", values{"leaf": "closed"}), asks, nil}}},
	})
	n := spoil(t, filepath.Join(s.config.Store.Directory, "store.db"), "access.leaf")
	s.broker.Restart()
	s.must("of the damage, of the new epoch, and of the alarms that waited", func(b *book) bool {
		return len(b.of(devices.StoreDamaged)) > 0 && len(b.of(devices.GasAlarmLow)) == 2 && b.epoch() != old
	})
	fresh := s.book.epoch()
	if err := set("gas-1", values{"gas": 52, "high": true})(s); err != nil {
		t.Fatal(err)
	}
	s.must("of what happens then", func(b *book) bool { return len(b.of(devices.GasAlarmHigh)) > 0 })
	stop()
	s.should("the box stop", stopped)
	want := map[devices.Code][]string{
		devices.GasAlarmLow: {old + " raised", old + " cleared"}, devices.StoreDamaged: {fresh + " "}, devices.GasAlarmHigh: {fresh + " raised"},
	}
	got := map[devices.Code][]string{}
	for code := range want {
		for _, h := range s.book.of(code) {
			got[code] = append(got[code], h.Epoch+" "+h.Data.State)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("epochs of what was heard, after %d bytes were spoilt (-want +got):\n%s", n, diff)
	}
	s.compareStored(1)
}

// TestDiskReadOnlyWhileRunning: the disk turns read-only under the running daemon,
// as a kernel makes one that has errors. The city hears so, alarms reach it from
// memory, and when the disk is well all goes on by itself.
func TestDiskReadOnlyWhileRunning(t *testing.T) {
	disk := disktest.New(t)
	s := newStandOf(t, "testdata/site.toml", map[string]string{"Store": disk.Dir})
	stop := s.run()
	s.must("of the gas detector", func(b *book) bool { return len(b.lists()["gas-1 event"]) == 1 })
	epoch := s.book.epoch()
	disk.ReadOnly(true)
	if err := set("gas-1", values{"gas": 30, "low": true})(s); err != nil {
		t.Fatal(err)
	}
	s.must("of the disk and of the gas, from memory", func(b *book) bool {
		return b.volatile(devices.StoreFull) == 1 && b.volatile(devices.GasAlarmLow) == 1
	})
	disk.ReadOnly(false)
	s.must("that the disk is well", func(b *book) bool {
		all := b.of(devices.StoreFull)
		return len(all) > 0 && slices.ContainsFunc(all, func(h heard) bool { return h.Data.State == "cleared" })
	})
	if err := set("gas-1", values{"gas": 4, "low": false})(s); err != nil {
		t.Fatal(err)
	}
	s.must("that the gas is gone, from disk", func(b *book) bool {
		return slices.ContainsFunc(b.of(devices.GasAlarmLow), func(h heard) bool { return h.Data.State == "cleared" && !h.Volatile && h.Epoch == epoch })
	})
	stop()
	s.should("the box stop", stopped)
	for _, code := range []devices.Code{devices.StoreFull, devices.GasAlarmLow} {
		got := map[string]int{}
		for _, h := range s.book.of(code) {
			got[fmt.Sprintf("%s, volatile %v, of the epoch %v", h.Data.State, h.Volatile, h.Epoch == epoch)]++
		}
		want := map[string]int{"raised, volatile true, of the epoch false": 1, "raised, volatile false, of the epoch true": 1, "cleared, volatile false, of the epoch true": 1}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +heard):\n%s", code, diff)
		}
	}
	s.compareStored(0)
}

// spoil flips a bit in each place of a file where a word stands, and returns how
// many there were.
func spoil(t *testing.T, path, word string) (n int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; ; n++ {
		at := bytes.Index(b[from:], []byte(word))
		if at < 0 {
			break
		}
		from += at + len(word)
		if _, err := f.WriteAt([]byte{b[from-1] ^ 1}, int64(from-1)); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		t.Fatalf("%q stands nowhere in %s", word, path)
	}
	return n
}

// compareStored holds that what a daemon that has stopped left on disk is sound, and
// how many files were replaced.
func (s *stand) compareStored(replaced int) {
	s.t.Helper()
	r, err := store.Verify(s.config.Store.Directory, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(r.Findings) > 0 || len(r.SetAside) != replaced || r.Records == 0 {
		s.t.Errorf("verify: got %d records, %v set aside and %v, want records, %d set aside and nothing wrong", r.Records, r.SetAside, r.Findings, replaced)
	}
}

// of returns what was heard of a code, in the order in which it happened.
func (b *book) of(code devices.Code) (all []heard) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.inOrder() {
		if h.Type == string(code) {
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(x, y heard) int { return x.Time.Compare(y.Time) })
	return all
}

// volatile counts what was heard of a code that no disk has.
func (b *book) volatile(code devices.Code) (n int) {
	for _, h := range b.of(code) {
		if h.Volatile {
			n++
		}
	}
	return n
}

// epoch is that of up/state.
func (b *book) epoch() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var life struct{ Epoch string }
	_ = json.Unmarshal(b.retained[topicOf("state")], &life) // the contract was held against it
	return life.Epoch
}
