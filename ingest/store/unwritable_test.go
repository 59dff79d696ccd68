package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices"
)

// TestFull holds that events in a full store go, the oldest first, and are told; that
// they leave the alarms their reserve; that alarms go when all is full of them, and
// none for an event; and that what is done makes room.
func TestFull(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	small := func(o *Options) { o.MaxBytes = 3 << 20 }
	s := at(t, directory, small)
	long := func(e *devices.Event) { e.Text = strings.Repeat("x", 3_000) }
	fill := func(n int, code devices.Code) {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range n / 16 {
					says(t, s, "d", said(1, code, long))
				}
			})
		}
		all.Wait()
	}
	fill(800, devices.AccessCard)
	m := s.Marks(devices.EventLane)
	if kept := m.Last - m.First + 1; m.Last != 800 || kept < 50 || kept > 250 {
		t.Errorf("got %+v, want about 100 of 800 events", m)
	}
	same(t, "gaps", s.Gaps(), []Gap{{devices.EventLane, 1, m.First - 1, WhyRoom, ""}})

	fill(400, "alarm.test")
	same(t, "first alarm", s.Marks(devices.AlarmLane).First, 1)
	fill(400, "alarm.test")
	a, e := s.Marks(devices.AlarmLane), s.Marks(devices.EventLane)
	if kept := a.Last - a.First + 1; a.Last != 800 || kept < 400 || kept > 790 {
		t.Errorf("got %+v, want most of 800 alarms", a)
	}
	want := []Gap{{devices.AlarmLane, 1, a.First - 1, WhyRoom, ""}}
	if e.First > 1 {
		want = append(want, Gap{devices.EventLane, 1, e.First - 1, WhyRoom, ""})
	}
	same(t, "gaps when all is full", s.Gaps(), want)
	for range 20 {
		if err := s.Append(place("d"), said(1, devices.AccessCard, long)); err != nil && !errors.Is(err, ErrUnwritable) {
			t.Errorf("got %v for an event, want ErrUnwritable or nothing", err)
		}
	}
	same(t, "alarms after more events", s.Marks(devices.AlarmLane), a)

	s.MarkSent(devices.AlarmLane, 800)
	s.MarkSent(devices.EventLane, 1<<60)
	for s.Append(place("d"), said(2, devices.AccessCard)) != nil {
		says(t, s, "d", said(1, "alarm.test")) // takes along what is done
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = at(t, directory, small)
	same(t, "alarms after a restart", s.Marks(devices.AlarmLane).First, a.First)
	stored(t, s, devices.AlarmLane)
}

// TestWriteFails holds that what the disk did not take was not accepted: its
// append fails, no number is used for it, what is known stays what it was, and
// it can be said again when the disk is well.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	says(t, s, "d", said(1, gasHigh, raised), said(1, leaf, is("closed")))
	before := lines(t, s)

	mend := breakWrites(t, filepath.Join(directory, "store.db"))
	for _, e := range []devices.Event{said(2, leaf, is("open")), said(2, passage, raw(3))} {
		if err := s.Append(place("d"), e); !errors.Is(err, ErrUnwritable) {
			t.Errorf("got %v for %s, want ErrUnwritable", err, e.Code)
		}
	}
	if _, err := s.Birth(); !errors.Is(err, ErrUnwritable) {
		t.Errorf("got %v for a birth, want ErrUnwritable", err)
	}
	if err := s.Put("device/d", 1); !errors.Is(err, ErrUnwritable) {
		t.Errorf("got %v for a topic, want ErrUnwritable", err)
	}
	says(t, s, "d", said(2, gasHigh, raised)) // known already: no need to write
	mend()
	healed(t, s)
	same(t, "records when it is well again", lines(t, s), before)

	says(t, s, "d", said(3, gasHigh, cleared), said(3, leaf, is("open")), said(3, passage, raw(3)), said(3, passage, raw(4)))
	want := append(before[:1:1],
		line{"alarm-2", "d", said(3, gasHigh, cleared), "alarm-1", said(1, "").Time, "device"}, before[1],
		line{"event-2", "d", said(3, leaf, is("open")), "event-2", zero, ""},
		line{"event-3", "d", said(3, passage, step(4, 1)), "event-3", zero, ""})
	same(t, "records after", lines(t, s), want)
	if n, err := s.Birth(); n != 1 || err != nil {
		t.Errorf("got birth %d, %v, want 1", n, err)
	}
}

// TestWriteFailsOnce holds that a disk that fails once costs nobody anything: the
// file is looked at anew, and what waits is written to it.
func TestWriteFailsOnce(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	says(t, s, "d", said(1, gasHigh, raised))
	epoch := s.Epoch()
	spoilDescriptor(t, filepath.Join(directory, "store.db"))
	says(t, s, "d", said(2, gasHigh, cleared))
	same(t, "records", len(stored(t, s, devices.AlarmLane)), 2)
	same(t, "epoch", s.Epoch(), epoch)
	same(t, "damages", len(s.Damages()), 0)
}

// breakWrites makes every write to store.db fail until it is mended: the descriptor
// by which it is open is replaced by one that may only read, and its name by a
// folder.
func breakWrites(t *testing.T, path string) (mend func()) {
	t.Helper()
	spoilDescriptor(t, path)
	if err := errors.Join(os.Rename(path, path+".away"), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(os.Remove(path), os.Rename(path+".away", path)); err != nil {
			t.Fatal(err)
		}
	}
}

// spoilDescriptor makes every write through the descriptor by which a file is open
// fail with EBADF.
func spoilDescriptor(t *testing.T, path string) {
	t.Helper()
	fd := descriptorOf(t, path)
	bad, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Dup3(bad, fd, unix.O_CLOEXEC), unix.Close(bad)); err != nil {
		t.Fatal(err)
	}
}

// healed waits until a store takes something again. It looks each second.
func healed(t *testing.T, s *Store) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := s.Doubt("nobody")
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a minute after it was mended: %v", err)
		}
	}
}

// descriptorOf finds the descriptor by which we have a file open.
func descriptorOf(t *testing.T, path string) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		skip(t, "no /proc/self/fd: %v", err)
	}
	for _, e := range open {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		var fd int
		if err == nil && to == path {
			if _, err := fmt.Sscan(e.Name(), &fd); err == nil {
				return fd
			}
		}
	}
	t.Fatalf("%q is not open", path)
	return -1
}
