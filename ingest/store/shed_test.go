package store

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sitepost/devices"
)

// TestFloor holds that on a disk that is nearly full readings go, then pictures that
// need not be sent, then history, and nothing else; and that what is left of them is
// what was written last.
func TestFloor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var free atomic.Int64
		free.Store(1 << 40)
		s := at(t, t.TempDir(), func(o *Options) {
			o.ReadingBytes, o.HistoryBytes = 1<<20, 512<<10
			o.SendPictures = func(camera string) bool { return camera == "sent-later" }
			o.disk = func(string) (int64, int64, error) { return free.Load(), 1 << 40, nil }
		})
		reads(t, s, 900)
		for i := range 400 {
			says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i))))
			if s.MarkSent(devices.AlarmLane, uint64(i)+1); i%100 == 99 {
				time.Sleep(tidyEvery)
			}
		}
		says(t, s, "d", said(1, devices.AccessCard))
		for _, camera := range []string{"kept-only", "sent-later"} {
			if _, err := s.KeepPicture(string(s.Epoch())+"-alarm-1", camera, photo(t, 1, 4000)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		history := s.Marks(devices.AlarmLane).First
		pictures := func() (names []string) {
			for _, p := range s.Pictures() {
				names = append(names, p.Camera)
			}
			return names
		}
		same(t, "files of readings before", len(s.readings.Segments()) > 2, true)

		free.Store(1<<40/floorPart - 1) // one byte too little: one file goes
		time.Sleep(tidyEvery)
		free.Store(1 << 40)
		first := s.Marks(devices.ReadingLane).First
		same(t, "gaps", s.Gaps(), dropped(1, first-1))
		same(t, "pictures when readings went", len(pictures()), 2)

		free.Store(0)
		time.Sleep(tidyEvery)
		free.Store(1 << 40)
		time.Sleep(tidyEvery)
		same(t, "files of readings", len(s.readings.Segments()), 1)
		same(t, "files of history", len(s.history.Segments()), 1)
		same(t, "pictures", pictures(), []string{"sent-later"})
		if now := s.Marks(devices.AlarmLane).First; history != 1 || now <= history {
			t.Errorf("got a history from %d on, and from %d before, want less", now, history)
		}
		same(t, "events", len(stored(t, s, devices.EventLane)), 1)
		same(t, "readings that are there or told", uint64(len(stored(t, s, devices.ReadingLane)))+s.Gaps()[0].Count(), 900)
	})
}

// TestTooOld holds that readings and events which wait too long go and are told, that
// alarms do not, and that nothing grows old while nobody knows how late it is.
func TestTooOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var synced atomic.Bool
		synced.Store(true)
		s := at(t, t.TempDir(), func(o *Options) {
			o.ReadingBytes, o.KeepReadings, o.KeepEvents = 4<<20, 2*time.Hour, 24*time.Hour
			o.Clock = func() Clock { return Clock{Synced: synced.Load()} }
		})
		say := func() {
			for i := range 10 {
				says(t, s, "d", said(1, devices.AccessCard), said(1, "alarm.test", point(fmt.Sprint(i))))
			}
		}
		say()
		reads(t, s, 1500)
		time.Sleep(3 * time.Hour)
		readings := s.Marks(devices.ReadingLane)
		if readings.First == 1 {
			t.Error("no reading has gone after three hours")
		}
		same(t, "gaps", s.Gaps(), []Gap{{devices.ReadingLane, 1, readings.First - 1, whyOld, ""}})
		time.Sleep(20 * time.Hour)
		say()
		same(t, "events after 23 hours", s.Marks(devices.EventLane).First, 1)
		time.Sleep(2 * time.Hour)
		same(t, "events after 25 hours", s.Marks(devices.EventLane).First, 11)
		same(t, "gap of events", s.Gaps()[0], Gap{devices.EventLane, 1, 10, whyOld, ""})
		synced.Store(false)
		time.Sleep(100 * time.Hour)
		same(t, "events when nobody knows the time", s.Marks(devices.EventLane).First, 11)
		same(t, "alarms", s.Marks(devices.AlarmLane).First, 1)
	})
}

// TestStock holds what a store shows of itself.
func TestStock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir(), roomy)
		says(t, s, "d", said(1, gasHigh, raised), said(1, passage))
		began := time.Now()
		reads(t, s, 3000)
		k := s.Stock()
		for i, lane := range devices.Lanes() {
			l := k.Lanes[i]
			if l.Lane != lane || l.Marks != s.Marks(lane) || l.Bytes == 0 || l.Oldest.IsZero() || l.Oldest.After(time.Now()) {
				t.Errorf("got %+v of lane %q", l, lane)
			}
		}
		if k.Lanes[0].Oldest.After(began) || len(k.Shares) != 4 || k.Commits < 3 || k.Failing {
			t.Errorf("got %+v", k)
		}
		for _, share := range k.Shares {
			if share.Bytes > share.Most || share.Most == 0 {
				t.Errorf("got share %+v", share)
			}
		}
		if k.Written < 3000*500 || k.Wear() < k.Written {
			t.Errorf("got %d bytes written, %d a day, want 1.5 million at least in %v", k.Written, k.Wear(), k.For)
		}
		first := s.Marks(devices.ReadingLane).First
		same(t, "dropped", k.Dropped, []Dropped{{Drop{devices.ReadingLane, WhyRoom}, first - 1}})
		for _, lane := range devices.Lanes() {
			s.MarkSent(lane, 1<<60)
		}
		for _, l := range s.Stock().Lanes {
			same(t, "oldest of what is all sent", l.Oldest, time.Time{})
		}
	})
}

// TestDamagedReadings holds that a damaged file of readings costs what is in it and is
// told, that a single one that flipped costs itself, and that neither is an error.
func TestDamagedReadings(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory, roomy)
	for range 5 {
		for range 100 {
			says(t, s, "d", said(1, devices.GasReading, func(e *devices.Event) { e.Text = strings.Repeat("x", 450) }))
		}
		flush(s)
	}
	files := s.readings.Segments()
	if len(files) < 3 {
		t.Fatalf("got %d files, want some", len(files))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	second := fmt.Sprintf("%s/readings-%020d-%s.db", directory, files[1].First, s.Epoch())
	if err := os.Truncate(second, 8192); err != nil {
		t.Fatal(err)
	}
	newest := newest(t, directory, "readings")
	raw, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	at500 := strings.LastIndex(string(raw), "berth-1")
	raw[at500+6] ^= 1
	if err := os.WriteFile(newest, raw, 0o600); err != nil {
		t.Fatal(err)
	}

	s = at(t, directory, roomy)
	n := tallyOf(t, s, devices.ReadingLane)
	n = tallyOf(t, s, devices.ReadingLane) // what the first noticed is told now
	want := tally{last: 500, there: 500 - n.told, told: n.told}
	lost := int(files[1].Last - files[1].First + 1)
	if n != want || n.told != lost+1 && n.told != lost {
		t.Errorf("got %+v, want %d lost with a file, and one that flipped", n, lost)
	}
	if dropped := s.Stock().Dropped; len(dropped) != 1 || dropped[0].Why != whyDamaged {
		t.Errorf("got %+v dropped, want them damaged", dropped)
	}
}
