package line

import (
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deafen lets the kernel throw away every packet that comes for a connection,
// acknowledgements and probes included: to the other side it looks as if this
// one had lost its power.
func deafen(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}} // keep 0 bytes of it
	filter := unix.SockFprog{Len: uint16(len(nothing)), Filter: &nothing[0]}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &filter)
	}); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}

// TestHalfOpen: a server that lost its power is noticed, whether we wait for it
// or have asked it something.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	for name, asks := range map[string]bool{"waiting": false, "asking": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			p, err := openTCP(listener.Addr().String(), nil, 3*time.Second)(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			far, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer far.Close()
			deafen(t, far.(*net.TCPConn))
			if asks {
				if _, err := p.Write([]byte("question")); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			for err == nil && time.Since(began) < 20*time.Second {
				_, err = p.Read(make([]byte, 16))
			}
			want := "serial server no longer answers (is it powered and in this network? ping it)"
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			if took := time.Since(began); took < 2*time.Second {
				t.Errorf("noticed after %v", took)
			}
		})
	}
}

// TestExplainEnd: whatever the network says about the end of a connection, a
// person reads whom to look for.
func TestExplainEnd(t *testing.T) {
	t.Parallel()
	const who = "look for a panel, a vendor's tool or a second gateway with this address; it takes one client)"
	for _, c := range []struct {
		err   error
		held  time.Duration
		short string
		want  string
	}{
		{syscall.ECONNRESET, 0, "gone", "serial server closes the connection at once (it serves somebody else: " + who},
		{syscall.ECONNRESET, time.Minute, "gone", "serial server closed the connection (did it restart, or did somebody else connect to it? " + who},
		{syscall.EPIPE, time.Minute, "gone", "serial server closed the connection (did it restart, or did somebody else connect to it? " + who},
		{syscall.EHOSTUNREACH, time.Minute, "no answer", "serial server no longer answers (is it powered and in this network? ping it)"},
		{net.ErrClosed, time.Minute, "down", "use of closed network connection"},
	} {
		err := explainEnd(c.err, c.held)
		if err.Error() != c.want || short(err) != c.short {
			t.Errorf("%v: got  %v, %s\nwant %s, %s", c.err, err, short(err), c.want, c.short)
		}
	}
	if err := explainEnd(nil, 0); err != nil {
		t.Errorf("no end: got %v", err)
	}
}
