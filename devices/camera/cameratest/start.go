package cameratest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// Loopback is the only network that tests with these cameras may dial.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// Start serves a camera for one test. What the test leaves open gets a plain
// value; the endpoint is its own, so that cameras of other tests and processes on
// lo are told apart.
func Start(t testing.TB, o Options) *Camera {
	t.Helper()
	o.HTTP = cmp.Or(o.HTTP, "127.0.0.11:0")
	o.Endpoint = cmp.Or(o.Endpoint, Endpoint())
	if o.Vendor == "" {
		o.Vendor, o.Model, o.Serial, o.Firmware = "Virtual", "V-1", "0A11", "1.2.3"
	}
	o.StreamURI = cmp.Or(o.StreamURI, "rtsp://127.0.0.11:554/main")
	o.User = cmp.Or(o.User, "onvif")
	v, err := Serve(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// Endpoint makes up an endpoint reference.
func Endpoint() string { return fmt.Sprintf("urn:uuid:%016x", rand.Uint64()) }

// Soon bounds a test that could hang.
func Soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// Held counts what a leak would leave behind.
func Held(t testing.TB) (descriptors, goroutines int) {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all), runtime.NumGoroutine()
}

// Flat waits until no more is held than before.
func Flat(t testing.TB, descriptors, goroutines int) {
	t.Helper()
	var d, g int
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if d, g = Held(t); d <= descriptors && g <= goroutines {
			return
		}
	}
	t.Errorf("got %d descriptors and %d goroutines, want no more than %d and %d", d, g, descriptors, goroutines)
}

// SpeakOn makes what the socket sends to a group leave by the interface.
func SpeakOn(t testing.TB, c *net.UDPConn, name string) {
	t.Helper()
	iface, err := net.InterfaceByName(name)
	if err == nil {
		err = ipv4.NewPacketConn(c).SetMulticastInterface(iface)
	}
	if err != nil {
		t.Fatal(err)
	}
}
