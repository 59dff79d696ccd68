package find_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/find"
)

func prefixes(all ...string) (networks []netip.Prefix) {
	for _, p := range all {
		networks = append(networks, netip.MustParsePrefix(p))
	}
	return networks
}

// TestSweep promises that each camera of the networks is found by unicast,
// whichever form of the probe it wants, and that the pace is kept.
func TestSweep(t *testing.T) {
	var e []string
	var want []find.Found
	for i, trouble := range []cameratest.Trouble{cameratest.NoTrouble, cameratest.StopsAtProlog, cameratest.TypedOnly, cameratest.UntypedOnly} {
		e = append(e, cameratest.Endpoint())
		v := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: fmt.Sprintf("127.0.7.%d:0", 1+i), Endpoint: e[i], Trouble: trouble})
		want = append(want, found(v, e[i], "Virtual", "V-1"))
	}
	var last []int
	began := time.Now()
	all, err := find.Sweep(cameratest.Soon(t), find.SweepOptions{
		Interfaces: []string{"lo"}, Networks: prefixes("127.0.7.0/28", "127.0.7.0/26"),
		Progress: func(asked, of, found int) { last = []int{asked, of, found} },
	})
	if err != nil {
		t.Fatal(err)
	}
	ours := slices.DeleteFunc(slices.Clone(all), func(f find.Found) bool { return !slices.Contains(e, f.Endpoint) })
	if diff := cmp.Diff(want, ours, unexported); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{122, 122, len(all)}, last); diff != "" {
		t.Errorf("progress: %s", diff)
	}
	if took, least := time.Since(began), 115*time.Second/200; took < least {
		t.Errorf("120 questions took %v, want at least %v at 200 a second", took, least)
	}
}

// TestSweepRefuses promises a reason for what is not swept: too many addresses,
// none, and those to which the way leads over another interface.
func TestSweepRefuses(t *testing.T) {
	for _, c := range []struct {
		o    find.SweepOptions
		want string
	}{
		{find.SweepOptions{Interfaces: []string{"lo"}}, "sweep: no network is named (write device_networks into [network])"},
		{find.SweepOptions{Interfaces: []string{"lo"}, Networks: prefixes("10.0.0.0/15")},
			"sweep: 10.0.0.0/15 makes more than 65,536 addresses, which takes longer than ten minutes: write the smaller networks in which the cameras are"},
		{find.SweepOptions{Interfaces: []string{"lo"}, Networks: prefixes("127.1.0.0/16", "127.2.0.0/24")},
			"sweep: 127.2.0.0/24 makes more than 65,536 addresses, which takes longer than ten minutes: write the smaller networks in which the cameras are"},
		{find.SweepOptions{Interfaces: []string{"lo"}, Networks: prefixes("fd00::/120")}, "sweep: fd00::/120 has more addresses than can be asked: only IPv4 networks are swept"},
		{find.SweepOptions{Networks: prefixes("127.0.0.0/30")}, "sweep: no interface is named (name one: network.device_interfaces, or --interface)"},
		{find.SweepOptions{Interfaces: []string{"no-such-0"}, Networks: prefixes("127.0.6.0/30")},
			"sweep: 2 of 2 addresses were not asked: the way to 127.0.6.1 leads over an interface that is not for cameras (give the one that is an address in its network)"},
	} {
		all, err := find.Sweep(cameratest.Soon(t), c.o)
		if err == nil || err.Error() != c.want || len(all) > 0 {
			t.Errorf("got  %v, %v\nwant %s", all, err, c.want)
		}
	}
}

// TestSweepStops promises that a sweep ends at once with its ctx, gives what it
// found, and leaves nothing behind.
func TestSweepStops(t *testing.T) {
	descriptors, goroutines := cameratest.Held(t)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	_, err := find.Sweep(ctx, find.SweepOptions{
		Interfaces: []string{"lo"}, Networks: prefixes("127.0.0.0/16"),
		Progress: func(asked, _, _ int) {
			if asked == 20 {
				cancel()
			}
		},
	})
	if took := time.Since(began); err != nil || took > 5*time.Second {
		t.Errorf("got %v after %v", err, took)
	}
	cameratest.Flat(t, descriptors, goroutines)
}
