package line_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"sitepost/devices/line"
)

// serialServer listens on this machine and gives the connection of its one
// client.
func serialServer(t *testing.T) (line.Port, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p, err := line.OpenTCP(listener.Addr().String(), nil)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return p, far.(*net.TCPConn)
}

// TestTCP: a serial server is a port like any other: an idle Read ends after
// 100 ms, Discard throws away, a closed connection is an error that says so.
func TestTCP(t *testing.T) {
	p, far := serialServer(t)
	buf := make([]byte, 16)
	within(t, "an idle Read", 95*time.Millisecond, 300*time.Millisecond, func() {
		if n, err := p.Read(buf); n != 0 || err != nil {
			t.Errorf("idle: got %d, %v", n, err)
		}
	})
	p.(line.Interrupter).Interrupt()
	within(t, "an interrupted Read", 0, 90*time.Millisecond, func() {
		if n, err := p.Read(buf); n != 0 || err != nil {
			t.Errorf("interrupted: got %d, %v", n, err)
		}
	})
	say(t, far, "hello")
	if n, err := p.Read(buf[:2]); err != nil || string(buf[:n]) != "he" { // the rest stays for Discard
		t.Errorf("got %q, %v", buf[:n], err)
	}
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(buf); n != 0 || err != nil {
		t.Errorf("after Discard: got %q, %v", buf[:n], err)
	}
	if _, err := p.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	if n, err := io.ReadFull(far, buf[:8]); err != nil || string(buf[:n]) != "question" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	_ = far.Close()
	_, err := p.Read(buf)
	if trouble, ok := errors.AsType[*line.Trouble](err); !ok || trouble.Short != "gone" {
		t.Errorf("got %v, want a connection that is gone", err)
	}
}

// say writes to the line.
func say(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

// TestTCPRefused: a server that cannot be reached is refused with the next
// step.
func TestTCPRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	_, err = line.OpenTCP(addr, nil)(t.Context())
	want := `dial "` + addr + `": connect: connection refused (is the serial server in TCP server mode on this port, and is nobody else connected? it takes one client)`
	if trouble, ok := errors.AsType[*line.Trouble](err); !ok || trouble.Short != "refused" || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestTCPStuck: a Write that nobody takes ends after its deadline.
func TestTCPStuck(t *testing.T) {
	p, far := serialServer(t)
	_ = far.SetReadBuffer(1)
	within(t, "a stuck Write", 900*time.Millisecond, 3*time.Second, func() {
		_, err := p.Write(make([]byte, 64<<20))
		if trouble, ok := errors.AsType[*line.Trouble](err); !ok || trouble.Short != "stuck" {
			t.Errorf("got %v, want a stuck write", err)
		}
	})
	within(t, "Close", 0, 200*time.Millisecond, func() { _ = p.Close() })
}
