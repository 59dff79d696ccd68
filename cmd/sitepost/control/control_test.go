package control_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// TestNoSocket: what is no socket is not taken for one that was left behind, and
// a path that no socket can have is told as such.
func TestNoSocket(t *testing.T) {
	file := filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(file, []byte("version = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := control.Listen(file)
	if want := fmt.Sprintf("control socket %q: something else has this name: give another one with --control", file); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "version = 1" {
		t.Errorf("the file is gone or changed: %q, %v", text, err)
	}
	long := "/run/" + strings.Repeat("x", 103)
	want := fmt.Sprintf("control socket %q: the path has more than 107 characters: give a shorter one with --control", long)
	if _, err := control.Listen(long); err == nil || err.Error() != want {
		t.Errorf("daemon: got %v, want %s", err, want)
	}
	if _, _, err := (control.Client{Path: long}).Borrow(t.Context(), "bus-a"); err == nil || err.Error() != want {
		t.Errorf("tool: got %v, want %s", err, want)
	}
}

// request opens a connection of its own to the door and sends a request.
func (s *stand) request(t *testing.T, text string) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: s.client.Path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestBodyRefused: a request with a body that never comes gets no line: that its
// tool has gone would not be seen.
func TestBodyRefused(t *testing.T) {
	s := newStand(t)
	s.opened(t, 1)
	for _, head := range []string{"Content-Length: 5", "Transfer-Encoding: chunked"} {
		c := s.request(t, "POST /lines/bus-a/loan HTTP/1.1\r\nHost: x\r\n"+head+"\r\n\r\n")
		status, err := bufio.NewReader(c).ReadString('\n')
		if want := "HTTP/1.1 400 Bad Request\r\n"; err != nil || status != want {
			t.Errorf("%s: got %q, %v, want %q", head, status, err, want)
		}
	}
}

// TestStoppedTool: a tool that hears and does not read loses its place, and does
// not keep the daemon from stopping.
func TestStoppedTool(t *testing.T) {
	s := newStand(t)
	s.opened(t, 1)
	c := s.request(t, "GET /lines/bus-a/bytes HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	flood := make([]byte, 1000)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 500 { // some 2 MB of rows, more than the socket holds
		<-tick.C
		_, _ = s.cable.Write(flood)
	}
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(patience):
		_ = c.Close()
		<-stopped
		t.Error("the daemon waits for a tool that does not read")
	}
}

// TestWhoBorrows: the log says which process has a line, and with which command.
func TestWhoBorrows(t *testing.T) {
	var log bytes.Buffer
	s := newStandWith(t, slog.New(slog.NewTextHandler(&log, nil)))
	giveBack, _, err := s.client.Borrow(t.Context(), "bus-a")
	if err != nil {
		t.Fatal(err)
	}
	giveBack()
	s.stop()
	who := fmt.Sprintf("process %d of user %d", os.Getpid(), os.Getuid())
	for _, said := range []string{"line is lent to a tool", "line is back from a tool"} {
		rows := slices.Collect(strings.Lines(log.String()))
		if !slices.ContainsFunc(rows, func(r string) bool {
			return strings.Contains(r, said) && strings.Contains(r, who) && strings.Contains(r, "control.test")
		}) {
			t.Errorf("no row says %q and %q:\n%s", said, who, log.String())
		}
	}
}
