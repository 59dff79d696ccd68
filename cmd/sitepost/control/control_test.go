package control_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// patience is how long a test waits for what happens at once on a healthy box.
const patience = 10 * time.Second

// A stand is a daemon's door with one line behind it.
type stand struct {
	client control.Client
	line   *line.Line
	cable  *linetest.Cable
	end    func() // ends the line alone, as a reload does
	stop   func()
}

func newStand(t *testing.T) *stand { return newStandWith(t, slog.New(slog.DiscardHandler)) }

func newStandWith(t *testing.T, log *slog.Logger) *stand {
	t.Helper()
	return newStandOf(t, control.Door{Log: log})
}

func newStandOf(t *testing.T, door control.Door) *stand {
	t.Helper()
	if door.Log == nil {
		door.Log = slog.New(slog.DiscardHandler)
	}
	s := &stand{cable: linetest.NewCable()}
	s.client.Path = filepath.Join(t.TempDir(), "run", "control.sock")
	s.line = line.New(line.Config{Name: "bus-a", Open: s.cable.Open})
	l, err := control.Listen(s.client.Path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	door.Lines = func() map[string]*line.Line { return map[string]*line.Line{"bus-a": s.line} }
	var running sync.WaitGroup
	running.Go(func() {
		if err := door.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	owned, end := context.WithCancel(ctx)
	running.Go(func() { _ = s.line.Run(owned) })
	s.end = end
	s.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(s.stop)
	return s
}

// opened waits until the line's port was opened so many times.
func (s *stand) opened(t *testing.T, times int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); s.cable.Opened() < times; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("the port was opened %d times, want %d", s.cable.Opened(), times)
		}
	}
}

var errEnough = errors.New("enough")

// TestListen: a tool hears the questions of the daemon, the answers, and nothing
// else.
func TestListen(t *testing.T) {
	s := newStand(t)
	s.opened(t, 1)
	defer s.cable.Close()
	go func() { // the instrument
		buf := make([]byte, 64)
		for {
			if _, err := s.cable.Read(buf); err != nil {
				return
			}
			_, _ = s.cable.Write([]byte("answer"))
		}
	}()
	asking, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var daemon sync.WaitGroup
	daemon.Go(func() { // it asks until the tool has heard it
		for asking.Err() == nil {
			_, _ = s.line.Ask(asking, line.Question{Send: []byte("question"), Within: time.Second, Accept: func(b []byte) []byte { return b }})
		}
	})
	var got []string
	err := s.client.Listen(asking, "bus-a", func(c line.Chunk) error {
		switch {
		case c.Sent:
			got = []string{"> " + string(c.Bytes)}
		case got != nil: // else it was let in between a question and its answer
			got = append(got, "< "+string(c.Bytes))
			return errEnough
		}
		return nil
	})
	cancel()
	daemon.Wait()
	if !errors.Is(err, errEnough) {
		t.Errorf("got %v, want what the listener returned", err)
	}
	if diff := cmp.Diff([]string{"> question", "< answer"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestBorrow: a line that is lent is closed, cannot be lent twice, and comes back
// when the tool gives it back or dies.
func TestBorrow(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(giveBack, die func())
	}{
		{"the tool gives it back", func(giveBack, _ func()) { giveBack() }},
		{"the tool dies", func(_, die func()) { die() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.opened(t, 1)
			ctx, die := context.WithCancel(t.Context())
			defer die()
			giveBack, _, err := s.client.Borrow(ctx, "bus-a")
			if err != nil {
				t.Fatal(err)
			}
			port, err := s.cable.Open(t.Context())
			if err != nil {
				t.Fatalf("the port of a lent line is not free: %v", err)
			}
			if _, _, err := s.client.Borrow(t.Context(), "bus-a"); err == nil {
				t.Error("one line was lent twice")
			}
			if err := port.Close(); err != nil {
				t.Fatal(err)
			}
			before := s.cable.Opened()
			c.end(giveBack, die)
			s.opened(t, before+1)
		})
	}
}

// TestDaemonStops: a daemon that stops takes its line back, and says so.
func TestDaemonStops(t *testing.T) {
	s := newStand(t)
	giveBack, lost, err := s.client.Borrow(t.Context(), "bus-a")
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	taken(t, lost, `line "bus-a": the running sitepost has taken it back: sitepost stops: do this again when it has stopped, or runs again`)
	giveBack()
	if _, err := os.Stat(s.client.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// taken fails unless a line that was lent is taken back for this reason.
func taken(t *testing.T, lost <-chan error, want string) {
	t.Helper()
	select {
	case why := <-lost:
		if why.Error() != want {
			t.Errorf("got  %v\nwant %s", why, want)
		}
	case <-time.After(patience):
		t.Errorf("nobody said: %s", want)
	}
}

// TestLineEnds: who has a line, or hears it, is told at once when a reload takes it out,
// and what to do then; and it is not lent afterwards.
func TestLineEnds(t *testing.T) {
	s := newStand(t)
	s.opened(t, 1)
	heard, listening := make(chan error, 1), make(chan struct{})
	go func() {
		heard <- s.client.Listen(t.Context(), "bus-a", func(line.Chunk) error {
			select {
			case <-listening:
			default:
				close(listening)
			}
			return nil
		})
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for over := false; !over; {
		select {
		case <-listening:
			over = true
		case <-tick.C:
			_, _ = s.cable.Write([]byte("said"))
		}
	}
	giveBack, lost, err := s.client.Borrow(t.Context(), "bus-a")
	if err != nil {
		t.Fatal(err)
	}
	s.end()
	const why = "a reload has taken the line out of the site file, or changed it: see the file, then do this again"
	taken(t, lost, `line "bus-a": the running sitepost has taken it back: `+why)
	taken(t, heard, `line "bus-a": nothing more is heard of it: `+why)
	giveBack()
	if _, _, err := s.client.Borrow(t.Context(), "bus-a"); err == nil {
		t.Error("a line that nobody owns was lent")
	}
}
