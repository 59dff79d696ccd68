package daemon_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// freeAddress is an address on this machine where nobody listens, and nobody will:
// it is not that of 127.0.0.1, where each connection that goes out takes a port.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestWires: alarms arrive from the channels of one controller, over Modbus TCP,
// and through a serial server that mixes its own words into what it hands on.
func TestWires(t *testing.T) {
	s := newStandOf(t, "testdata/wires.toml", map[string]string{"Network": freeAddress(t), "Server": freeAddress(t)})
	stop := s.run()
	s.settle("ch-1", "ch-2", "gas-1", "gas-2")
	mode := []said{{Type: "device.mode", Is: "normal"}}
	tracks := []track{
		{"ch-1", mode, []move{
			{set("ch-1", values{"gas": 22.5, "low": true}), asks, []said{raised("gas.alarm.low")}},
			{set("ch-1", values{"gas": 0, "low": false}), asks, []said{cleared("gas.alarm.low")}},
		}},
		{"ch-2", mode, []move{
			{set("ch-2", values{"gas": 55, "high": 2}), asks, []said{raised("gas.alarm.high")}},
			{set("ch-2", values{"gas": 0, "high": 0}), asks, []said{cleared("gas.alarm.high")}},
		}},
		{"gas-1", mode, []move{
			{set("gas-1", values{"gas": 52, "high": true}), asks, []said{raised("gas.alarm.high")}},
			{set("gas-1", values{"gas": 4, "high": false}), asks, []said{cleared("gas.alarm.high")}},
		}},
		{"gas-2", mode, []move{
			{set("gas-2", values{"gas": 30, "low": true}), asks, []said{raised("gas.alarm.low")}},
			{set("gas-2", values{"gas": 4, "low": false}), asks, []said{cleared("gas.alarm.low")}},
		}},
	}
	want := wanted(tracks, []string{"panel", "network", "server"})
	s.play(tracks)
	s.should("all of it", func(b *book) bool { return count(b.lists()) >= count(want)-1 })
	stop()
	s.should("the box stop", stopped)
	if diff := gocmp.Diff(want, s.book.lists()); diff != "" {
		t.Errorf("-happened +told:\n%s", diff)
	}
	s.book.audit(t)
	states := map[string]string{"state": "stopped", "open": "", "inventory": ""}
	for _, name := range []string{"box", "panel", "network", "server", "ch-1", "ch-2", "gas-1", "gas-2"} {
		states["device/"+name] = "online"
	}
	if diff := gocmp.Diff(states, s.standing()); diff != "" {
		t.Errorf("what stands at the broker (-want +got):\n%s", diff)
	}
}
