package control_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
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
	stop   func()
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{cable: linetest.NewCable()}
	s.client.Path = filepath.Join(t.TempDir(), "run", "control.sock")
	s.line = line.New(line.Config{Name: "bus-a", Open: s.cable.Open})
	l, err := control.Listen(s.client.Path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	door := control.Door{Lines: map[string]*line.Line{"bus-a": s.line}, Log: slog.New(slog.DiscardHandler)}
	var running sync.WaitGroup
	running.Go(func() {
		if err := door.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	running.Go(func() { _ = s.line.Run(ctx) })
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
	select {
	case <-lost:
	case <-time.After(patience):
		t.Error("the loan outlived the daemon")
	}
	giveBack()
	if _, err := os.Stat(s.client.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestNobody: no daemon and a line that does not exist are told apart.
func TestNobody(t *testing.T) {
	if _, _, err := (control.Client{Path: filepath.Join(t.TempDir(), "none")}).Borrow(t.Context(), "bus-a"); !errors.Is(err, control.ErrNobody) {
		t.Errorf("got %v, want ErrNobody", err)
	}
	s := newStand(t)
	_, _, err := s.client.Borrow(t.Context(), "bus-b")
	if want := `the running sitepost has no line "bus-b"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestSocket: only owner and group may use the door; one that a killed daemon
// left behind is replaced, one that is answered is not.
func TestSocket(t *testing.T) {
	s := newStand(t)
	now, err := os.Stat(s.client.Path)
	if err != nil {
		t.Fatal(err)
	}
	if got := now.Mode().Perm(); got != 0o660 {
		t.Errorf("got permissions %o, want 660", got)
	}
	if _, err := control.Listen(s.client.Path); err == nil {
		t.Error("two daemons have one socket")
	}
	left := filepath.Join(t.TempDir(), "control.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: left})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := control.Listen(left)
	if err != nil {
		t.Fatalf("a socket that was left behind: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
