package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices"
)

// TestFull holds that a store at its size refuses what does not fit, loses
// nothing that it took, and takes again when what is done has gone.
func TestFull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		small := func(o *Options) { o.MaxBytes = 2 << 20 }
		s := at(t, directory, small)
		long := func(e *devices.Event) { e.Text = strings.Repeat("x", 20_000) }
		taken := uint64(0)
		var err error
		for err == nil && taken < 1000 {
			if err = s.Append(place("d"), said(1, devices.AccessCard, long)); err == nil {
				taken++
			}
		}
		if !errors.Is(err, ErrUnwritable) || taken < 40 {
			t.Fatalf("got %v after %d events, want ErrUnwritable", err, taken)
		}
		same(t, "marks when full", s.Marks(devices.EventLane), Marks{First: 1, Last: taken})
		same(t, "records when full", len(stored(t, s, devices.EventLane)), int(taken))
		s.MarkSent(devices.EventLane, taken)
		time.Sleep(time.Minute)
		says(t, s, "d", said(2, devices.AccessCard, long))
		same(t, "marks after", s.Marks(devices.EventLane), Marks{First: taken + 1, Last: taken + 1, Sent: taken})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, "records after a restart", len(stored(t, at(t, directory, small), devices.EventLane)), 1)
	})
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
	for _, e := range []devices.Event{said(2, gasHigh, cleared), said(2, leaf, is("open")), said(2, passage, raw(3))} {
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
