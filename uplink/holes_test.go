package uplink

import (
	"testing"

	"sitepost/devices"
)

// TestHoles: numbers that follow each other are one hole, and of too many none is left
// out: more may be told than is missing, and never less.
func TestHoles(t *testing.T) {
	t.Parallel()
	at := func(lane devices.Lane, first, last uint64) hole {
		return hole{lane, "7f3a9c51d20b44e6", span{first, last}}
	}
	var all []hole
	for n := uint64(1); n <= 640; n += 64 {
		all = addHole(all, at(devices.EventLane, n, n+63))
		all = addHole(all, at(devices.AlarmLane, 2*n, 2*n))
	}
	if len(all) != 11 || all[0] != at(devices.EventLane, 1, 640) {
		t.Errorf("got %v, want one of the events and ten of the alarms", all)
	}
	for n := uint64(1000); n < 3000; n += 2 {
		all = addHole(all, at(devices.EventLane, n, n))
	}
	var has spans
	for _, h := range all {
		if h.lane == devices.EventLane {
			has = has.with(h.span)
		}
	}
	for n := uint64(1000); n < 3000; n += 2 {
		if len(has.without(span{n, n})) == len(has) && has.count() == has.without(span{n, n}).count() {
			t.Fatalf("event %d is in no hole", n)
		}
	}
	if len(all) > mostHoles {
		t.Errorf("got %d holes, want at most %d", len(all), mostHoles)
	}
}
