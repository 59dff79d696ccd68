package daemon_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/virtual"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// dreamSite is a site with a gas detector and a contact module on one line, and
// a gate on another. DIR is the test's own folder.
const dreamSite = `
version = 1
[site]
name = "dream"
[store]
directory = "DIR/store"
[uplink]
client_id = "dream-box1"
drain_rate = 50
drain_start = "0s"
[[zone]]
name = "hall"
class = "screened"
[[zone]]
name = "quay"
class = "quay"
[[line]]
name = "bus"
port = "DIR/bus"
settings = "9600 8N1"
[[line]]
name = "gates"
port = "DIR/gates"
settings = "19200 8N1"
[[instrument]]
name = "gas-1"
kind = "gas_detector"
zone = "quay"
profile = "honeywell-xcd"
line = "bus"
address = 1
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

// TestDream: what happens on a site while a cable is pulled, while a device has
// no power, and in an hour without the city, the city has afterwards: alarms
// before everything else, each once, and nothing missing. Nobody is left running.
func TestDream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := startDream(t)
		d.after(5 * time.Second)
		d.pass("left", 3)
		d.pullTheCable()
		d.cutThePower()
		told := d.anHourWithoutTheCity()
		d.stop()

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

// A dream is a whole daemon between lines and a broker in memory.
type dream struct {
	t      *testing.T
	broker *uplinktest.Broker
	site   *virtual.Site
	cables map[string]*linetest.Cable
	stop   func() // ends the daemon and everything around it
	passed map[string]int
}

// startDream starts a daemon in the present bubble.
func startDream(t *testing.T) *dream {
	t.Helper()
	c := dreamConfig(t)
	site, err := virtual.Instruments(c, "")
	if err != nil {
		t.Fatal(err)
	}
	d := &dream{t: t, broker: uplinktest.New(), site: site, cables: map[string]*linetest.Cable{}, passed: map[string]int{}}
	d.set("gas-1", map[string]any{"gas": 4})
	outside, unplugAll := context.WithCancel(context.Background())
	var around sync.WaitGroup
	for _, l := range c.Lines {
		cable := linetest.NewCable()
		d.cables[l.Name] = cable
		around.Go(func() { virtual.Attach(outside, cable, line.Settings(l.Settings), site.On(c, l.Name)...) })
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{
			Config: c, Version: "test",
			Open:  func(l config.Line) line.Opener { return d.cables[l.Name].Open },
			Dials: []uplink.Dial{d.broker.Dial(c.Uplink.ClientID, uplink.Subscriptions(c.Site.Name))},
		})
	}()
	d.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
		unplugAll()
		for _, cable := range d.cables {
			_ = cable.Close()
		}
		around.Wait()
	}
	return d
}

func dreamConfig(t *testing.T) *config.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "site.toml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(dreamSite, "DIR", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, found := config.Load(path, config.Env{Profiles: daemon.Shelf("")})
	if len(found.Errors()) > 0 {
		t.Fatal(found)
	}
	return c
}

// pullTheCable pulls the cable of the gates for two minutes. Two people pass
// meanwhile, whom the gate counts by itself.
func (d *dream) pullTheCable() {
	d.cables["gates"].Unplug()
	d.after(time.Minute)
	d.pass("left", 2)
	d.after(time.Minute)
	d.cables["gates"].Plug()
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
			d.set("gas-1", map[string]any{"gas": 52, "low": true, "high": true})
		case 15:
			d.set("gas-1", map[string]any{"gas": 4, "low": false, "high": false})
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

// after lets time pass, and everything due happen.
func (d *dream) after(pause time.Duration) {
	time.Sleep(pause)
	synctest.Wait()
}

// pass lets people through the gate.
func (d *dream) pass(side string, people int) {
	d.t.Helper()
	d.passed[side] += people
	if err := d.instrument("gate-1").Count(side, people); err != nil {
		d.t.Fatal(err)
	}
}

func (d *dream) set(name string, values map[string]any) {
	d.t.Helper()
	if err := d.site.Set(name, values); err != nil {
		d.t.Fatal(err)
	}
}

func (d *dream) dead(name string, yes bool) { d.t.Helper(); d.instrument(name).Dead(yes) }

func (d *dream) instrument(name string) *virtual.Instrument {
	d.t.Helper()
	i, err := d.site.Instrument(name)
	if err != nil {
		d.t.Fatal(err)
	}
	return i
}

func (d *dream) messages() []uplink.Message { return d.broker.Messages() }
