package daemon_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// gasLine is a site with one detector.
const gasLine = `
[[line]]
name = "bus"
port = "DIR/bus"
settings = "9600 8N1"
[[instrument]]
name = "gas-1"
kind = "gas_detector"
zone = "quay"
profile = "honeywell-xcd"
line = "bus"
address = 1
`

// TestSecondMaster: somebody else who asks on our line is told of, and never
// disturbed: we write nothing more until he was not heard for a minute. What he
// asks is heard meanwhile, alarms before all.
func TestSecondMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine, nil)
		d.set("gas-1", values{"gas": 4})
		d.start()
		d.after(5 * time.Second)
		if len(d.wires["bus"].written()) == 0 {
			t.Error("nothing was asked before the other master came")
		}
		d.othersAsk("bus", 1, time.Second)
		before := d.wires["bus"].written()
		d.set("gas-1", values{"gas": 52, "low": true, "high": true})
		d.othersAsk("bus", 1, 10*time.Second)
		d.stands(map[string]string{"device/box": "online", "device/bus": "offline", "device/gas-1": "online", "state": "up"})
		d.set("gas-1", values{"gas": 4, "low": false, "high": false})
		d.othersAsk("bus", 1, 10*time.Second)
		d.after(59 * time.Second)
		if now := d.wires["bus"].written(); !bytes.Equal(before, now) {
			t.Errorf("while another master was there we wrote % X", now[len(before):])
		}
		asked := d.instrument("gas-1").Asked()
		d.after(4 * time.Second) // 3 s of listening are among them
		d.after(20 * time.Second)
		if more := d.instrument("gas-1").Asked() - asked; more < 10 {
			t.Errorf("got %d answers after he had gone, want it asked again", more)
		}
		d.stands(map[string]string{"device/box": "online", "device/bus": "online", "device/gas-1": "online", "state": "up"})
		d.end()
		d.compare(append(aLife("bus"), inMode("gas-1", "normal"),
			on("bus", raised(devices.LineSecondMaster)), on("bus", cleared(devices.LineSecondMaster)),
			on("gas-1", raised("gas.alarm.low")), on("gas-1", raised("gas.alarm.high")),
			on("gas-1", cleared("gas.alarm.low")), on("gas-1", cleared("gas.alarm.high")),
		)...)
	})
}

// TestMasterBeforeUs: who asks already when we come is heard in the three
// seconds before our first question, and we put none.
func TestMasterBeforeUs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine, nil)
		d.start()
		d.after(time.Second)
		d.othersAsk("bus", 1, 30*time.Second)
		if wrote := d.wires["bus"].written(); len(wrote) > 0 {
			t.Errorf("we wrote % X", wrote)
		}
		d.end()
		d.compare(append(aLife("bus"), inMode("gas-1", "normal"), on("bus", raised(devices.LineSecondMaster)))...)
	})
}

// TestListenOnly: on a line where somebody else is meant to ask, an alarm is
// heard and nothing is written, nor is anybody called a second master.
func TestListenOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, `
[[line]]
name = "bus"
port = "DIR/bus"
settings = "9600 8N1"
use = "listen"
[[instrument]]
name = "gas-1"
kind = "gas_detector"
zone = "quay"
profile = "honeywell-xcd"
line = "bus"
address = 1
`, nil)
		d.set("gas-1", values{"gas": 4})
		d.start()
		d.othersAsk("bus", 1, 5*time.Second)
		d.set("gas-1", values{"gas": 30, "low": true})
		d.othersAsk("bus", 1, 5*time.Second)
		d.set("gas-1", values{"gas": 4, "low": false})
		d.othersAsk("bus", 1, 5*time.Second)
		d.after(12 * time.Second) // he has gone: that is a silence
		d.end()
		if wrote := d.wires["bus"].written(); len(wrote) > 0 {
			t.Errorf("we wrote % X", wrote)
		}
		d.compare(append(aLife("bus"), inMode("gas-1", "normal"),
			on("gas-1", raised("gas.alarm.low")), on("gas-1", cleared("gas.alarm.low")), on("gas-1", raised(devices.DeviceSilent)),
		)...)
	})
}
