package daemon_test

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
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
	"sitepost/uplink/contract"
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
drain_start = "10s"
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

// A dreamBook is what matters of all that was told. Words are in the order of
// their numbers.
type dreamBook struct {
	Alarms   []string
	Events   []string // but for passages
	Passed   map[string]int
	Readings int // that the summaries stand for
}

// happened is the book as the scenario wrote it.
func (d *dream) happened() dreamBook {
	return dreamBook{
		Alarms: []string{
			"gates line.lost raised", "gates line.lost cleared",
			"gas-1 device.silent raised", "gas-1 device.silent cleared",
			"box uplink.lost raised",
			"gas-1 gas.alarm.low raised", "gas-1 gas.alarm.high raised",
			"gas-1 gas.alarm.low cleared", "gas-1 gas.alarm.high cleared",
			"panic-1 panic.pressed raised", "panic-1 panic.pressed cleared",
			"box uplink.lost cleared",
			"gas-1 device.silent raised",
		},
		Events:   []string{"box box.started", "gas-1 device.mode", "gate-1 access.leaf", "box box.stopping"},
		Passed:   d.passed,
		Readings: d.instrument("gas-1").Asked(),
	}
}

// A dreamRecord is the part of a lane's message that is looked at here.
type dreamRecord struct {
	Epoch, Lane, Type, Subject string
	Sequence                   int `json:",string"`
	Historical, Redelivery     bool
	Data                       struct {
		State  string
		Device struct{ Name string }
		Count  int
		Value  struct{ N int }
	}
}

// readDream returns a message as a record; false is a retained document.
func readDream(t *testing.T, m uplink.Message) (r dreamRecord, ok bool) {
	t.Helper()
	if m.Retain || strings.HasSuffix(m.Topic, "/up/canary") {
		return r, false
	}
	if err := json.Unmarshal(m.Payload, &r); err != nil {
		t.Fatalf("%s: %v", m.Payload, err)
	}
	return r, true
}

// booked is the book as the city could write it. Everything that came keeps to
// the contract, no number is missing, and what came twice says so.
func (d *dream) booked() dreamBook {
	d.t.Helper()
	type number struct {
		epoch, lane string
		sequence    int
	}
	records := map[number]dreamRecord{}
	last := map[number]int{} // of the lane: sequence is 0
	for _, m := range d.messages() {
		if err := contract.Validate(m.Topic, m.Retain, m.Payload); err != nil {
			d.t.Errorf("%s breaks the contract: %v\n%s", m.Topic, err, m.Payload)
		}
		r, ok := readDream(d.t, m)
		if !ok {
			continue
		}
		n := number{r.Epoch, r.Lane, r.Sequence}
		if _, twice := records[n]; twice && !r.Redelivery {
			d.t.Errorf("%v came twice and does not say so", n)
		}
		records[n] = r
		lane := number{epoch: r.Epoch, lane: r.Lane}
		last[lane] = max(last[lane], r.Sequence)
	}
	for lane, highest := range last {
		for sequence := 1; sequence <= highest; sequence++ {
			if _, ok := records[number{lane.epoch, lane.lane, sequence}]; !ok {
				d.t.Errorf("%s %d is missing", lane.lane, sequence)
			}
		}
	}
	return write(records)
}

// write makes a book of records. Whether this machine's clock is set is left
// out.
func write[K comparable](records map[K]dreamRecord) dreamBook {
	all := make([]dreamRecord, 0, len(records))
	for _, r := range records {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b dreamRecord) int { return cmp.Compare(a.Sequence, b.Sequence) })
	book := dreamBook{Passed: map[string]int{}}
	for _, r := range all {
		words := strings.TrimSpace(r.Data.Device.Name + " " + r.Type + " " + r.Data.State)
		switch {
		case r.Lane == "reading":
			book.Readings += r.Data.Value.N
		case r.Type == "access.passage":
			book.Passed[r.Subject] += r.Data.Count
		case r.Type == "clock.unsynced":
		case r.Lane == "alarm":
			book.Alarms = append(book.Alarms, words)
		default:
			book.Events = append(book.Events, words)
		}
	}
	return book
}

// alarmsFirst holds that no old alarm came after anything else.
func alarmsFirst(t *testing.T, messages []uplink.Message) {
	t.Helper()
	alarms, other := 0, ""
	for _, m := range messages {
		r, ok := readDream(t, m)
		switch {
		case !ok:
		case r.Lane != "alarm":
			other = cmp.Or(other, m.Topic)
		case r.Historical && other != "":
			t.Errorf("alarm %d, %s, came after %s", r.Sequence, r.Type, other)
		case r.Historical:
			alarms++
		}
	}
	if alarms == 0 {
		t.Error("no alarm waited for the city")
	}
}

// stands compares the states that are retained at the broker.
func (d *dream) stands(want map[string]string) {
	d.t.Helper()
	got := map[string]string{}
	for topic, payload := range d.broker.Retained() {
		var doc struct{ State string }
		if err := json.Unmarshal(payload, &doc); err != nil {
			d.t.Errorf("%s: %v", topic, err)
		}
		if doc.State != "" {
			got[strings.TrimPrefix(topic, uplink.Topic("dream", ""))] = doc.State
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		d.t.Errorf("retained states (-want +got):\n%s", diff)
	}
}
