package camera_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"sitepost/devices/camera"
	"sitepost/devices/virtual"
)

// loopback is the only network these tests may dial.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// serve starts a virtual camera for one test. What the test leaves open gets a
// plain value; the endpoint is its own, so that cameras of other tests and
// processes on lo are told apart.
func serve(t testing.TB, o virtual.ONVIFOptions) *virtual.ONVIF {
	t.Helper()
	if o.HTTP == "" {
		o.HTTP = "127.0.0.11:0"
	}
	if o.Endpoint == "" {
		o.Endpoint = endpoint()
	}
	if o.Vendor == "" {
		o.Vendor, o.Model, o.Serial, o.Firmware = "Virtual", "V-1", "0A11", "1.2.3"
	}
	if o.StreamURI == "" {
		o.StreamURI = "rtsp://127.0.0.11:554/main"
	}
	if o.User == "" {
		o.User = "onvif"
	}
	v, err := virtual.ServeONVIF(o)
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

func endpoint() string { return fmt.Sprintf("urn:uuid:%016x", rand.Uint64()) }

// to are the options of somebody who knows the login of a virtual camera.
func to(v *virtual.ONVIF, password string) camera.Options {
	return camera.Options{
		Name: "cam-1", Host: v.Address(), User: "onvif",
		Password: func() (string, error) { return password, nil },
		Networks: loopback, Budget: camera.NewBudget(),
	}
}

// soon bounds a test that could hang.
func soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// open counts what a leak would leave behind.
func open(t testing.TB) (descriptors, goroutines int) {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all), runtime.NumGoroutine()
}

// flat waits until no more is open than before.
func flat(t testing.TB, descriptors, goroutines int) {
	t.Helper()
	var d, g int
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if d, g = open(t); d <= descriptors && g <= goroutines {
			return
		}
	}
	t.Errorf("got %d descriptors and %d goroutines, want no more than %d and %d", d, g, descriptors, goroutines)
}
