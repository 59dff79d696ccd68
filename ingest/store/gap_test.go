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
func roomy(o *Options) { o.ReadingBytes = 800 << 10 }

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
		all = append(all, Gap{Lane: devices.ReadingLane, First: pair[0], Last: pair[1], Why: WhyRoom})
	}
	return all
}

// heavy fails if readings take more than they may, or than they weigh and a bit.
func heavy(t *testing.T, s *Store) {
	t.Helper()
	var sum int64
	for _, r := range stored(t, s, devices.ReadingLane) {
		value, err := sound.Frame(seqKey(r.Seq), r)
		if err != nil {
			t.Fatal(err)
		}
		sum += weightOf(value)
	}
	if got := s.readings.Bytes(); got > s.opt.ReadingBytes || got > 2*sum+2*segmentBytes(s.opt.ReadingBytes) {
		t.Errorf("got %d bytes of readings that weigh %d, want at most %d", got, sum, s.opt.ReadingBytes)
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
		if kept := m.Last - m.First + 1; m.Last != 3150 || kept < 400 || kept > 800 {
			t.Errorf("got %+v, want about 600 of 3,150 kept", m)
		}
		same(t, "gaps", s.Gaps(), dropped(1, m.First-1))
		heavy(t, s)
		same(t, "alarms and events", lines(t, s)[:2], []line{
			{"alarm-1", "d", said(1, gasHigh, raised), "alarm-1", zero, ""}, {"event-1", "d", said(1, passage), "event-1", zero, ""}})
		info, err := os.Stat(filepath.Join(directory, "store.db"))
		if err != nil || info.Size() > s.opt.MaxBytes {
			t.Errorf("got a file of %d bytes (%v), want at most %d", info.Size(), err, s.opt.MaxBytes)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		s = at(t, directory, roomy)
		same(t, "gaps after a restart", s.Gaps(), dropped(1, m.First-1))
		told := s.Gaps()[0]
		reads(t, s, 300)
		heavy(t, s)
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
		heavy(t, s)
		reads(t, s, 2000)
		one := s.Marks(devices.ReadingLane)
		same(t, "gaps of the outage", s.Gaps(), dropped(2001, one.First-1))
		s.MarkSent(devices.ReadingLane, one.First+9) // the link was there for ten of them
		reads(t, s, 2000)
		two := s.Marks(devices.ReadingLane)
		same(t, "gaps of two outages", s.Gaps(), dropped(2001, one.First-1, one.First+10, two.First-1))
		heavy(t, s)
	})
}

// TestManyGaps holds that there is an end to the number of gaps that nobody tells, and
// that none of what is missing is in no gap.
func TestManyGaps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		for n := range uint64(3 * mostGaps) {
			s.noteGap(Gap{Lane: devices.ReadingLane, First: 10 * n, Last: 10*n + 3, Why: WhyRoom})
			time.Sleep(time.Second)
		}
		gaps := s.Gaps()
		if last := uint64(10*(3*mostGaps-1) + 3); len(gaps) != mostGaps || gaps[mostGaps-1].Last != last {
			t.Errorf("got %d gaps, the last up to %d, want %d and %d", len(gaps), gaps[len(gaps)-1].Last, mostGaps, last)
		}
	})
}

// TestGapsDoNotOverlap holds that what is missing twice is told once, and that what is
// done is not missing.
func TestGapsDoNotOverlap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		reads(t, s, 50)
		s.MarkSent(devices.ReadingLane, 20)
		gap := func(why string, first, last uint64) Gap { return Gap{devices.ReadingLane, first, last, why, ""} }
		for _, g := range []Gap{gap(WhyRoom, 10, 30), gap(whyDamaged, 25, 35), gap(WhyRefused, 40, 45), gap(WhyRoom, 1, 50)} {
			s.noteGap(g)
		}
		time.Sleep(time.Second)
		same(t, "gaps", s.Gaps(), []Gap{gap(WhyRoom, 21, 30), gap(whyDamaged, 31, 35), gap(WhyRoom, 36, 39), gap(WhyRefused, 40, 45), gap(WhyRoom, 46, 50)})
		old := Gap{devices.ReadingLane, 3, 9, "set aside: of another store", "0123456789abcdef"}
		s.noteGap(old)
		time.Sleep(time.Second)
		same(t, "gap of another epoch", s.Gaps()[5], old)
		var dropped uint64
		for _, d := range s.Stock().Dropped {
			dropped += d.Count
		}
		same(t, "dropped", dropped, 37)
	})
}

// TestRefusedReadings holds that readings which the disk does not take are told as a
// gap, and that their numbers are not used again.
func TestRefusedReadings(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory, roomy)
	fill := func(n int) {
		for range n {
			says(t, s, "d", said(1, devices.GasReading))
		}
		flush(s)
	}
	fill(150)
	mend := breakWrites(t, newest(t, directory, "readings"))
	fill(30)
	mend()
	healed(t, s)
	fill(150)
	want := Gap{devices.ReadingLane, 151, 180, WhyRefused, ""}
	if err := s.Put("device/d", time.Now()); err != nil { // takes along what was noted
		t.Fatal(err)
	}
	same(t, "gaps", s.Gaps(), []Gap{want})
	records, err := s.Read(devices.ReadingLane, 150, 0)
	if err != nil || len(records) != 150 || records[0].Seq != 181 {
		t.Errorf("got %d records, %v, want 150 from 181 on", len(records), err)
	}
}

// flush waits until all readings are bound.
func flush(s *Store) {
	fence := &entry{bulk: true, done: make(chan error, 1)}
	if queued, _ := s.enqueue(fence); queued {
		<-fence.done
	}
}

// newest is the newest file of a log.
func newest(t *testing.T, directory, prefix string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory, prefix+"-*.db"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file of %s: %v", prefix, err)
	}
	return paths[len(paths)-1]
}

// TestDroppedAndDown holds that readings which were dropped when the box went down,
// before that was on disk, are told all the same.
func TestDroppedAndDown(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory, roomy)
	for range 5 {
		for range 100 {
			says(t, s, "d", said(1, devices.GasReading, func(e *devices.Event) { e.Text = strings.Repeat("x", 450) }))
		}
		flush(s)
	}
	last := s.readings.Segments()[0].Last
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(directory, "readings-*.db"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("got %v, %v, want some files", paths, err)
	}
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	s = at(t, directory, roomy)
	if err := s.Put("device/d", 1); err != nil {
		t.Fatal(err)
	}
	same(t, "gaps", s.Gaps(), dropped(1, last))
	same(t, "first", s.Marks(devices.ReadingLane).First, last+1)
}
