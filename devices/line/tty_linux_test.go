package line_test

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// open opens a terminal as a port, closed at the end of the test.
func open(t *testing.T, path, settings string) line.Port {
	t.Helper()
	s, err := line.ParseSettings(settings)
	if err != nil {
		t.Fatal(err)
	}
	p, err := line.OpenTTY(path, s)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// cpu returns the processor time that this process has used.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestTTYRead: an idle line reads nothing, without an error, after 100 ms; a
// byte is read at once; an interruption ends the waiting.
func TestTTYRead(t *testing.T) {
	far := linetest.PTY(t)
	p := open(t, far.Path, "9600 8N1")
	buf := make([]byte, 16)
	for range 3 {
		within(t, "an idle Read", 95*time.Millisecond, 300*time.Millisecond, func() {
			if n, err := p.Read(buf); n != 0 || err != nil {
				t.Errorf("idle: got %d, %v, want 0, nil", n, err)
			}
		})
	}
	if _, err := far.Write([]byte("\x00\xff\x11\x13\r\n\x03")); err != nil {
		t.Fatal(err)
	}
	within(t, "a Read with bytes there", 0, 90*time.Millisecond, func() {
		if n, err := p.Read(buf); err != nil || string(buf[:n]) != "\x00\xff\x11\x13\r\n\x03" {
			t.Errorf("got % X, %v: the line is not transparent", buf[:n], err)
		}
	})
	p.(line.Interrupter).Interrupt()
	within(t, "an interrupted Read", 0, 90*time.Millisecond, func() {
		if n, err := p.Read(buf); n != 0 || err != nil {
			t.Errorf("interrupted: got %d, %v, want 0, nil", n, err)
		}
	})
}

// TestTTYUnplugged: an adapter pulled out ends a Read that waits, and all that
// comes after it, with an error that says so.
func TestTTYUnplugged(t *testing.T) {
	far := linetest.PTY(t)
	p := open(t, far.Path, "9600 8N1")
	time.AfterFunc(30*time.Millisecond, far.Unplug)
	buf := make([]byte, 16)
	const want = "adapter is gone (is it still plugged in? the line comes back by itself)"
	within(t, "noticing", 0, time.Second, func() {
		var err error
		for end := time.Now().Add(2 * time.Second); err == nil && time.Now().Before(end); {
			_, err = p.Read(buf)
		}
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	for range 3 {
		if _, err := p.Read(buf); err == nil || err.Error() != want {
			t.Errorf("Read again: got %v, want %s", err, want)
		}
	}
	if _, err := p.Write([]byte("x")); err == nil || err.Error() != want {
		t.Errorf("Write: got %v, want %s", err, want)
	}
	if err := p.Discard(); err == nil {
		t.Error("Discard: got no error")
	}
	within(t, "Close", 0, 200*time.Millisecond, func() { _ = p.Close() })
}

// TestTTYClose: Close ends a Read that waits, and both come back at once.
func TestTTYClose(t *testing.T) {
	far := linetest.PTY(t)
	p := open(t, far.Path, "9600 8N1")
	done := make(chan error, 1)
	go func() {
		buf := make([]byte, 16)
		for {
			if _, err := p.Read(buf); err != nil {
				done <- err
				return
			}
		}
	}()
	if _, err := far.Write([]byte("x")); err != nil { // the reader is under way when this is gone
		t.Fatal(err)
	}
	within(t, "Close and the end of Read", 0, 200*time.Millisecond, func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read: got %v, want %v", err, os.ErrClosed)
		}
	})
}

// TestTTYStuck: a Write that nobody takes ends after its deadline with an
// error, and Close does not wait for it to drain.
func TestTTYStuck(t *testing.T) {
	far := linetest.PTY(t)
	p := open(t, far.Path, "4000000 8N1")
	within(t, "a stuck Write", time.Second, 3*time.Second, func() {
		n, err := p.Write(make([]byte, 1<<18))
		trouble, ok := errors.AsType[*line.Trouble](err)
		if !ok || trouble.Short != "stuck" || n == 1<<18 {
			t.Errorf("got %d, %v, want a stuck write", n, err)
		}
	})
	within(t, "Close", 0, 200*time.Millisecond, func() { _ = p.Close() })
}

// TestPTYUnplug: the far end itself can be closed while it is read.
func TestPTYUnplug(t *testing.T) {
	far := linetest.PTY(t)
	done := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(far, make([]byte, 1))
		done <- err
	}()
	far.Unplug()
	far.Unplug()
	if err := <-done; err == nil {
		t.Error("Read: got no error")
	}
	if _, err := os.Stat(far.Path); err == nil {
		t.Errorf("%s is still there", far.Path)
	}
}
