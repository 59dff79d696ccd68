package daemon_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/modbus"
	"sitepost/devices/osdp/osdptest"
	"sitepost/devices/virtual"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/mqtt/mqtttest"
	"sitepost/uplink/uplinktest"
)

// dreamHead begins the site file of every dream. DIR is the test's own folder.
const dreamHead = `
version = 1
[site]
name = "test-ferry"
[store]
directory = "DIR/store"
[uplink]
client_id = "test-ferry-box1"
drain_rate = 50
drain_start = "0s"
[cards]
key = "file:DIR/card-key"
key_id = "test-2026"
[[zone]]
name = "hall"
class = "screened"
[[zone]]
name = "quay"
class = "quay"
`

// A dream is a whole daemon between lines and a broker in memory, in a bubble
// of testing/synctest.
type dream struct {
	t      *testing.T
	dir    string
	config *config.Config
	broker *uplinktest.Broker
	site   *virtual.Site
	wires  map[string]*wire
	log    bytes.Buffer // of the daemon; look at it when that has stopped
	passed map[string]int
	host   box.Host
	status func() status.Snapshot // of the daemon that runs
	hangup chan os.Signal         // to it
	kept   []string               // site files that were accepted: by whom
	upkeep control.Upkeep
	trials control.Trials

	stop     func() // ends the daemon; nil while none runs
	unplug   func() // ends everything around it
	attached sync.WaitGroup
}

// newDream hangs the instruments of a site file on its lines. files are laid
// into the test's own folder; those in profiles/ are the site's own.
func newDream(t *testing.T, lines string, files map[string]string) *dream {
	t.Helper()
	return newDreamIn(t, t.TempDir(), lines, files)
}

// newDreamIn is newDream in a folder that may have been another one's before.
func newDreamIn(t *testing.T, dir, lines string, files map[string]string) *dream {
	t.Helper()
	d := &dream{t: t, dir: dir, broker: uplinktest.New(), wires: map[string]*wire{}, passed: map[string]int{}, host: dreamHost()}
	d.write("card-key", cardKey+"\n")
	for name, text := range files {
		d.write(name, text)
	}
	d.write("site.toml", strings.ReplaceAll(dreamHead+lines, "DIR", d.dir))
	var found config.Findings
	if d.config, found = config.Load(d.path(), d.env()); len(found.Errors()) > 0 {
		t.Fatal(found)
	}
	var err error
	if d.site, err = virtual.Instruments(d.config, d.profiles()); err != nil {
		t.Fatal(err)
	}
	outside, unplugAll := context.WithCancel(context.Background())
	d.unplug = unplugAll
	for _, l := range d.config.Lines {
		w := &wire{Cable: linetest.NewCable()}
		d.wires[l.Name] = w
		on := d.site.On(d.config, l.Name)
		d.attached.Go(func() { virtual.Attach(outside, w, line.Settings(l.Settings), on...) })
	}
	return d
}

// dreamHost is a machine of the bubble: its clock is right, and it tells nothing
// of its power.
func dreamHost() box.Host {
	began := time.Now()
	return box.Host{Wall: time.Now, Clock: func() store.Clock {
		return store.Clock{Source: "ntp", Synced: true, Boot: "dream", UptimeMS: time.Since(began).Milliseconds()}
	}}
}

func (d *dream) path() string     { return filepath.Join(d.dir, "site.toml") }
func (d *dream) env() config.Env  { return config.Env{Profiles: daemon.Shelf(d.profiles())} }
func (d *dream) profiles() string { return filepath.Join(d.dir, "profiles") }

func (d *dream) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// start starts a daemon; halt ends it.
func (d *dream) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	d.hangup = make(chan os.Signal, 1)
	o := daemon.Options{
		Reread: func() (*config.Config, config.Findings) { return config.Load(d.path(), d.env()) }, Hangup: d.hangup,
		Keep:   func(_ *config.Config, who string) (int, error) { d.kept = append(d.kept, who); return len(d.kept), nil },
		Config: d.config, Profiles: d.profiles(), Version: "test", Host: &d.host,
		Status: func(take func() status.Snapshot) { d.status = take },
		Log:    slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Open:   func(l config.Line) line.Opener { return d.wires[l.Name].Open },
		Dials:  []uplink.Dial{d.broker.Dial(d.config.Uplink.ClientID, uplink.Subscriptions(d.config.Site.Name))},
	}
	o.Tools(func(u control.Upkeep, t control.Trials) { d.upkeep, d.trials = u, t })
	go func() { ended <- daemon.Run(ctx, o) }()
	d.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			d.t.Errorf("Run: got %v, want nil", err)
		}
	}
}

func (d *dream) halt() { d.stop() }

// end ends the daemon and everything around it.
func (d *dream) end() {
	d.halt()
	d.unplug()
	for _, w := range d.wires {
		_ = w.Close()
	}
	d.attached.Wait()
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

func (d *dream) set(name string, values values) {
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

func (d *dream) reader(name string) *osdptest.Reader {
	d.t.Helper()
	r, err := d.site.Reader(name)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// book is what the city could write down so far.
func (d *dream) book() *book {
	b := newBook(d.t)
	var all []mqtttest.Message
	for _, m := range d.messages() {
		if strings.Contains(m.Topic, "/down/") {
			continue // the city's own
		}
		all = append(all, mqtttest.Message{Topic: m.Topic, Payload: m.Payload})
	}
	b.read(all)
	return b
}

// lists arranges what the city must hear as a book does.
func lists(all ...said) map[string][]said {
	by := map[string][]said{}
	for _, w := range all {
		by[laneOf(w)] = append(by[laneOf(w)], w)
	}
	return by
}

// on says which device said it.
func on(device string, w said) said { w.Device = device; return w }

func inMode(device, mode string) said {
	w := said{Device: device, Type: string(devices.DeviceMode), Is: mode}
	if mode != devices.Normal.String() {
		w.Mode = mode
	}
	return w
}

// aLife is what the box says of itself from a start to a stop, and each of its
// lines after a start.
func aLife(lines ...string) []said {
	all := []said{{Device: "box", Type: "box.started"}, {Device: "box", Type: "box.stopping"}}
	for _, name := range lines {
		all = append(all, inMode(name, "normal"))
	}
	return all
}

// compare holds what the city has after the end against what it must have heard.
func (d *dream) compare(want ...said) *book {
	d.t.Helper()
	b := d.book()
	if diff := gocmp.Diff(lists(want...), b.lists()); diff != "" {
		d.t.Errorf("-happened +told:\n%s", diff)
	}
	b.audit(d.t)
	return b
}

// A wire is a cable that keeps what the line wrote.
type wire struct {
	*linetest.Cable
	mu    sync.Mutex // guards wrote
	wrote []byte
}

// Read is the far end's.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Cable.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrote = append(w.wrote, p[:n]...)
	return n, err
}

// written returns all that the line wrote.
func (w *wire) written() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.wrote)
}

// othersAsk lets another master ask a detector on a line, once a second for so
// long: for nine registers from 40003 on.
func (d *dream) othersAsk(name string, unit byte, pause time.Duration) {
	d.t.Helper()
	q := modbus.Block{Unit: unit, Function: modbus.Holding, Offset: 2, Count: 9}.Question(time.Second).Send
	for range pause / time.Second {
		_, _ = d.wires[name].Write(q) // a cable takes everything
		d.after(20 * time.Millisecond)
		for _, s := range d.site.On(d.config, name) {
			if answer, used := s.Hear(q); used > 0 {
				_, _ = d.wires[name].Write(answer)
			}
		}
		d.after(980 * time.Millisecond)
	}
}
