package find_test

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

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/find"
)

// discover looks on lo and keeps the cameras with one of the endpoints: others
// may be there at the same time.
func discover(t *testing.T, longest time.Duration, endpoints ...string) []find.Found {
	t.Helper()
	all, err := find.Discover(cameratest.Soon(t), find.DiscoverOptions{Interfaces: []string{"lo"}, For: longest})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(f find.Found) bool { return !slices.Contains(endpoints, f.Endpoint) })
}

var unexported = cmpopts.IgnoreUnexported(find.Found{})

// found is what Discover should say of a virtual camera that wants a login.
func found(v *cameratest.Camera, endpoint, vendor, model string) find.Found {
	return find.Found{
		Endpoint: endpoint, Address: v.Address(), XAddr: "http://" + v.Address() + "/onvif/device_service",
		Vendor: vendor, Model: model, State: find.NeedsLogin,
	}
}

// TestDiscover promises that all cameras of an interface are found, each with
// what it tells without a login, and none that answers a call of somebody else.
func TestDiscover(t *testing.T) {
	e := []string{cameratest.Endpoint(), cameratest.Endpoint(), cameratest.Endpoint(), cameratest.Endpoint(), cameratest.Endpoint()}
	at := func(n int, o cameratest.Options) *cameratest.Camera {
		o.Interface, o.HTTP, o.Endpoint = "lo", fmt.Sprintf("127.0.0.%d:0", 11+n), e[n]
		return cameratest.Start(t, o)
	}
	wants := at(0, cameratest.Options{Auth: "digest", Vendor: "海康", Model: "DS 1"})
	open := at(1, cameratest.Options{Auth: "open"})
	at(2, cameratest.Options{Trouble: cameratest.EmptyXAddrs})
	at(3, cameratest.Options{Trouble: cameratest.WrongRelatesTo})
	slow := at(4, cameratest.Options{Auth: "wsse", DiscoverAfter: 400 * time.Millisecond})

	wantOpen := found(open, e[1], "Virtual", "V-1")
	wantOpen.State, wantOpen.Serial = find.Open, "0A11"
	want := []find.Found{
		found(wants, e[0], "海康", "DS 1"),
		wantOpen,
		{Endpoint: e[2], Address: "127.0.0.13:80", XAddr: "http://127.0.0.13:80/onvif/device_service", Vendor: "Virtual", Model: "V-1", State: find.NotReached,
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
			return []byte(cameratest.ProbeMatch(odd, relatesTo, xaddrs, scopes))
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
	e := []string{cameratest.Endpoint(), cameratest.Endpoint()}
	among := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.11:0", Endpoint: e[0], Noise: noise})
	beside := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.12:0", Endpoint: e[1]})
	want := []find.Found{found(among, e[0], "Virtual", "V-1"), found(beside, e[1], "Virtual", "V-1")}
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
			all = append(all, []byte(cameratest.ProbeMatch(fmt.Sprintf("urn:uuid:flood-%d", i), id, "http://127.0.0.66:1/onvif/device_service", "")))
		}
		return all
	}
	cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.66:0", Noise: flood})
	e := cameratest.Endpoint()
	honest := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.12:0", Endpoint: e})
	began := time.Now()
	if diff := cmp.Diff([]find.Found{found(honest, e, "Virtual", "V-1")}, discover(t, 2*time.Second, e), unexported); diff != "" {
		t.Error(diff)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestDiscoverBlackHole promises that a camera that answers the call and then
// nothing more is listed, and holds up nobody.
func TestDiscoverBlackHole(t *testing.T) {
	e := []string{cameratest.Endpoint(), cameratest.Endpoint()}
	hole := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.11:0", Endpoint: e[0], Trouble: cameratest.Slow})
	honest := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.12:0", Endpoint: e[1]})
	dead := found(hole, e[0], "Virtual", "V-1")
	dead.State, dead.Why = find.NotReached, "cannot be reached: no whole answer in time"
	if diff := cmp.Diff([]find.Found{dead, found(honest, e[1], "Virtual", "V-1")}, discover(t, 0, e...), unexported); diff != "" {
		t.Error(diff)
	}
}

// TestDiscoverOffline promises that a camera without its cable is not found, and
// that the error says what to look at.
func TestDiscoverOffline(t *testing.T) {
	e := cameratest.Endpoint()
	v := cameratest.Start(t, cameratest.Options{Interface: "lo", Endpoint: e})
	v.Offline(true)
	all, err := find.Discover(cameratest.Soon(t), find.DiscoverOptions{Interfaces: []string{"lo"}, For: time.Second})
	if slices.ContainsFunc(all, func(f find.Found) bool { return f.Endpoint == e }) {
		t.Errorf("got %v", all)
	}
	nothing, ok := errors.AsType[*find.NothingFound](err)
	if len(all) == 0 && (!ok || !strings.HasPrefix(nothing.Reasons[0], `interface "lo": nobody answered within 1s (`)) {
		t.Errorf("got %v", err)
	}
}

// TestDiscoverNowhere promises a reason per interface that cannot be used, and
// that the others are still searched.
func TestDiscoverNowhere(t *testing.T) {
	_, err := find.Discover(cameratest.Soon(t), find.DiscoverOptions{Interfaces: []string{"no-such-0"}})
	want := `no camera found: interface "no-such-0": there is no such interface (ip link shows them)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err = find.Discover(cameratest.Soon(t), find.DiscoverOptions{}); !errors.As(err, new(*find.NothingFound)) {
		t.Errorf("got %v", err)
	}
	e := cameratest.Endpoint()
	cameratest.Start(t, cameratest.Options{Interface: "lo", Endpoint: e})
	all, err := find.Discover(cameratest.Soon(t), find.DiscoverOptions{Interfaces: []string{"no-such-0", "lo"}})
	if !slices.ContainsFunc(all, func(f find.Found) bool { return f.Endpoint == e }) || err == nil {
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
		_, err := find.Discover(cameratest.Soon(t), find.DiscoverOptions{Interfaces: []string{i.Name}})
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
	descriptors, goroutines := cameratest.Held(t)
	began := time.Now()
	_, _ = find.Discover(ctx, find.DiscoverOptions{Interfaces: []string{"lo"}, For: 10 * time.Second})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	cameratest.Flat(t, descriptors, goroutines)
}
