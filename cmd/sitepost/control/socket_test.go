package control_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
)

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
