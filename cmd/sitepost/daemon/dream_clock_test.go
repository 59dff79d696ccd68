package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink/mqtt/mqtttest"
	"sitepost/uplink/uplinktest"
)

// aYear is about one.
const aYear = 365 * 24 * time.Hour

// TestClockOfAnotherYear: a box whose clock is five years behind after one restart
// and ten ahead after the next loses nothing, drops nothing for its age, and its
// numbers keep the order in which things happened. Every bubble begins in the year
// 2000: so the same disk lives through three of them.
func TestClockOfAnotherYear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var told []mqtttest.Message
	passed := 0
	for _, life := range []struct {
		year int
		away bool // the city, in the end, and whoever tells the time
	}{{2005, true}, {2000, true}, {2010, false}} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Date(life.year, 3, 1, 0, 0, 0, 0, time.UTC)))
			d := newDreamIn(t, dir, gateLine, nil)
			d.host.Clock = func() store.Clock { // a box that is years off knows that it does not know
				return store.Clock{Source: "none", Synced: !life.away, Boot: "boot-1", UptimeMS: 180_000}
			}
			d.start()
			d.after(10 * time.Second)
			d.pass("left", 3)
			d.after(10 * time.Second)
			d.set("gas-1", values{"gas": 52, "low": true, "high": true})
			d.after(10 * time.Second)
			if life.away {
				d.broker.Away(uplinktest.ErrAway)
			}
			d.pass("left", 2)
			d.set("gas-1", values{"gas": 4, "low": false, "high": false})
			d.after(30 * time.Second)
			if got := d.status().Store.Dropped; len(got) > 0 {
				t.Errorf("%d: dropped %+v", life.year, got)
			}
			d.end()
			passed += d.passed["left"]
			for _, m := range d.messages() {
				told = append(told, mqtttest.Message{Topic: m.Topic, Payload: m.Payload})
			}
		})
	}
	b := newBook(t)
	b.read(told)
	b.audit(t)
	if people, _ := b.passed("gate-1"); people["left"] != passed {
		t.Errorf("got %v through the gate, want %d", people, passed)
	}
	if diff := gocmp.Diff(map[string][]int{"alarm": {2005, 2000, 2010}, "event": {2005, 2000, 2010}, "reading": {2005, 2000, 2010}}, b.years()); diff != "" {
		t.Errorf("years in the order of numbers (-want +got):\n%s", diff)
	}
}

// years lists, lane by lane, the years that the records tell, in the order of their
// numbers.
func (b *book) years() map[string][]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	years := map[string][]int{}
	for _, h := range b.inOrder() {
		years[h.Lane] = append(years[h.Lane], h.Time.Year())
	}
	for lane, all := range years {
		years[lane] = slices.Compact(all)
	}
	return years
}

// TestClockIsSet: while the daemon runs somebody sets the clock an hour ahead and
// years back. The city is told of each, by how much, and what to add to what came
// before; all else goes on as it was.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		var ahead atomic.Int64 // time.Duration
		var synced atomic.Bool
		began := time.Now()
		d.host.Wall = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		d.host.Clock = func() store.Clock {
			return store.Clock{Source: "ntp", Synced: synced.Load(), Boot: "boot-1", UptimeMS: time.Since(began).Milliseconds()}
		}
		d.start()
		d.after(10 * time.Second)
		d.pass("left", 1)
		ahead.Store(int64(time.Hour))
		d.after(10 * time.Second)
		d.pass("left", 2)
		ahead.Store(int64(-3 * aYear))
		synced.Store(true)
		d.after(10 * time.Second)
		d.pass("left", 3)
		d.after(10 * time.Second)
		if got := d.status(); len(got.Findings) > 0 || got.Clock.Jumps != 2 {
			t.Errorf("got %+v", got)
		}
		d.end()
		b := d.book()
		b.audit(t)
		b.comparePassed(t, "gate-1", d.passed)
		want := []string{
			"clock.corrected boot-1 -9.4608e+07s", "clock.jumped 3600s", "clock.jumped -9.46116e+07s",
			"clock.unsynced raised", "clock.unsynced cleared",
		}
		if diff := gocmp.Diff(want, b.ofTheClock()); diff != "" {
			t.Errorf("told of the clock (-want +got):\n%s", diff)
		}
	})
}

// ofTheClock lists what was told of the clock, by code and number.
func (b *book) ofTheClock() (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.inOrder() {
		if !strings.HasPrefix(h.Type, "clock.") {
			continue
		}
		words := []string{h.Type, h.Data.State, h.Data.Detail}
		if v := h.Data.Value; v != nil {
			words = append(words, fmt.Sprintf("%v%s", v.Value, v.Unit))
		}
		all = append(all, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	slices.SortStableFunc(all, func(x, y string) int { return strings.Compare(strings.Fields(x)[0], strings.Fields(y)[0]) })
	return all
}

// TestMainsOfTheHost: what the host's power supplies say reaches the city.
func TestMainsOfTheHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine, nil)
		supplies := filepath.Join(d.dir, "power_supply")
		d.host.Power = os.DirFS(supplies)
		d.write("power_supply/AC/type", "Mains\n")
		d.write("power_supply/AC/online", "1\n")
		d.start()
		for _, online := range []string{"1\n", "0\n", "1\n"} {
			d.write("power_supply/AC/online", online)
			d.after(10 * time.Second)
		}
		d.end()
		b := d.book()
		b.audit(t)
		if diff := gocmp.Diff([]string{"raised", "cleared"}, b.statesOf(devices.PowerMainsLost)); diff != "" {
			t.Errorf("mains (-want +told):\n%s", diff)
		}
	})
}

// TestMainsOfAContact: a contact of the site may mean that the mains are gone.
func TestMainsOfAContact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine+`
[[instrument]]
name = "ups-1"
kind = "contacts"
zone = "hall"
profile = "contacts-8"
line = "bus"
address = 12
[[instrument.input]]
terminal = 2
code = "power.mains.lost"
`, nil)
		d.start()
		d.after(10 * time.Second)
		for _, lost := range []bool{true, false} {
			if err := d.site.Contact("ups-1", "2", lost); err != nil {
				t.Fatal(err)
			}
			d.after(10 * time.Second)
		}
		d.end()
		b := d.book()
		b.audit(t)
		if diff := gocmp.Diff([]string{"raised", "cleared"}, b.statesOf(devices.PowerMainsLost)); diff != "" {
			t.Errorf("mains (-want +told):\n%s", diff)
		}
	})
}

// statesOf lists the states of a condition in the order of their numbers.
func (b *book) statesOf(code devices.Code) (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.inOrder() {
		if h.Type == string(code) {
			all = append(all, h.Data.State)
		}
	}
	return all
}
