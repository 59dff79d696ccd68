package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
)

// TestReliableFull holds that on a disk which somebody else has filled, with readings
// and events beyond their shares, alarms are still accepted, from the room that is
// theirs; that readings go first and then events; and that all of these are counted.
func TestReliableFull(t *testing.T) {
	n := map[figure.Size]int{figure.Short: 2_000, figure.Full: 10_240, figure.Long: 10_240}[figure.Asked(t)]
	refused := fillDisk(t, 1000, func(o *Options) { o.sparse = true }, nil)

	var readings, events, alarms tally
	f := func(s *Store) {
		crowd(t, s, 4_000, devices.GasReading)
		flush(s)
		readings = tallyOf(t, s, devices.ReadingLane)
		if readings.told == 0 || readings.missing+readings.twice > 0 {
			t.Errorf("got readings %+v, want some told as gone, and the others there", readings)
		}
		for _, g := range s.Gaps() {
			if g.Lane != devices.ReadingLane {
				t.Errorf("got %+v while only readings were too many", g)
			}
		}
		crowd(t, s, 10_000, devices.AccessCard)
		events = tallyOf(t, s, devices.EventLane)
		if events.told == 0 || events.missing+events.twice > 0 {
			t.Errorf("got events %+v, want some told as gone, and the others there", events)
		}
	}
	lost := fillDisk(t, n, func(*Options) {}, func(s *Store, full bool) {
		if full {
			f(s)
			return
		}
		alarms = tallyOf(t, s, devices.AlarmLane)
	})
	met := lost == 0 && alarms == tally{last: n, there: n} && readings.told > 0 && events.told > 0
	figure.Report(t, figure.Row{
		Fault: "disk full, and the store beyond its shares",
		Aim:   fmt.Sprintf("%d alarms accepted and read back; readings shed first, then events, all counted", n),
		Measured: fmt.Sprintf("%d alarms accepted, %d refused, %d read back; of %d readings %d shed and told, of %d events %d",
			n-lost, lost, alarms.there, readings.last, readings.told, events.last, events.told),
		Met:     met,
		Control: fmt.Sprintf("store.db without room of its own: %d of 1000 alarms refused", refused),
		Values:  map[string]float64{"alarms": float64(alarms.there), "refused": float64(lost), "readings_told": float64(readings.told), "events_told": float64(events.told), "control_refused": float64(refused)},
	})
	if refused == 0 {
		t.Error("without room of its own no alarm was refused: the test proves nothing")
	}
}

// fillDisk opens a store on a small disk, fills the disk, lets do work on it, and then
// appends alarms. It returns how many were refused. do is called again when they are
// there, and nothing is left of the filling.
func fillDisk(t *testing.T, alarms int, change func(*Options), do func(s *Store, full bool)) (refused int) {
	t.Helper()
	d := ownDisk(t, 80)
	s := at(t, d.directory(t), func(o *Options) {
		o.ReadingBytes, o.HistoryBytes = 4<<20, 2<<20
		o.Volatile = -1 // what is refused is to be seen
	}, change)
	says(t, s, "gate-1", passing("alarm.test"))
	crowd(t, s, 3_000, devices.GasReading)
	flush(s)
	fillUp(t, filepath.Join(d.dir, "somebody-else"))
	if do != nil {
		do(s, true)
	}
	refused = crowd(t, s, alarms-1, "alarm.test")
	if do != nil {
		do(s, false)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return refused
}

// fillUp writes a file until the disk has no room.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(0)
	for step := int64(16 << 20); step >= 4096; {
		switch err := unix.Fallocate(int(f.Fd()), 0, at, step); {
		case err == nil:
			at += step
		case errors.Is(err, unix.ENOSPC):
			step /= 2
		default:
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// crowd appends n events from 64 sides at once, and returns how many were refused.
func crowd(t *testing.T, s *Store, n int, code devices.Code) int {
	t.Helper()
	var all sync.WaitGroup
	var refused, next atomic.Int64
	for side := range 64 {
		all.Go(func() {
			for next.Add(1) <= int64(n) {
				err := s.Append(place(fmt.Sprint("gate-", side)), passing(code))
				if err != nil && !errors.Is(err, ErrUnwritable) {
					t.Error(err)
				}
				if err != nil {
					refused.Add(1)
				}
			}
		})
	}
	all.Wait()
	return int(refused.Load())
}

// A tally says of the numbers of a lane how many can be read, how many are told as
// missing, and how many are both or neither.
type tally struct{ last, there, told, twice, missing int }

func tallyOf(t *testing.T, s *Store, lane devices.Lane) (n tally) {
	t.Helper()
	if _, err := s.Birth(); err != nil { // takes along what was noted
		t.Fatal(err)
	}
	seen := make(map[uint64]int)
	for after := uint64(0); ; {
		records, err := s.Read(lane, after, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			after = r.Seq
			seen[r.Seq]++
			n.there++
		}
	}
	for _, g := range s.Gaps() {
		if g.Lane != lane {
			continue
		}
		n.told += int(g.Count())
		for seq := g.First; seq <= g.Last; seq++ {
			seen[seq]++
		}
	}
	n.last = int(s.Marks(lane).Last)
	for seq := range uint64(n.last) {
		switch seen[seq+1] {
		case 0:
			n.missing++
		case 1:
		default:
			n.twice++
		}
	}
	return n
}
