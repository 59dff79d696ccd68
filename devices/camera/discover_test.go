package camera_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitepost/devices/camera"
	"sitepost/devices/virtual"
)

// discover looks on lo and keeps the cameras with one of the endpoints: others
// may be there at the same time.
func discover(t *testing.T, longest time.Duration, endpoints ...string) []camera.Found {
	t.Helper()
	all, err := camera.Discover(soon(t), camera.DiscoverOptions{Interfaces: []string{"lo"}, For: longest})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(f camera.Found) bool { return !slices.Contains(endpoints, f.Endpoint) })
}

var unexported = cmpopts.IgnoreUnexported(camera.Found{})

// found is what Discover should say of a virtual camera that wants a login.
func found(v *virtual.ONVIF, endpoint, vendor, model string) camera.Found {
	return camera.Found{
		Endpoint: endpoint, Address: v.Address(), XAddr: "http://" + v.Address() + "/onvif/device_service",
		Vendor: vendor, Model: model, State: camera.NeedsLogin,
	}
}

// TestDiscover promises that all cameras of an interface are found, each with
// what it tells without a login, and none that answers a call of somebody else.
func TestDiscover(t *testing.T) {
	e := []string{endpoint(), endpoint(), endpoint(), endpoint(), endpoint()}
	at := func(n int, o virtual.ONVIFOptions) *virtual.ONVIF {
		o.Interface, o.HTTP, o.Endpoint = "lo", fmt.Sprintf("127.0.0.%d:0", 11+n), e[n]
		return serve(t, o)
	}
	wants := at(0, virtual.ONVIFOptions{Auth: "digest", Vendor: "海康", Model: "DS 1"})
	open := at(1, virtual.ONVIFOptions{Auth: "open"})
	at(2, virtual.ONVIFOptions{Trouble: virtual.EmptyXAddrs})
	at(3, virtual.ONVIFOptions{Trouble: virtual.WrongRelatesTo})
	slow := at(4, virtual.ONVIFOptions{Auth: "wsse", DiscoverAfter: 400 * time.Millisecond})

	wantOpen := found(open, e[1], "Virtual", "V-1")
	wantOpen.State, wantOpen.Serial = camera.Open, "0A11"
	want := []camera.Found{
		found(wants, e[0], "海康", "DS 1"),
		wantOpen,
		{Endpoint: e[2], Address: "127.0.0.13:80", XAddr: "http://127.0.0.13:80/onvif/device_service", Vendor: "Virtual", Model: "V-1", State: camera.NotReached,
			Why: "cannot be reached: dial tcp 127.0.0.13:80: connect: connection refused"},
		found(slow, e[4], "Virtual", "V-1"),
	}
	if diff := cmp.Diff(want, discover(t, 0, e...), unexported); diff != "" {
		t.Error(diff)
	}
}

// TestDiscoverAmongNoise promises that a datagram that cannot be read costs only
// itself: none ends the search, none hides the camera that answers properly
// beside it. (security.md 2)
func TestDiscoverAmongNoise(t *testing.T) {
	const odd = "urn:uuid:odd"
	noise := func(id string) [][]byte {
		match := func(relatesTo, xaddrs, scopes string) []byte {
			return []byte(virtual.ProbeMatch(odd, relatesTo, xaddrs, scopes))
		}
		good := string(match(id, "http://127.0.0.11:1/onvif/device_service", ""))
		return [][]byte{
			match(id, "", ""),
			match(id, "camera1", ""),
			match(id, " http://127.0.0.11:1/onvif/device_service", ""),
			match(id, "http://127.0.0.11:1/onvif/device_service\nhttp://127.0.0.11:2/onvif/device_service", ""),
			[]byte("<!-- nothing -->"),
			[]byte("hello"),
			{},
			make([]byte, 512),
			[]byte("<a><b></a>"),
			[]byte(good[:len(good)/2]),
			[]byte(good + good),
			[]byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/></s:Envelope>`),
			match(id, "http://127.0.0.11:1/onvif/device_service", strings.Repeat("onvif://www.onvif.org/type/x ", 2000)),
			match(id, "http://203.0.113.5/admin", ""),
			match("urn:uuid:somebody-else", "http://127.0.0.11:1/onvif/device_service", ""),
			[]byte("<Envelope" + strings.Repeat(" a='x'", 5000) + "/>"),
			[]byte(strings.Repeat("<Envelope>", 6000)),
		}
	}
	e := []string{endpoint(), endpoint()}
	among := serve(t, virtual.ONVIFOptions{Interface: "lo", HTTP: "127.0.0.11:0", Endpoint: e[0], Noise: noise})
	beside := serve(t, virtual.ONVIFOptions{Interface: "lo", HTTP: "127.0.0.12:0", Endpoint: e[1]})
	want := []camera.Found{found(among, e[0], "Virtual", "V-1"), found(beside, e[1], "Virtual", "V-1")}
	if diff := cmp.Diff(want, discover(t, 0, e...), unexported); diff != "" {
		t.Error(diff)
	}
}

// TestDiscoverInFlood promises that ten thousand answers of one camera do not keep
// another from being found, nor the search from ending. (security.md 2)
func TestDiscoverInFlood(t *testing.T) {
	first := make(chan struct{}, 1)
	first <- struct{}{}
	flood := func(id string) (all [][]byte) {
		select {
		case <-first:
		default:
			return nil
		}
		for i := range 10_000 {
			all = append(all, []byte(virtual.ProbeMatch(fmt.Sprintf("urn:uuid:flood-%d", i), id, "http://127.0.0.66:1/onvif/device_service", "")))
		}
		return all
	}
	serve(t, virtual.ONVIFOptions{Interface: "lo", HTTP: "127.0.0.66:0", Noise: flood})
	e := endpoint()
	honest := serve(t, virtual.ONVIFOptions{Interface: "lo", HTTP: "127.0.0.12:0", Endpoint: e})
	began := time.Now()
	if diff := cmp.Diff([]camera.Found{found(honest, e, "Virtual", "V-1")}, discover(t, 2*time.Second, e), unexported); diff != "" {
		t.Error(diff)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestDiscoverBlackHole promises that a camera that answers the call and then
// nothing more is listed, and holds up nobody.
func TestDiscoverBlackHole(t *testing.T) {
	e := []string{endpoint(), endpoint()}
	hole := serve(t, virtual.ONVIFOptions{Interface: "lo", HTTP: "127.0.0.11:0", Endpoint: e[0], Trouble: virtual.Slow})
	honest := serve(t, virtual.ONVIFOptions{Interface: "lo", HTTP: "127.0.0.12:0", Endpoint: e[1]})
	dead := found(hole, e[0], "Virtual", "V-1")
	dead.State, dead.Why = camera.NotReached, "cannot be reached: no whole answer in time"
	if diff := cmp.Diff([]camera.Found{dead, found(honest, e[1], "Virtual", "V-1")}, discover(t, 0, e...), unexported); diff != "" {
		t.Error(diff)
	}
}

// TestDiscoverOffline promises that a camera without its cable is not found, and
// that the error says what to look at.
func TestDiscoverOffline(t *testing.T) {
	e := endpoint()
	v := serve(t, virtual.ONVIFOptions{Interface: "lo", Endpoint: e})
	v.Offline(true)
	all, err := camera.Discover(soon(t), camera.DiscoverOptions{Interfaces: []string{"lo"}, For: time.Second})
	if slices.ContainsFunc(all, func(f camera.Found) bool { return f.Endpoint == e }) {
		t.Errorf("got %v", all)
	}
	nothing, ok := errors.AsType[*camera.NothingFound](err)
	if len(all) == 0 && (!ok || !strings.HasPrefix(nothing.Reasons[0], `interface "lo": nobody answered within 1s (`)) {
		t.Errorf("got %v", err)
	}
}

// TestDiscoverNowhere promises a reason per interface that cannot be used, and
// that the others are still searched.
func TestDiscoverNowhere(t *testing.T) {
	_, err := camera.Discover(soon(t), camera.DiscoverOptions{Interfaces: []string{"no-such-0"}})
	want := `no camera found: interface "no-such-0": there is no such interface (ip link shows them)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err = camera.Discover(soon(t), camera.DiscoverOptions{}); !errors.As(err, new(*camera.NothingFound)) {
		t.Errorf("got %v", err)
	}
	e := endpoint()
	serve(t, virtual.ONVIFOptions{Interface: "lo", Endpoint: e})
	all, err := camera.Discover(soon(t), camera.DiscoverOptions{Interfaces: []string{"no-such-0", "lo"}})
	if !slices.ContainsFunc(all, func(f camera.Found) bool { return f.Endpoint == e }) || err == nil {
		t.Errorf("got %v, %v", all, err)
	}
}

// TestDiscoverDown promises that an interface that is down is named as such,
// where the machine has one.
func TestDiscoverDown(t *testing.T) {
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 {
			continue
		}
		_, err := camera.Discover(soon(t), camera.DiscoverOptions{Interfaces: []string{i.Name}})
		want := fmt.Sprintf("no camera found: interface %[1]q: it is down (ip link set %[1]s up, or is the cable in?)", i.Name)
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestDiscoverStops promises that Discover ends with its ctx and leaves nothing.
func TestDiscoverStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	descriptors, goroutines := open(t)
	began := time.Now()
	_, _ = camera.Discover(ctx, camera.DiscoverOptions{Interfaces: []string{"lo"}, For: 10 * time.Second})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	flat(t, descriptors, goroutines)
}
