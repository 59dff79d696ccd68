package config

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestApart promises that each way in which a machine joins the cameras' network
// with the city's is told, with what to do, and that two networks apart are not.
func TestApart(t *testing.T) {
	t.Parallel()
	const device = "enp2s0"
	for _, c := range []struct{ tree, device, broker, want string }{
		{"apart", device, "10.37.1.10", ""},
		{"apart", device, "mqtt.city.example", ""},
		{"apart", device, "10.37.20.9", "the city (10.37.20.9) is reached by enp2s0 as well, so that cameras and city are in one network: give the cameras an interface of their own"},
		{"one-interface", "enp1s0", "mqtt.city.example", "the city (mqtt.city.example) is reached by enp1s0 as well, so that cameras and city are in one network: give the cameras an interface of their own"},
		{"bridged", device, "10.37.1.10", "enp2s0 and br0, by which the city (10.37.1.10) is reached, are joined by the bridge br0: take enp2s0 out of it (ip link set enp2s0 nomaster)"},
		{"one-network", device, "10.37.1.10", "enp2s0 and enp1s0, by which the city (10.37.1.10) is reached, are both in 10.37.0.0/16: give the cameras a network of their own"},
		{"forwarding", device, "10.37.1.10", "this machine passes packets on between enp2s0 and enp1s0, by which the city (10.37.1.10) is reached: switch it off (net.ipv4.ip_forward = 0 in /etc/sysctl.d) unless a firewall keeps the two apart"},
	} {
		t.Run(c.tree, func(t *testing.T) {
			t.Parallel()
			var got string
			err := kernel{os.DirFS("testdata/apart/" + c.tree)}.joins(c.device, c.broker)
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if _, note := err.(*remark); note != (c.tree == "forwarding") {
				t.Errorf("got %T", err)
			}
		})
	}
}

// TestApartOneWay promises that one direction in which packets are passed on is
// enough to be told, though ip_forward itself says no.
func TestApartOneWay(t *testing.T) {
	t.Parallel()
	routes, err := os.ReadFile("testdata/apart/forwarding/proc/net/route")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"enp1s0", "enp2s0"} {
		k := kernel{fstest.MapFS{
			"proc/net/route": {Data: routes}, "proc/sys/net/ipv4/ip_forward": {Data: []byte("0\n")},
			"proc/sys/net/ipv4/conf/" + from + "/forwarding": {Data: []byte("1\n")},
		}}
		if _, told := k.joins("enp2s0", "10.37.1.10").(*remark); !told {
			t.Errorf("from %s: got nothing told", from)
		}
	}
}

// TestApartUnknown promises that a machine that tells nothing, or something odd,
// is accused of nothing.
func TestApartUnknown(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"", "\n\n", "x 0 0 0 0 0 0 0\n", "enp2s0 00000000 00000000 0201 0 0 0 00000000\n", "enp2s0 zz 0 1 0 0 x 0"} {
		k := kernel{fstest.MapFS{"proc/net/route": {Data: []byte(table)}}}
		if err := k.joins("enp2s0", "10.37.1.10"); err != nil {
			t.Errorf("%q: got %v", table, err)
		}
	}
}
