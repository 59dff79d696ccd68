package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices"
)

// remount makes a disk read-only, or writable again.
func remount(t *testing.T, directory string, readOnly bool) {
	t.Helper()
	flags := uintptr(unix.MS_REMOUNT)
	if readOnly {
		flags |= unix.MS_RDONLY
	}
	if err := unix.Mount("", directory, "", flags, ""); err != nil {
		t.Fatal(err)
	}
}

// TestReadOnly holds that a disk that becomes read-only, as ext4 does by itself after
// an error, leaves a store that gives what it has and takes nothing, also to one that
// starts then; and that it takes again by itself when the disk does.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	disk := ownDisk(t, 64)
	directory := disk.directory(t)
	o := Options{Directory: directory, Site: "xinggang-ferry", MaxBytes: 16 << 20}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	says(t, s, "d", said(1, gasHigh, raised), said(1, devices.AccessCard))
	epoch := s.Epoch()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	remount(t, disk.dir, true)
	if s, err = Open(o); err != nil {
		t.Fatalf("on a read-only disk: %v", err)
	}
	defer s.Close()
	if err := s.Append(place("d"), said(2, devices.AccessCard)); !errors.Is(err, ErrUnwritable) || !errors.Is(err, unix.EROFS) {
		t.Errorf("got %v, want ErrUnwritable with its reason", err)
	}
	same(t, "epoch", s.Epoch(), epoch)
	same(t, "records that can be read", len(stored(t, s, devices.AlarmLane))+len(stored(t, s, devices.EventLane)), 2)
	same(t, "open", len(s.Standings()), 1)
	s.MarkSent(devices.EventLane, 1)
	s.mu.Lock()
	if !s.failing {
		t.Error("it is not said that the store fails")
	}
	s.mu.Unlock()

	remount(t, disk.dir, false)
	healed(t, s)
	s.mu.Lock()
	if s.failing {
		t.Error("it is said that the store fails still")
	}
	s.mu.Unlock()
	says(t, s, "d", said(2, gasHigh, cleared))
	same(t, "epoch afterwards", s.Epoch(), epoch)
	same(t, "records afterwards", len(stored(t, s, devices.AlarmLane)), 2)
	same(t, "mark afterwards", s.Marks(devices.EventLane).Sent, 1)
	same(t, "damages", len(s.Damages()), 0)
}

// TestDamagedAndReadOnly holds that a damaged file on a disk that takes no other one
// stops nobody, and is replaced when the disk takes one.
func TestDamagedAndReadOnly(t *testing.T) {
	t.Parallel()
	disk := ownDisk(t, 64)
	directory := disk.directory(t)
	o := Options{Directory: directory, Site: "xinggang-ferry", MaxBytes: 16 << 20}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	says(t, s, "d", said(1, gasHigh, raised), said(1, "alarm.test"))
	old := s.Epoch()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "store.db")
	b, err := os.ReadFile(path)
	clear(b[:2*os.Getpagesize()])
	if err := errors.Join(err, os.WriteFile(path, b, 0o600)); err != nil {
		t.Fatal(err)
	}
	remount(t, disk.dir, true)
	if s, err = Open(o); err != nil {
		t.Fatalf("damaged, on a read-only disk: %v", err)
	}
	defer s.Close()
	if err := s.Append(place("d"), said(2, devices.AccessCard)); !errors.Is(err, ErrUnwritable) {
		t.Errorf("got %v, want ErrUnwritable", err)
	}
	changed, before := s.Changed(), s.Epoch()
	remount(t, disk.dir, false)
	select {
	case <-changed: // with nothing to write it looks each second
	case <-time.After(time.Minute):
		t.Fatal("nothing changes in a minute after the disk is well")
	}
	healed(t, s)
	same(t, "salvaged", names(salvaged(t, s), old), []string{"alarm-1", "alarm-2"})
	if s.Epoch() == before || s.Epoch() == old || len(s.Damages()) != 1 {
		t.Errorf("got epoch %s and %v, want a new one and one damage", s.Epoch(), s.Damages())
	}
}
