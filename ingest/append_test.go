package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestDiskRefuses: a conversation goes on while the disk refuses what it says. Its
// alarms are told at once, its events are lost after a moment, and that is logged
// once.
func TestDiskRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		st, err := store.Open(store.Options{Directory: directory, Site: "site"})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		var log bytes.Buffer
		var seen []string
		in := New(Options{Store: st, Site: Site{Places: places("gas-1", "line-1")}, Log: slog.New(slog.NewTextHandler(&log, nil)), Attention: func(r store.Record) {
			seen = append(seen, fmt.Sprint(r.Event.Code, " ", r.Volatile))
		}})
		ctx, cancel := context.WithCancel(t.Context())
		var took []time.Duration
		device := script(func(ctx context.Context, emit func(devices.Event) error) error {
			defer cancel()
			say := func(e devices.Event) {
				began := time.Now()
				e.Time = began
				if err := emit(e); err != nil {
					t.Errorf("emit %s: %v", e.Code, err)
				}
				took = append(took, time.Since(began).Round(time.Second))
			}
			mend := breakWrites(t, filepath.Join(directory, "store.db"))
			say(devices.Event{Code: devices.GasAlarmHigh, State: devices.Raised})
			say(devices.Event{Code: devices.AccessCard})
			say(devices.Event{Code: devices.AccessCard})
			say(devices.Event{Code: devices.LineLost, Device: "line-1", State: devices.Raised})
			say(devices.Event{Code: devices.GasAlarmHigh, State: devices.Raised})
			mend()
			time.Sleep(5 * time.Second)
			say(devices.Event{Code: devices.AccessCard})
			return nil
		})
		cs := []Conversation{{Name: "gas-1", Device: device, Silence: map[string]time.Duration{"gas-1": 0}, Via: "line-1"}}
		if err := in.Run(ctx, cs); err != nil {
			t.Fatal(err)
		}
		same(t, took, []time.Duration{0, 2 * time.Second, 0, 0, 0, 0})
		same(t, seen, []string{"gas.alarm.high true", "line.lost true"})
		same(t, alarms(t, st, devices.AlarmLane), []spoken{{"gas-1", devices.GasAlarmHigh, devices.Raised}, {"line-1", devices.LineLost, devices.Raised}})
		same(t, st.Lost(), []store.Loss{{Lane: devices.EventLane, Count: 2, Why: store.WhyRefused}})
		if n := strings.Count(log.String(), "store refuses"); n != 1 {
			t.Errorf("said %d times that the store refuses, want once:\n%s", n, log.String())
		}
	})
}

// breakWrites makes every write to an open file of ours fail with EBADF, and nobody
// find it under its name, until it is mended: its descriptor is replaced by one that
// may only read, and its name by a folder.
func breakWrites(t *testing.T, path string) (mend func()) {
	t.Helper()
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	fd, away := descriptorOf(t, path), path+".away"
	good, err := unix.Dup(fd)
	bad, err2 := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(err, err2, unix.Dup3(bad, fd, unix.O_CLOEXEC), os.Rename(path, away), os.Mkdir(path, 0o700))
	return func() {
		if to, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", fd)); to == away { // it was not closed meanwhile
			must(unix.Dup3(good, fd, unix.O_CLOEXEC))
		}
		must(unix.Close(good), unix.Close(bad), os.Remove(path), os.Rename(away, path))
	}
}

// descriptorOf finds the descriptor by which we have a file open.
func descriptorOf(t *testing.T, path string) (fd int) {
	t.Helper()
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range open {
		if to, err := os.Readlink(name); err == nil && to == path {
			if _, err := fmt.Sscan(filepath.Base(name), &fd); err != nil {
				t.Fatal(err)
			}
			return fd
		}
	}
	t.Fatalf("%q is not open", path)
	return -1
}
