package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// roomy is a store in which readings have little room.
func roomy(o *Options) { o.MaxBytes, o.ReadingBytes = 16<<20, 200<<10 }

// reads appends readings of about 1,000 bytes each, and waits until they are on disk.
func reads(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		says(t, s, "d", said(1, devices.GasReading, func(e *devices.Event) { e.Text = strings.Repeat("x", 450) }))
		if i%100 == 99 {
			time.Sleep(2 * readingPatience)
		}
	}
	time.Sleep(2 * readingPatience)
}

// dropped are the gaps of the reading lane.
func dropped(firstAndLast ...uint64) (all []Gap) {
	for pair := range slices.Chunk(firstAndLast, 2) {
		all = append(all, Gap{Lane: devices.ReadingLane, First: pair[0], Last: pair[1]})
	}
	return all
}

// heavy fails unless a lane weighs what its records do.
func heavy(t *testing.T, s *Store, most int64) {
	t.Helper()
	l := s.lanes[devices.ReadingLane]
	var want int64
	for _, r := range stored(t, s, devices.ReadingLane) {
		value, err := sound.Frame(seqKey(r.Seq), r)
		if err != nil {
			t.Fatal(err)
		}
		want += weightOf(value)
	}
	if l.weight != want || want > most {
		t.Errorf("got a lane of weight %d, want %d, and at most %d", l.weight, want, most)
	}
}

// TestReadingsHaveABound holds that readings which wait take the room they may and
// no more, that the oldest go and it is known which, also after a restart, that
// alarms and events stay, and that what was told is not told again.
func TestReadingsHaveABound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory, roomy)
		says(t, s, "d", said(1, gasHigh, raised), said(1, passage))
		reads(t, s, 150)
		if gaps := s.Gaps(); gaps != nil {
			t.Fatalf("got %v after 150 readings, want no gap yet", gaps)
		}
		reads(t, s, 3000)
		m := s.Marks(devices.ReadingLane)
		if kept := m.Last - m.First + 1; m.Last != 3150 || kept < 150 || kept > 250 {
			t.Errorf("got %+v, want about 200 of 3,150 kept", m)
		}
		same(t, "gaps", s.Gaps(), dropped(1, m.First-1))
		heavy(t, s, 200<<10)
		same(t, "alarms and events", lines(t, s)[:2], []line{
			{"alarm-1", "d", said(1, gasHigh, raised), "alarm-1", zero, ""}, {"event-1", "d", said(1, passage), "event-1", zero, ""}})
		info, err := os.Stat(filepath.Join(directory, "store.db"))
		if err != nil || info.Size() > 2<<20 {
			t.Errorf("got a file of %d bytes (%v), want at most 2 MiB", info.Size(), err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		s = at(t, directory, roomy)
		same(t, "gaps after a restart", s.Gaps(), dropped(1, m.First-1))
		told := s.Gaps()[0]
		reads(t, s, 50)
		heavy(t, s, 200<<10)
		m = s.Marks(devices.ReadingLane)
		same(t, "gaps when more was dropped", s.Gaps(), dropped(1, m.First-1))
		for range 2 {
			if err := s.GapTold(told); err != nil {
				t.Error(err)
			}
		}
		same(t, "gaps when a part was told", s.Gaps(), dropped(told.Last+1, m.First-1))
		if err := s.GapTold(s.Gaps()[0]); err != nil || s.Gaps() != nil {
			t.Errorf("got %v, %v, want nothing left to tell", s.Gaps(), err)
		}
	})
}

// TestSentIsNoGap holds that what the broker has makes room and is no gap, and that
// what is dropped behind it is one of its own.
func TestSentIsNoGap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir(), roomy)
		for range 20 {
			reads(t, s, 100)
			s.MarkSent(devices.ReadingLane, s.Marks(devices.ReadingLane).Last)
		}
		if gaps := s.Gaps(); gaps != nil {
			t.Errorf("got %v while all was sent, want no gap", gaps)
		}
		heavy(t, s, 200<<10)
		reads(t, s, 1000)
		one := s.Marks(devices.ReadingLane)
		same(t, "gaps of the outage", s.Gaps(), dropped(2001, one.First-1))
		s.MarkSent(devices.ReadingLane, one.First+9) // the link was there for ten of them
		reads(t, s, 1000)
		two := s.Marks(devices.ReadingLane)
		same(t, "gaps of two outages", s.Gaps(), dropped(2001, one.First-1, one.First+10, two.First-1))
		heavy(t, s, 200<<10)
	})
}

// TestManyGaps holds that there is an end to the number of gaps that nobody tells.
func TestManyGaps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir(), roomy)
		reads(t, s, 300)
		for range 2 * mostGaps {
			s.MarkSent(devices.ReadingLane, s.Marks(devices.ReadingLane).First)
			reads(t, s, 5)
		}
		gaps := s.Gaps()
		if last := s.Marks(devices.ReadingLane).First - 1; len(gaps) != mostGaps || gaps[mostGaps-1].Last != last {
			t.Errorf("got %d gaps, the last up to %d, want %d and %d", len(gaps), gaps[len(gaps)-1].Last, mostGaps, last)
		}
	})
}

// TestBoundAfterATrouble holds that the bound is kept after commits that failed.
func TestBoundAfterATrouble(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory, roomy)
	fill := func(n int) {
		for range n {
			says(t, s, "d", said(1, devices.GasReading, func(e *devices.Event) { e.Text = strings.Repeat("x", 450) }))
		}
		if err := s.Put("device/d", time.Now()); err != nil { // takes along what waits
			t.Log(err)
		}
	}
	fill(150)
	mend := breakWrites(t, filepath.Join(directory, "store.db"))
	fill(150)
	mend()
	healed(t, s)
	fill(150)
	heavy(t, s, 200<<10)
	if gaps := s.Gaps(); len(gaps) != 1 {
		t.Errorf("got %v, want one gap: 300 readings were taken, and there is room for 200", gaps)
	}
}
