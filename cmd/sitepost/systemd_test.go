package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A supervisor is systemd's end of sd_notify(3): a datagram socket.
type supervisor struct {
	t    *testing.T
	path string
	conn *net.UnixConn
}

func newSupervisor(t *testing.T) *supervisor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &supervisor{t, path, conn}
}

// next is what the daemon says next.
func (s *supervisor) next() string {
	s.t.Helper()
	word := make([]byte, 4096)
	if err := s.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	n, err := s.conn.Read(word)
	if err != nil {
		s.t.Fatalf("the daemon does not say how it does: %v", err)
	}
	return string(word[:n])
}

// until is the first word with a beginning.
func (s *supervisor) until(begin string) string {
	s.t.Helper()
	for {
		if word := s.next(); strings.HasPrefix(word, begin) {
			return word
		}
	}
}

// supervised starts the real process as systemd would, until the test ends.
func (s *supervisor) supervised(ctx context.Context, watchdog time.Duration) *exec.Cmd {
	s.t.Helper()
	dir := s.t.TempDir()
	site := filepath.Join(dir, "site.toml")
	text := fmt.Sprintf("version = 1\n[site]\nname = \"demo\"\n[store]\ndirectory = %q\n", filepath.Join(dir, "store"))
	if err := os.WriteFile(site, []byte(text), 0o640); err != nil {
		s.t.Fatal(err)
	}
	c := exec.CommandContext(ctx, os.Args[0], "run", "--config", site, "--control", filepath.Join(dir, "control.sock"))
	c.Args[0] = "sitepost" // which makes the test binary sitepost: see TestMain
	c.Env = append(os.Environ(), "NOTIFY_SOCKET="+s.path, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	c.Stderr = s.t.Output()
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// TestSystemd: systemd hears that the site runs when it does, beats as long as it lives,
// that it leaves, and in between how it stands in one line.
func TestSystemd(t *testing.T) {
	s := newSupervisor(t)
	d := s.supervised(t.Context(), 4*time.Second)
	ready := s.next()
	if want := "READY=1\nSTATUS=demo: 0 devices, no city; "; !strings.HasPrefix(ready, want) {
		t.Errorf("got %q first, want %q…", ready, want)
	}
	s.until("WATCHDOG=1")
	s.until("WATCHDOG=1")
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.until("STOPPING=1")
	if err := d.Wait(); err != nil {
		t.Errorf("got %v after SIGTERM, want exit code 0", err)
	}
}

// TestSystemdNews: what became of a reload stands in systemctl status when systemctl
// reload comes back, and not only when the watchdog is fed next. Answers complaint 36.
func TestSystemdNews(t *testing.T) {
	s := newSupervisor(t)
	d := s.supervised(t.Context(), time.Hour)
	s.until("READY=1")
	site := d.Args[3]
	good, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"version = 2\n", "first config: the site file is not accepted"},
		{string(good), "demo: 0 devices, no city; "},
	} {
		if err := os.WriteFile(site, []byte(c.text), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := d.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if got := s.next(); !strings.HasPrefix(got, "STATUS=") || !strings.Contains(got, c.want) {
			t.Errorf("got %q, want a STATUS with %q", got, c.want)
		}
	}
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(); err != nil {
		t.Errorf("got %v after SIGTERM, want exit code 0", err)
	}
}

// TestSystemdFrozen: a process that stands still does not feed the watchdog, and one
// that is ended by it dies of the signal with the stacks of its goroutines on stderr.
func TestSystemdFrozen(t *testing.T) {
	s := newSupervisor(t)
	d := s.supervised(t.Context(), 2*time.Second)
	s.until("WATCHDOG=1")
	if err := d.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for { // what was on its way
		if err := s.conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.conn.Read(make([]byte, 4096)); err != nil {
			break // nothing for so long as systemd waits
		}
	}
	for _, sig := range []syscall.Signal{syscall.SIGABRT, syscall.SIGCONT} {
		if err := d.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Wait(); err == nil || d.ProcessState.ExitCode() != exitUsage {
		t.Errorf("got %v after SIGABRT, want exit code 2: systemd starts it again", err)
	}
}
