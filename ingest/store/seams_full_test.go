package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/disktest"
)

// TestSmallerThanBefore holds that a store whose owner gives it less than it has
// opens, and keeps what waits.
func TestSmallerThanBefore(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory, func(o *Options) { o.MaxBytes = 32 << 20 })
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 400 {
				says(t, s, "d", said(1, "alarm.test", func(e *devices.Event) { e.Text = strings.Repeat("x", 3_000) }))
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = at(t, directory, func(o *Options) { o.MaxBytes = 8 << 20 })
		says(t, s, "d", said(2, gasHigh, raised), said(3, gasHigh, cleared))
		if m := s.Marks(devices.AlarmLane); m.Last-m.First < 1_000 {
			t.Errorf("%d to %d are left, want what 8 MiB hold", m.First, m.Last)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDropIsNoDamage holds that who reads while the commit is under way that drops
// the oldest events does not take what is gone for damage.
func TestDropIsNoDamage(t *testing.T) {
	t.Parallel()
	d := disktest.New(t)
	s := at(t, filepath.Join(d.Dir, "store"), func(o *Options) { o.MaxBytes = 3 << 20 })
	epoch := s.Epoch()
	long := func(e *devices.Event) { e.Text = strings.Repeat("x", 30_000) }
	for s.Marks(devices.EventLane).First == 1 {
		says(t, s, "d", said(1, devices.AccessCard, long))
	}
	d.Slow(20 * time.Millisecond)
	over := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			if _, err := s.Read(devices.EventLane, s.Marks(devices.EventLane).First-1, 10); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for first := s.Marks(devices.EventLane).First; s.Marks(devices.EventLane).First == first; {
		says(t, s, "d", said(1, devices.AccessCard, long))
	}
	close(over)
	reading.Wait()
	same(t, "epoch", s.Epoch(), epoch)
}

// TestMemoryIntoFullFile holds that alarms from memory come to disk where the file is
// full of others by then: older ones go, as for any alarm.
func TestMemoryIntoFullFile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		long := func(e *devices.Event) { e.Text = strings.Repeat("x", 3_000) }
		s, mend := broken(t, func(s *Store) {
			for s.Marks(devices.AlarmLane).First == 1 {
				says(t, s, "d", said(1, "alarm.test", long))
			}
		}, func(o *Options) { o.MaxBytes = 3 << 20 })
		before := s.Marks(devices.AlarmLane).Last
		for range 350 {
			says(t, s, "d", said(2, "alarm.test", long))
		}
		mend()
		caughtUp(t, s)
		same(t, "alarms from memory", s.Marks(devices.AlarmLane).Last-before, 350)
	})
}

// TestSavedEventsGoBeforeAlarms holds that events which were saved from a damaged file
// make room for alarms, and are told, before any alarm goes.
func TestSavedEventsGoBeforeAlarms(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory, func(o *Options) { o.MaxBytes = 3 << 20 })
	long := func(e *devices.Event) { e.Text = strings.Repeat("x", 3_000) }
	const n = 140
	for range n {
		says(t, s, "d", said(1, devices.AccessCard, long), said(1, "alarm.test", long))
	}
	old := s.Epoch()
	flipAll(t, directory, `"lane":"alarm","seq":4,`)
	if _, err := s.Read(devices.AlarmLane, 0, 0); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want ErrDamaged", err)
	}
	says(t, s, "d", said(1, "alarm.test", long))
	before := len(salvaged(t, s))
	for i := 0; s.Marks(devices.AlarmLane).First == 1 && i < 10*n; i++ {
		says(t, s, "d", said(1, "alarm.test", long))
	}
	after := salvaged(t, s)
	same(t, "saved and left", names(after, old), names(after, old)[:n-1])
	same(t, "saved at first", before, 2*n-1)
	var told uint64
	for _, g := range s.Gaps() {
		if g.Epoch == old && g.Lane == devices.EventLane {
			told += g.Count()
		}
	}
	same(t, "events told", told, n)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = at(t, directory, func(o *Options) { o.MaxBytes = 3 << 20 })
	same(t, "after a restart", len(salvaged(t, s)), n-1)
}

// TestLargeAlarms holds that a full file takes alarms of any size that is accepted: those
// for which bbolt finds no pages side by side are not in memory for longer than it takes to
// write the file anew, none of them is lost, and which older ones went for them is told.
func TestLargeAlarms(t *testing.T) {
	for _, size := range []int{20_000, 30_000, 60_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := at(t, t.TempDir(), func(o *Options) { o.MaxBytes = 3 << 20 })
				long := func(e *devices.Event) { e.Text = strings.Repeat("x", size) }
				n := 8 << 20 / size
				for range n {
					if err := s.Append(place("d"), said(1, devices.AccessCard, long)); err != nil && !errors.Is(err, ErrUnwritable) {
						t.Error("an event is", err)
					}
				}
				for range n {
					says(t, s, "d", said(1, "alarm.test", long))
					if len(s.Volatile(0)) == 0 {
						continue
					}
					time.Sleep(90 * time.Second)
					if n := len(s.Volatile(0)); n > 0 {
						t.Fatalf("%d alarms are still in memory after a minute and a half", n)
					}
				}
				time.Sleep(2 * time.Minute)
				says(t, s, "d", said(2, "alarm.test"))
				caughtUp(t, s)
				m := s.Marks(devices.AlarmLane)
				same(t, "alarms", m.Last, uint64(n+1))
				for _, g := range s.Gaps() {
					if g.Lane == devices.AlarmLane {
						same(t, "gap", g, Gap{devices.AlarmLane, 1, m.First - 1, WhyRoom, ""})
					}
				}
			})
		})
	}
}
