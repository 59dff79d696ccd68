package line_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// TestTTYSecondOpen: a port that is open is refused, to this program and to
// others that lock it, and whose it is can be read in the error.
func TestTTYSecondOpen(t *testing.T) {
	far := linetest.PTY(t)
	p := open(t, far.Path, "9600 8N1")
	say(t, far, "hello") // as far as it has come, it must not be thrown away
	buf := make([]byte, 1)
	if n, err := p.Read(buf); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	_, err := line.OpenTTY(far.Path, fast)(t.Context())
	want := `open "` + far.Path + `": in use (this sitepost has it open already: is the port in two lines of the site file?)`
	if trouble, ok := errors.AsType[*line.Trouble](err); !ok || trouble.Short != "in use" {
		t.Fatalf("got %v, want %s", err, want)
	}
	if os.Geteuid() == 0 && err.Error() != want { // to others the system says "busy"
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if got := speed(t, far); got != 9600 {
		t.Errorf("the refused opening changed the baud to %d", got)
	}
	rest := make([]byte, 16)
	if n, err := p.Read(rest); string(rest[:n]) != "ello" || err != nil {
		t.Errorf("after the refused opening: got %q, %v", rest[:n], err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, far.Path, "9600 8N1")
}

// settings reads what the terminal is set to, from its other end.
func settings(t *testing.T, far *linetest.Terminal) *unix.Termios {
	t.Helper()
	raw, err := far.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got *unix.Termios
	var failed error
	if err := raw.Control(func(fd uintptr) { got, failed = unix.IoctlGetTermios(int(fd), unix.TCGETS2) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return got
}

func speed(t *testing.T, far *linetest.Terminal) int { return int(settings(t, far).Ospeed) }

// TestTTYSettings: bauds of the table and of no table, parity of all five
// kinds, and the check of incoming parity, arrive at the terminal. A pseudo
// terminal keeps 8 bits and no parity whatever it is told, so of those only
// what it does not touch is seen here.
func TestTTYSettings(t *testing.T) {
	for _, c := range []struct {
		settings    string
		baud        int
		check, mark bool
		odd, two    bool
	}{
		{"9600 8N1", 9600, false, false, false, false},
		{"12345 8N1", 12345, false, false, false, false},
		{"250000 8E1", 250000, true, false, false, false},
		{"19200 8O2", 19200, true, false, true, true},
		{"19200 8M1", 19200, true, true, true, false},
		{"1201 7S1", 1201, true, true, false, false},
	} {
		far := linetest.PTY(t)
		p := open(t, far.Path, c.settings)
		got := settings(t, far)
		bit := func(flags, one uint32) bool { return flags&one != 0 }
		if int(got.Ospeed) != c.baud || int(got.Ispeed) != c.baud || bit(got.Iflag, unix.INPCK) != c.check ||
			bit(got.Cflag, unix.CMSPAR) != c.mark || bit(got.Cflag, unix.PARODD) != c.odd || bit(got.Cflag, unix.CSTOPB) != c.two {
			t.Errorf("%s: got %+v", c.settings, got)
		}
		within(t, "an idle Read", 95*time.Millisecond, 300*time.Millisecond, func() { _, _ = p.Read(make([]byte, 1)) })
	}
}

// TestTTYBytesBeforeOpen: what came before the port was open, or before
// Discard, is not read.
func TestTTYBytesBeforeOpen(t *testing.T) {
	far := linetest.PTY(t)
	old, err := os.OpenFile(far.Path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	said := func(text string) {
		t.Helper()
		if _, err := far.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := old.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		raw, _ := old.SyscallConn()
		if err := raw.Read(func(fd uintptr) bool { // until it is at this end
			n, _ := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
			return n == len(text)
		}); err != nil {
			t.Fatalf("%q is not all there is: %v", text, err)
		}
	}
	said("old")
	p := open(t, far.Path, "9600 8N1")
	said("late")
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	said("new")
	buf := make([]byte, 16)
	if n, err := p.Read(buf); err != nil || string(buf[:n]) != "new" {
		t.Errorf("got %q, %v, want %q", buf[:n], err, "new")
	}
}

// TestTTYRefused: what cannot be opened is refused with the next step.
func TestTTYRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("nowhere", loop); err != nil {
		t.Fatal(err)
	}
	const notPort = ": not a serial port (port must name a serial port, as in /dev/serial/by-path/…)"
	const missing = ": no such file or directory (is the adapter plugged in? ls -l /dev/serial/by-path shows those that are)"
	for path, want := range map[string]string{
		dir + "/none": `open "` + dir + `/none"` + missing,
		loop:          `open "` + loop + `"` + missing,
		dir:           `open "` + dir + `"` + notPort,
		file:          `open "` + file + `"` + notPort,
		"/dev/null":   `open "/dev/null"` + notPort,
	} {
		if _, err := line.OpenTTY(path, fast)(t.Context()); err == nil || err.Error() != want {
			t.Errorf("%s: got  %v\nwant %s", path, err, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := line.OpenTTY(file, fast)(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("ended ctx: got %v", err)
	}
}
