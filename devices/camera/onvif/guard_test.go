package onvif

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// TestGuardDials promises that nothing is dialled but the configured host and
// addresses inside the networks; a name that is not the configured one is not
// even looked up. (security.md 2)
func TestGuardDials(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.30:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	inside := []netip.Prefix{netip.MustParsePrefix("127.0.0.30/32")}
	for _, c := range []struct {
		host     string // configured
		networks []netip.Prefix
		dial     string
		ok       bool
	}{
		{"127.0.0.30", nil, "127.0.0.30", true},
		{"10.0.0.1", inside, "127.0.0.30", true},
		{"10.0.0.1", inside, "::ffff:127.0.0.30", true},
		{"10.0.0.1", inside, "127.0.0.31", false},
		{"10.0.0.1", nil, "127.0.0.30", false},
		{"10.0.0.1", inside, "localhost", false},
	} {
		g := newGuard(c.host, c.networks, false)
		conn, err := g.dial(t.Context(), "tcp", net.JoinHostPort(c.dial, port))
		if (err == nil) != c.ok || !c.ok && !errors.Is(err, errNotAllowed) {
			t.Errorf("%+v: got %v", c, err)
		}
		if err == nil {
			_ = conn.Close()
		}
		g.close()
	}
}
