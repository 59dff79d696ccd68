package daemon_test

import (
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/uplink/uplinktest"
)

// dreamLines is a site with a gas detector and a contact module on one line, and
// a gate on another.
const dreamLines = gateLine + `
[[instrument]]
name = "panic-1"
kind = "panic_button"
zone = "hall"
profile = "contacts-8"
line = "bus"
address = 11
[[instrument.input]]
terminal = 4
code = "panic.pressed"
normally = "closed"
`

// TestDream: what happens on a site while a cable is pulled, while a device has
// no power, and in an hour without the city, the city has afterwards: alarms
// before everything else, each once, and nothing missing. Nobody is left running.
func TestDream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, dreamLines, nil)
		d.set("gas-1", values{"gas": 4})
		d.start()
		d.after(5 * time.Second)
		d.pass("left", 3)
		d.pullTheCable()
		d.cutThePower()
		told := d.anHourWithoutTheCity()
		d.end()

		alarmsFirst(t, d.messages()[told:])
		if diff := gocmp.Diff(d.happened(), d.booked()); diff != "" {
			t.Errorf("-happened +city has:\n%s", diff)
		}
		d.stands(map[string]string{
			"device/bus": "online", "device/gates": "online", "device/gas-1": "silent",
			"device/panic-1": "online", "device/gate-1": "online", "device/box": "online",
			"state": "stopped",
		})
	})
}

// pullTheCable pulls the cable of the gates for two minutes. Two people pass
// meanwhile, whom the gate counts by itself.
func (d *dream) pullTheCable() {
	d.wires["gates"].Unplug()
	d.after(time.Minute)
	d.pass("left", 2)
	d.after(time.Minute)
	d.wires["gates"].Plug()
	d.after(15 * time.Second)
}

// cutThePower takes the gas detector's power for a minute; its line stays.
func (d *dream) cutThePower() {
	d.dead("gas-1", true)
	d.after(time.Minute)
	d.dead("gas-1", false)
	d.after(time.Minute)
}

// anHourWithoutTheCity ends with the city back for three minutes. It returns
// how many messages the city had before it was back.
func (d *dream) anHourWithoutTheCity() (told int) {
	d.broker.Away(uplinktest.ErrAway)
	for minute := range 60 {
		d.after(time.Minute)
		d.pass("left", 2)
		d.pass("right", minute%2)
		switch minute {
		case 10:
			d.set("gas-1", values{"gas": 52, "low": true, "high": true})
		case 15:
			d.set("gas-1", values{"gas": 4, "low": false, "high": false})
		case 20, 21:
			if err := d.site.Contact("panic-1", "4", minute == 20); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	told = len(d.messages())
	d.broker.Away(nil)
	d.after(3 * time.Minute)
	d.dead("gas-1", true) // no reading is on its way when we stop
	d.after(15 * time.Second)
	return told
}
