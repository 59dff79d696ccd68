package daemon_test

import (
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// gateLine is a gate beside the detector of gasLine.
const gateLine = gasLine + `
[[line]]
name = "gates"
port = "DIR/gates"
settings = "19200 8N1"
[[instrument]]
name = "gate-1"
kind = "gate"
profile = "gate-7e7f"
line = "gates"
address = 1
from = "quay"
to = "hall"
forward = "left"
`

// TestRestartInGas: a detector that loses power in gas and warms up ends no
// alarm, whether the daemon was there all the time or not. The alarm stays open,
// unconfirmed, until the detector says in normal mode that it is over.
func TestRestartInGas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine, nil)
		d.set("gas-1", values{"gas": 30, "low": true})
		d.start()
		d.after(10 * time.Second)
		d.set("gas-1", values{"gas": 0, "low": false, "mode": "warm-up"})
		d.after(10 * time.Second)
		d.unconfirmed("gas-1 gas.alarm.low")
		d.halt()
		d.after(5 * time.Second)
		d.start()
		d.after(10 * time.Second)
		d.unconfirmed("gas-1 gas.alarm.low")
		d.set("gas-1", values{"gas": 35, "low": true, "mode": "normal"})
		d.after(5 * time.Second)
		d.unconfirmed()
		d.set("gas-1", values{"gas": 4, "low": false})
		d.after(5 * time.Second)
		d.end()
		d.compare(append(append(aLife("bus"), aLife()...),
			on("gas-1", raised("gas.alarm.low")), on("gas-1", cleared("gas.alarm.low")),
			inMode("gas-1", "normal"), inMode("gas-1", "warm-up"), inMode("gas-1", "normal"),
		)...)
	})
}

// unconfirmed compares the open alarms that nobody confirms at the moment.
func (d *dream) unconfirmed(want ...string) {
	d.t.Helper()
	var got []string
	for _, o := range d.book().saidOpen(d.t) {
		if o.Unconfirmed {
			got = append(got, o.Device+" "+o.Type)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		d.t.Errorf("open and unconfirmed (-want +got):\n%s", diff)
	}
}

// TestCountersRestart: who passes while the daemon is down is counted once, when
// it is back; a counter that was reset makes no passages, and what it counts
// from then on does.
func TestCountersRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		if err := d.instrument("gate-1").Count("left", 1000); err != nil {
			t.Fatal(err)
		}
		d.start()
		d.after(5 * time.Second)
		d.pass("left", 3)
		d.after(5 * time.Second)
		d.halt()
		d.pass("left", 4)
		d.pass("right", 1)
		d.after(time.Minute)
		d.start()
		d.after(10 * time.Second)
		d.set("gate-1", values{"left": 0, "right": 0})
		d.after(5 * time.Second)
		d.pass("left", 2)
		d.after(5 * time.Second)
		d.halt()
		d.set("gate-1", values{"left": 1, "right": 0}) // and once more while nobody looks
		d.start()
		d.after(5 * time.Second)
		d.pass("left", 5)
		d.after(5 * time.Second)
		d.end()
		b := d.book()
		b.audit(t)
		people, counters := b.passed("gate-1")
		if diff := gocmp.Diff(d.passed, people); diff != "" {
			t.Errorf("people (-passed +told):\n%s", diff)
		}
		if diff := gocmp.Diff(map[string]int{"left": 6, "right": 1}, counters); diff != "" {
			t.Errorf("counters as told last (-want +got):\n%s", diff)
		}
	})
}
