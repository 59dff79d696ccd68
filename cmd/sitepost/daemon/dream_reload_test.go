package daemon_test

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices"
)

// gasTwo is a second detector on the line of gasLine.
const gasTwo = `
[[instrument]]
name = "gas-2"
kind = "gas_detector"
zone = "quay"
profile = "honeywell-xcd"
line = "bus"
address = 2
`

// newDreamFrom is newDream with all that is on the lines from the start, and a site file
// that begins with less of it.
func newDreamFrom(t *testing.T, all, first string) *dream {
	t.Helper()
	d := newDream(t, all, nil)
	d.lay(first)
	var found config.Findings
	if d.config, found = config.Load(d.path(), d.env()); len(found.Errors()) > 0 {
		t.Fatal(found)
	}
	return d
}

// lay lays another site file; all below the head of every dream.
func (d *dream) lay(text string) {
	d.t.Helper()
	d.write("site.toml", strings.ReplaceAll(dreamHead+text, "DIR", d.dir))
}

// reload lays another site file, says so, and waits a moment.
func (d *dream) reload(text string) {
	d.t.Helper()
	d.lay(text)
	d.hangup <- syscall.SIGHUP
	d.after(time.Second)
}

// lastChange is what the city heard of the last reload, without the hash.
func (d *dream) lastChange() (text string) {
	d.t.Helper()
	for _, m := range d.messages() {
		var doc struct {
			Type string
			Data struct{ Text string }
		}
		if json.Unmarshal(m.Payload, &doc) == nil && doc.Type == string(devices.ConfigChanged) {
			text, _, _ = strings.Cut(doc.Data.Text, "; ")
		}
	}
	return text
}

// changed fails unless the last reload changed this.
func (d *dream) changed(want string) {
	d.t.Helper()
	if got := d.lastChange(); got != "by signal SIGHUP: "+want {
		d.t.Errorf("the city heard %q, want %q", got, want)
	}
}

// pace is how often an instrument is asked in ten seconds.
func (d *dream) pace(name string) int {
	d.t.Helper()
	before := d.instrument(name).Asked()
	d.after(10 * time.Second)
	return d.instrument(name).Asked() - before
}

// aLifeWith is aLife with so many reloads in it.
func aLifeWith(reloads int, lines ...string) []said {
	all := aLife(lines...)
	for range reloads {
		all = slices.Insert(all, 1, said{Device: "box", Type: string(devices.ConfigChanged)})
	}
	return all
}

// TestReload promises that what did not change goes on over a reload: its port stays
// open, its questions keep their pace, nothing is asked or told twice. What is new
// speaks, what changed begins anew, and of what is gone nothing stands at the city.
func TestReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDreamFrom(t, gateLine+gasTwo, gateLine)
		d.set("gas-1", values{"gas": 4})
		d.set("gas-2", values{"gas": 4})
		d.start()
		d.after(10 * time.Second)
		pace := d.pace("gas-1")

		before := d.instrument("gas-1").Asked()
		titled := strings.Replace(gateLine, `name = "gas-1"`, "name = \"gas-1\"\ntitle = \"a title\"", 1)
		d.reload(titled + gasTwo)
		d.changed(`instrument "gas-2" is new`)
		d.pass("left", 2)
		d.after(9 * time.Second)
		if got := d.instrument("gas-1").Asked() - before; got != pace {
			t.Errorf("over a reload gas-1 was asked %d times in ten seconds, want %d", got, pace)
		}
		for topic, payload := range d.broker.Retained() {
			if topic == topicOf("inventory") && (!strings.Contains(string(payload), "a title") || !strings.Contains(string(payload), "gas-2")) {
				t.Errorf("the inventory is that of before: %s", payload)
			}
		}

		d.set("gas-2", values{"gas": 52, "low": true, "high": true})
		d.after(5 * time.Second)
		patient := strings.Replace(titled, "address = 1\n", "address = 1\nsilence = \"20s\"\n", 1)
		d.reload(patient + gasTwo)
		d.changed(`instrument "gas-1" begins anew`)
		d.pass("right", 1)
		d.after(10 * time.Second)
		d.reload(patient)
		d.changed(`instrument "gas-2" is gone`)
		d.after(20 * time.Minute) // whoever still had it would show it by now
		for _, name := range []string{"bus", "gates"} {
			if n := d.wires[name].Opened(); n != 1 {
				t.Errorf("the port of %s was opened %d times, want once", name, n)
			}
		}
		d.stands(map[string]string{
			"device/bus": "online", "device/gates": "online", "device/gas-1": "online",
			"device/gate-1": "online", "device/box": "online", "state": "up",
		})
		d.end()
		b := d.compare(append(aLifeWith(3, "bus", "gates"),
			inMode("gas-1", "normal"), inMode("gas-2", "normal"), said{Device: "gate-1", Type: "access.leaf", Is: "closed"},
			said{Device: "gate-1", Type: "access.passage", Subject: "left", Direction: "forward", Count: 2},
			said{Device: "gate-1", Type: "access.passage", Subject: "right", Direction: "back", Count: 1},
			on("gas-2", raised("gas.alarm.low")), on("gas-2", raised("gas.alarm.high")),
			on("gas-2", cleared("gas.alarm.high")), on("gas-2", cleared("gas.alarm.low")),
		)...)
		b.comparePassed(t, "gate-1", d.passed)
		if diff := gocmp.Diff([]string{"start", "signal SIGHUP", "signal SIGHUP", "signal SIGHUP"}, d.kept); diff != "" {
			t.Errorf("kept (-want +got):\n%s", diff)
		}
	})
}

// TestReloadLine promises that a line with other settings begins anew, with all that
// hangs on it, and no alarm is made of it; its neighbour goes on.
func TestReloadLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.set("gas-1", values{"gas": 30, "low": true})
		d.start()
		d.after(10 * time.Second)
		pace := d.pace("gate-1")
		before := d.instrument("gate-1").Asked()
		d.reload(strings.Replace(gateLine, `settings = "9600 8N1"`, "settings = \"9600 8N1\"\npause = \"50ms\"", 1))
		d.changed(`line "bus" begins anew, instrument "gas-1" begins anew`)
		d.after(9 * time.Second)
		if got := d.instrument("gate-1").Asked() - before; got != pace {
			t.Errorf("over a reload gate-1 was asked %d times in ten seconds, want %d", got, pace)
		}
		if bus, gates := d.wires["bus"].Opened(), d.wires["gates"].Opened(); bus != 2 || gates != 1 {
			t.Errorf("ports were opened %d and %d times, want 2 and 1", bus, gates)
		}
		d.set("gas-1", values{"gas": 4, "low": false})
		d.after(10 * time.Second)
		d.end()
		d.compare(append(aLifeWith(1, "bus", "gates"),
			inMode("gas-1", "normal"), said{Device: "gate-1", Type: "access.leaf", Is: "closed"},
			on("gas-1", raised("gas.alarm.low")), on("gas-1", cleared("gas.alarm.low")),
		)...)
	})
}

// TestReloadOutOfUse promises that a device that goes out of use while the site runs is
// disabled at once and stays so, with nothing of it open, and speaks again when it is
// in use again.
func TestReloadOutOfUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.set("gas-1", values{"gas": 30, "low": true})
		d.start()
		d.after(10 * time.Second)
		d.reload(strings.Replace(gateLine, "address = 1\n", "address = 1\ndisabled = {since = 2026-11-01, why = \"rebuilt\"}\n", 1))
		d.changed(`line "bus" begins anew, instrument "gas-1" is gone`) // nobody is asked there now
		stands := map[string]string{"device/bus": "online", "device/gates": "online", "device/gate-1": "online", "device/box": "online", "state": "up"}
		for range 2 {
			stands["device/gas-1"] = "disabled"
			d.stands(stands)
			d.after(20 * time.Minute) // figures are shown again by then
		}
		if open := d.book().opened(t); len(open) > 0 {
			t.Errorf("open: got %v, want nothing", open)
		}
		d.set("gas-1", values{"gas": 4, "low": false})
		d.reload(gateLine)
		d.after(10 * time.Second)
		stands["device/gas-1"] = "online"
		d.stands(stands)
		d.end()
		d.book().audit(t)
	})
}

// TestReloadRefused promises that a bad file changes nothing, and stands where somebody
// looks: in status and at the city, with its line, until a good one is accepted, or
// until the daemon begins with one. Answers complaints 34 and 36.
func TestReloadRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.set("gas-1", values{"gas": 4})
		d.start()
		d.after(10 * time.Second)
		pace, hash := d.pace("gas-1"), d.status().Config
		before := d.instrument("gas-1").Asked()
		d.reload(gateLine + gasTwo + "adress = 3\n[[zoen]]\n")
		d.after(9 * time.Second)
		if got := d.instrument("gas-1").Asked() - before; got != pace {
			t.Errorf("over a refusal gas-1 was asked %d times in ten seconds, want %d", got, pace)
		}
		now := d.status()
		if now.Config != hash || now.Refused == nil || !strings.Contains(now.Refused.Why, `site.toml:54:1: unknown key "adress"`) || !strings.HasSuffix(now.Refused.Why, "(and 1 more)") {
			t.Errorf("got file %s in force and refused %+v, want %s, and the line with how many more", now.Config, now.Refused, hash)
		}
		if len(now.Findings) != 1 || now.Findings[0].What != "config" || !strings.Contains(now.Findings[0].Text, "site.toml:54:1") {
			t.Errorf("findings: got %+v, want the one of the site file", now.Findings)
		}
		rejected := []said{{Device: "box", Type: string(devices.ConfigRejected)}}
		if diff := gocmp.Diff(rejected, d.book().opened(t)); diff != "" {
			t.Errorf("up/open (-want +got):\n%s", diff)
		}
		d.reload(gateLine)
		if now := d.status(); now.Refused != nil || len(d.book().opened(t)) > 0 {
			t.Errorf("a good file came: got still refused %+v, open %v", now.Refused, d.book().opened(t))
		}
		d.reload("nonsense")
		d.lay(gateLine)
		d.halt()
		d.start()
		d.after(10 * time.Second)
		if now := d.status(); now.Refused != nil || len(d.book().opened(t)) > 0 {
			t.Errorf("begun with a good file: got still refused %+v, open %v", now.Refused, d.book().opened(t))
		}
		d.end()
		d.compare(append(append(aLife("bus", "gates"), aLife()...),
			inMode("gas-1", "normal"), said{Device: "gate-1", Type: "access.leaf", Is: "closed"},
			on("box", raised(devices.ConfigRejected)), on("box", cleared(devices.ConfigRejected)),
			on("box", raised(devices.ConfigRejected)), on("box", cleared(devices.ConfigRejected)),
		)...)
	})
}

// TestReloadLink promises that a link with other words leaves in order and comes back,
// and that the city has all that was said meanwhile.
func TestReloadLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.set("gas-1", values{"gas": 4})
		d.start()
		d.after(10 * time.Second)
		d.write("site.toml", strings.ReplaceAll(strings.Replace(dreamHead, "drain_rate = 50", "drain_rate = 60", 1)+gateLine, "DIR", d.dir))
		d.broker.Hold(true) // what is under way when the link is to leave has no receipt
		d.set("gas-1", values{"gas": 52, "low": true, "high": true})
		d.after(time.Second)
		d.hangup <- syscall.SIGHUP
		d.after(2 * time.Second)
		d.set("gas-1", values{"gas": 4, "low": false, "high": false})
		d.after(2 * time.Second)
		d.broker.Hold(false)
		d.after(time.Minute)
		d.changed("link to the city begins anew")
		var states []string
		for _, l := range d.lives() {
			if n := len(states); n == 0 || states[n-1] != l.State {
				states = append(states, l.State)
			}
		}
		if diff := gocmp.Diff([]string{"up", "stopped", "up"}, states); diff != "" {
			t.Errorf("up/state (-want +got):\n%s", diff)
		}
		d.end()
		d.compare(append(aLifeWith(1, "bus", "gates"),
			inMode("gas-1", "normal"), said{Device: "gate-1", Type: "access.leaf", Is: "closed"},
			on("gas-1", raised("gas.alarm.low")), on("gas-1", raised("gas.alarm.high")),
			on("gas-1", cleared("gas.alarm.low")), on("gas-1", cleared("gas.alarm.high")),
		)...)
	})
}

// TestReloadOtherProfile promises that an alarm which the detector before has raised, and
// which the one that hangs there now cannot say, does not stand at the city for ever.
func TestReloadOtherProfile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine, nil)
		d.set("gas-1", values{"gas": 30, "low": true})
		d.start()
		d.after(10 * time.Second)
		if diff := gocmp.Diff([]said{on("gas-1", said{Type: "gas.alarm.low"})}, d.book().opened(t)); diff != "" {
			t.Fatalf("up/open (-want +got):\n%s", diff)
		}
		d.reload(strings.Replace(gasLine, `"honeywell-xcd"`, `"winsen-zp14"`, 1))
		d.after(5 * time.Second)
		for _, o := range d.book().opened(t) {
			if o.Type == "gas.alarm.low" {
				t.Errorf("%+v stands open, and nobody is left to end it", o)
			}
		}
		d.end()
		d.book().audit(t)
	})
}
