package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
)

// heard is a record from memory in few words: number, code, state, incident, who
// cleared it.
func heard(s *Store, after uint64) []string {
	var all []string
	for _, r := range s.Volatile(after) {
		of := func(id string) string {
			return strings.ReplaceAll(strings.ReplaceAll(id, string(s.Epoch()), "disk"), string(r.Epoch), "memory")
		}
		all = append(all, strings.TrimSpace(fmt.Sprint(of(r.ID()), " ", r.Event.Code, " ", r.Event.State, " of ", of(r.Incident), " ", r.ClearedBy)))
	}
	return all
}

// broken is a store whose disk refuses until it is mended.
func broken(t *testing.T, first func(*Store), change ...func(*Options)) (s *Store, mend func()) {
	t.Helper()
	directory := t.TempDir()
	s = at(t, directory, change...)
	first(s)
	return s, breakWrites(t, filepath.Join(directory, "store.db"))
}

// accepts says events and returns the records that were made, nil for none.
func accepts(t *testing.T, s *Store, events ...devices.Event) (made []*Record) {
	t.Helper()
	for _, e := range events {
		r, err := s.Accept(place("d"), e)
		if err != nil {
			t.Fatalf("accept %v: %v", e, err)
		}
		made = append(made, r)
	}
	return made
}

// caughtUp waits until a store has brought to disk what waited in memory. It tries
// each second.
func caughtUp(t *testing.T, s *Store) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		s.mu.Lock()
		well := !s.failing && !s.behind()
		s.mu.Unlock()
		if well {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a minute after it was mended: %v", s.Trouble())
		}
	}
}

// TestVolatile holds that alarms which the disk refuses are there to be forwarded
// at once, each edge once and with the incident it belongs to; and that they are
// records, in their order and before what is said then, as soon as the disk is well.
func TestVolatile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const gasLow = devices.GasAlarmLow
		s, mend := broken(t, func(s *Store) {
			says(t, s, "d", said(1, gasHigh, raised), said(1, devices.DeviceFault, raised, inWarmUp))
		})
		changed := s.Changed()
		made := accepts(t, s, said(2, gasLow, raised), said(3, gasLow, raised), said(3, gasHigh, raised), said(4, gasHigh, cleared),
			said(5, gasHigh, cleared), said(6, "alarm.test"), said(7, gasLow, cleared), said(8, gasHigh, raised), said(9, devices.DeviceFault, raised))
		select {
		case <-changed:
		default:
			t.Error("nobody was told of an alarm in memory")
		}
		want := []string{
			"memory-alarm-1 gas.alarm.low raised of memory-alarm-1",
			"memory-alarm-2 gas.alarm.high cleared of disk-alarm-1 device",
			"memory-alarm-3 alarm.test  of memory-alarm-3",
			"memory-alarm-4 gas.alarm.low cleared of memory-alarm-1 device",
			"memory-alarm-5 gas.alarm.high raised of memory-alarm-5",
			"memory-alarm-6 device.fault cleared of disk-alarm-2 mode",
			"memory-alarm-7 device.fault raised of memory-alarm-7",
		}
		same(t, "in memory", heard(s, 0), want)
		same(t, "above a number", heard(s, 5), want[5:])
		for _, i := range []int{1, 2, 4} {
			if made[i] != nil {
				t.Errorf("event %d made %s, want nothing new", i, made[i].ID())
			}
		}
		same(t, "made", made[7].ID(), s.Volatile(4)[0].ID())
		if s.Trouble() == nil {
			t.Error("no trouble, want the disk's")
		}
		const before = 2

		mend()
		caughtUp(t, s)
		says(t, s, "d", said(20, gasHigh, cleared))
		same(t, "in memory when the disk is well", heard(s, 0), nil)
		time.Sleep(time.Minute)
		var after []string
		for _, r := range stored(t, s, devices.AlarmLane)[before:] {
			after = append(after, fmt.Sprintf("%d %s %s %s %.0f", r.Seq, r.Event.Code, r.Event.State, r.ClearedBy, r.Event.Time.Sub(said(0, "").Time).Seconds()))
			if told := r.Seq < 10; told != (r.Was == fmt.Sprintf("%s-alarm-%d", made[0].Epoch, r.Seq-2)) || r.Volatile {
				t.Errorf("record %d was %q", r.Seq, r.Was)
			}
			if r.Seq == 3 && !r.Accepted.Equal(made[0].Accepted) {
				t.Errorf("accepted at %v, want when it was said: %v", r.Accepted, made[0].Accepted)
			}
		}
		same(t, "stored", after, []string{
			"3 gas.alarm.low raised  2", "4 gas.alarm.high cleared device 4", "5 alarm.test   6", "6 gas.alarm.low cleared device 7",
			"7 gas.alarm.high raised  8", "8 device.fault cleared mode 9", "9 device.fault raised  9", "10 gas.alarm.high cleared device 20",
		})
		if err := s.Trouble(); err != nil {
			t.Errorf("got trouble %v, want none", err)
		}
	})
}

// TestVolatileByItself holds that nobody has to say anything for memory to come to
// disk, and that a counter's steps come with it.
func TestVolatileByItself(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, mend := broken(t, func(*Store) {})
		accepts(t, s, said(1, passage, raw(7), urgent), said(2, passage, raw(9), urgent), said(3, passage, raw(9), urgent), said(4, passage, raw(12), urgent))
		time.Sleep(time.Minute)
		same(t, "in memory after a minute", len(s.Volatile(0)), 2)
		mend()
		caughtUp(t, s)
		same(t, "in memory", len(s.Volatile(0)), 0)
		says(t, s, "d", said(5, passage, raw(13), urgent))
		var steps []uint64
		for _, r := range stored(t, s, devices.AlarmLane) {
			steps = append(steps, r.Event.Count.Step)
		}
		same(t, "steps", steps, []uint64{2, 3, 1})
	})
}

// TestVolatileFull holds that the ring has a bound, that what was forwarded goes
// first but what stands last, and that only what nobody had is lost.
func TestVolatileFull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, mend := broken(t, func(*Store) {}, func(o *Options) { o.Volatile = 4 })
		test := func(n int) devices.Event { return said(n, "alarm.test", point(fmt.Sprint(n))) }
		seqs := func() (all []uint64) {
			for _, r := range s.Volatile(0) {
				all = append(all, r.Seq)
			}
			return all
		}
		accepts(t, s, said(1, gasHigh, raised), test(2), test(3), test(4))
		s.VolatileSent(3)
		accepts(t, s, test(5), test(6))
		same(t, "what was forwarded goes, what stands does not", seqs(), []uint64{1, 4, 5, 6})
		accepts(t, s, test(7))
		same(t, "then what stands", seqs(), []uint64{4, 5, 6, 7})
		accepts(t, s, test(8), test(9))
		same(t, "then what nobody had", seqs(), []uint64{6, 7, 8, 9})
		mend()
		time.Sleep(time.Minute)
		same(t, "lost", s.Lost(), []Loss{{devices.AlarmLane, 2, WhyRefused}})
		same(t, "stored", len(stored(t, s, devices.AlarmLane)), 4)
		if err := s.LossTold(Loss{devices.AlarmLane, 2, WhyRefused}); err != nil {
			t.Fatal(err)
		}
		same(t, "lost when that is told", s.Lost(), nil)
	})
}

// TestVolatileTests holds that test alarms which nobody had make room before alarms.
func TestVolatileTests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, mend := broken(t, func(*Store) {}, func(o *Options) { o.Volatile = 3 })
		accepts(t, s, said(1, gasHigh, raised), said(2, "alarm.test"), said(3, "alarm.test"), said(4, "alarm.test"), said(5, "screening.metal.alarm"), said(6, "alarm.test"))
		same(t, "in memory", heard(s, 0), []string{
			"memory-alarm-1 gas.alarm.high raised of memory-alarm-1", "memory-alarm-5 screening.metal.alarm  of memory-alarm-5", "memory-alarm-6 alarm.test  of memory-alarm-6",
		})
		mend()
	})
}

// TestVolatileNone is the control: without the ring an alarm is refused.
func TestVolatileNone(t *testing.T) {
	t.Parallel()
	s, mend := broken(t, func(*Store) {}, func(o *Options) { o.Volatile = -1 })
	defer mend()
	if err := s.Append(place("d"), said(1, gasHigh, raised)); !errors.Is(err, ErrUnwritable) {
		t.Errorf("got %v, want ErrUnwritable", err)
	}
}

// TestLost holds that an event may be said again for two seconds and is then
// lost and counted, as readings are at once; and that the count survives.
func TestLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, mend := broken(t, func(*Store) {})
		say := func() error { return s.Append(place("d"), said(1, devices.AccessCard)) }
		for range 2 {
			if err := say(); !errors.Is(err, ErrUnwritable) || errors.Is(err, ErrLost) {
				t.Errorf("got %v, want ErrUnwritable alone", err)
			}
			time.Sleep(refusedFor)
			for range 5 {
				if err := say(); !errors.Is(err, ErrLost) || !errors.Is(err, ErrUnwritable) {
					t.Errorf("got %v, want ErrLost", err)
				}
			}
			mend()
			caughtUp(t, s)
			if err := say(); err != nil {
				t.Errorf("got %v from a disk that is well", err)
			}
			mend = breakWrites(t, filepath.Join(s.opt.Directory, "store.db"))
		}
		mend()
		caughtUp(t, s)
		directory := s.opt.Directory
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
		same(t, "lost", s.Lost(), []Loss{{devices.EventLane, 10, WhyRefused}})
		same(t, "stored", len(stored(t, s, devices.EventLane)), 2)
		if err := s.LossTold(Loss{devices.EventLane, 4, WhyRefused}); err != nil {
			t.Fatal(err)
		}
		same(t, "lost when some of it is told", s.Lost()[0], Loss{devices.EventLane, 6, WhyRefused})
	})
}

// TestVolatileAtTheEnd holds that a store which is closed while the disk refuses
// says what ends with it, and that one which is closed when the disk is well again
// has it on disk.
func TestVolatileAtTheEnd(t *testing.T) {
	for _, well := range []bool{false, true} {
		t.Run(fmt.Sprint("well: ", well), func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			var log bytes.Buffer
			s := at(t, directory, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			mend := breakWrites(t, filepath.Join(directory, "store.db"))
			accepts(t, s, said(1, gasHigh, raised))
			if well {
				mend()
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			same(t, "said", strings.Contains(log.String(), "only in memory"), !well)
			if well {
				same(t, "on disk", len(stored(t, at(t, directory), devices.AlarmLane)), 1)
			}
		})
	}
}
