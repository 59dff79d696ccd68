package find

import (
	"net"
	"testing"
	"time"

	"sitepost/devices/camera/cameratest"
)

// TestEarHearsItsInterfacesOnly promises that what arrives on an interface that was
// not given is not heard, although the kernel hands it over because somebody else
// on this machine listens there.
func TestEarHearsItsInterfacesOnly(t *testing.T) {
	e := cameratest.Endpoint()
	near, err := newEar(t.Context(), ListenOptions{Interfaces: []string{"lo"}})
	if err != nil {
		t.Fatal(err)
	}
	defer near.conn.Close()
	far, err := newEar(t.Context(), ListenOptions{Interfaces: []string{"no-such-0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer far.conn.Close()
	near.look()
	far.ports = []port{{name: "other-0", index: 1 << 20, own: near.ports[0].own}}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cameratest.SpeakOn(t, c, "lo")
	if _, err := c.WriteTo([]byte(cameratest.Hello(e, "", "")), discoveryGroup); err != nil {
		t.Fatal(err)
	}
	for heard := false; !heard; {
		all, err := near.next()
		if err != nil {
			t.Fatal(err)
		}
		heard = len(all) == 1 && all[0].Endpoint == e
	}
	// far has it by now: the kernel gave it to both in one go.
	far.lookAt = time.Now().Add(time.Hour)
	for range 100 {
		_ = far.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if all, err := far.next(); err != nil || len(all) > 0 {
			t.Fatalf("got %+v and %v, want nothing", all, err)
		}
	}
}
