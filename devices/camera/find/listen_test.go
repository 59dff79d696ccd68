package find_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/find"
)

// listen hears on lo what cameras with one of the endpoints say, until the test
// ends. It returns when the listener hears.
func listen(t *testing.T, o find.ListenOptions, endpoints ...string) <-chan find.Sighting {
	t.Helper()
	all := make(chan find.Sighting, 64)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	ready := cameratest.Endpoint()
	hears := make(chan struct{})
	go func() {
		var once bool
		ended <- find.Listen(ctx, o, func(s find.Sighting) {
			switch {
			case s.Endpoint == ready && !once:
				once = true
				close(hears)
			case slices.Contains(endpoints, s.Endpoint):
				all <- s
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for {
		say(t, "127.0.0.9:0", cameratest.Hello(ready, "", ""))
		select {
		case <-hears:
			return all
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// say sends something to the group on lo, from an address.
func say(t *testing.T, from, what string) {
	t.Helper()
	at := netip.MustParseAddrPort(from)
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cameratest.SpeakOn(t, c, "lo")
	if _, err := c.WriteTo([]byte(what), &net.UDPAddr{IP: net.IPv4(239, 255, 255, 250), Port: 3702}); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, all <-chan find.Sighting) find.Sighting {
	t.Helper()
	select {
	case s := <-all:
		if s.At.IsZero() {
			t.Error("it has no time")
		}
		return s
	case <-cameratest.Soon(t).Done():
		t.Fatal("nothing was heard")
	}
	return find.Sighting{}
}

// TestListen promises that a camera that comes, goes and comes back at another
// address is told each time, with the address it has then, also where its Hello
// tells none.
func TestListen(t *testing.T) {
	e := cameratest.Endpoint()
	all := listen(t, find.ListenOptions{Interfaces: []string{"lo"}}, e)
	var want, got []find.Sighting
	for _, o := range []cameratest.Options{
		{HTTP: "127.0.0.41:0"},
		{HTTP: "127.0.0.42:0", Trouble: cameratest.EmptyXAddrs},
	} {
		o.Interface, o.Endpoint, o.Vendor, o.Model = "lo", e, "海康", "DS 1"
		v, err := cameratest.Serve(o)
		if err != nil {
			t.Fatal(err)
		}
		here := find.Found{Endpoint: e, Address: v.Address(), XAddr: "http://" + v.Address() + "/onvif/device_service", Vendor: "海康", Model: "DS 1"}
		if o.Trouble == cameratest.EmptyXAddrs {
			here.Address, here.XAddr = "127.0.0.42:80", "http://127.0.0.42:80/onvif/device_service"
		}
		host, _, _ := net.SplitHostPort(v.Address())
		gone := find.Found{Endpoint: e, Address: host + ":80", XAddr: "http://" + host + ":80/onvif/device_service"}
		got = append(got, hear(t, all))
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		got = append(got, hear(t, all))
		want = append(want, find.Sighting{Found: here, Kind: find.Hello, Interface: "lo"}, find.Sighting{Found: gone, Kind: find.Bye, Interface: "lo"})
	}
	if diff := cmp.Diff(want, got, unexported, cmpopts.IgnoreFields(find.Sighting{}, "At")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestListenAmongFlood promises that a flood of one source keeps nobody else from
// being heard, and that of the flood only as much is read as is allowed.
func TestListenAmongFlood(t *testing.T) {
	honest, flood := cameratest.Endpoint(), cameratest.Endpoint()
	all := listen(t, find.ListenOptions{Interfaces: []string{"lo"}}, honest, flood)
	for range 500 {
		say(t, "127.0.0.43:0", cameratest.Hello(flood, "", ""))
	}
	say(t, "127.0.0.44:0", cameratest.Hello(honest, "", ""))
	read := 0
	for s := hear(t, all); s.Endpoint != honest; s = hear(t, all) {
		read++
	}
	if read != 60 {
		t.Errorf("got %d datagrams of the flood, want the 60 that one source may say in a minute", read)
	}
}

// TestListenNowhere promises that an interface that is not there is waited for,
// and that no interface at all is said.
func TestListenNowhere(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := find.Listen(ctx, find.ListenOptions{Interfaces: []string{"no-such-0"}}, func(find.Sighting) {}); err != nil {
		t.Errorf("got %v, want to wait", err)
	}
	err := find.Listen(t.Context(), find.ListenOptions{}, func(find.Sighting) {})
	want := "listen for cameras: no interface is named (name one: network.device_interfaces, or --interface)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
