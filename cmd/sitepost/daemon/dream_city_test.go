package daemon_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/uplink/uplinktest"
)

// seenWithin is how long after the city is gone a person at the box must see it,
// and missedWithin how long after the box is gone the city must.
const (
	seenWithin   = 20 * time.Second
	missedWithin = 90 * time.Second
)

// away says what the status has to say of the city, "" if it is there.
func (d *dream) away() string {
	for _, f := range d.status().Findings {
		if f.What == "city" {
			return f.Text
		}
	}
	return ""
}

// TestCityIsGone: whether the broker hangs up or only falls silent while something
// is said to it, within 20 s the status says that the city is gone; and that it is
// back.
func TestCityIsGone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		gone, back func(*dream)
		want       string
	}{
		{"hangs up", func(d *dream) { d.broker.Away(uplinktest.ErrAway) }, func(d *dream) { d.broker.Away(nil) },
			"the city is away: dial: connection refused"},
		{"falls silent", func(d *dream) { d.broker.Hold(true) }, func(d *dream) { d.broker.Hold(false) },
			"the broker does not acknowledge what it is sent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDream(t, gateLine, nil)
				d.start()
				d.after(10 * time.Second)
				if got := d.away(); got != "" {
					t.Fatalf("at the start: %s", got)
				}
				c.gone(d)
				d.pass("left", 1)
				d.after(seenWithin)
				if got := d.away(); got != c.want {
					t.Errorf("%v after the city is gone: got %q, want %q", seenWithin, got, c.want)
				}
				c.back(d)
				d.after(2 * time.Minute)
				if got := d.away(); got != "" {
					t.Errorf("the city is back: %s", got)
				}
				d.end()
			})
		})
	}
}

// TestBoxIsGone: the city hears of every box at least every 30 s, and so misses one
// that is gone within 90 s; where the connection breaks it has the will at once,
// of the same birth.
func TestBoxIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.start()
		d.after(10 * time.Minute)
		heard := d.lives()
		for i, l := range heard {
			next := time.Now()
			if i+1 < len(heard) {
				next = heard[i+1].Time
			}
			if l.State != "up" || next.Sub(l.Time) > missedWithin/3+time.Second {
				t.Errorf("up/state %q at %v, and the next %v later, want \"up\" each 30 s", l.State, l.Time, next.Sub(l.Time))
			}
		}
		if len(heard) < 20 {
			t.Errorf("got %d up/state in 10 minutes, want 20", len(heard))
		}
		d.broker.Kill(0)
		synctest.Wait()
		all := d.lives()
		last, will := all[len(heard)-1], all[len(heard)]
		want := life{State: "down", Epoch: last.Epoch, Birth: last.Birth}
		if diff := gocmp.Diff(want, will); diff != "" {
			t.Errorf("the will (-want +got):\n%s", diff)
		}
		d.end()
	})
}

// A life is what counts of up/state.
type life struct {
	State, Epoch string
	Birth        uint64
	Time         time.Time
}

func (d *dream) lives() (all []life) {
	d.t.Helper()
	for _, m := range d.messages() {
		if m.Topic != topicOf("state") {
			continue
		}
		var l life
		if err := json.Unmarshal(m.Payload, &l); err != nil {
			d.t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// TestStatus: one snapshot says how a site stands that has a silent detector, a
// city that is away, and things that wait for it.
func TestStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.start()
		d.after(10 * time.Second)
		d.dead("gas-1", true)
		d.after(time.Minute)
		d.broker.Away(uplinktest.ErrAway)
		d.pass("left", 2)
		d.after(3 * time.Minute)
		s := d.status()
		got := []string{}
		for _, f := range s.Findings {
			got = append(got, strings.TrimSpace(f.What+" "+f.Name))
		}
		if diff := gocmp.Diff([]string{"city broker-1", "device gas-1"}, got); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		states := map[string]string{}
		for _, one := range append(s.Devices, s.Lines...) {
			states[one.Name] = one.State
		}
		if diff := gocmp.Diff(map[string]string{"box": "online", "bus": "online", "gates": "online", "gas-1": "silent", "gate-1": "online"}, states); diff != "" {
			t.Errorf("devices (-want +got):\n%s", diff)
		}
		event := s.Store.Lanes["event"]
		if event.Waiting == 0 || s.Time.Sub(event.Oldest).Round(time.Minute) != 3*time.Minute {
			t.Errorf("event lane: got %+v at %v, want the passages of 3 minutes ago to wait", event, s.Time)
		}
		if s.Uplink.Up || s.Uplink.Connects != 1 || s.Cause != "boot" || !s.Clock.Synced || s.Store.Bytes == 0 || s.Store.Commits == 0 {
			t.Errorf("got %+v", s)
		}
		d.broker.Away(nil)
		d.dead("gas-1", false)
		d.after(3 * time.Minute)
		if got := d.status(); len(got.Findings) > 0 || got.Store.Lanes["event"].Waiting > 0 || got.Uplink.InFlight > 0 {
			t.Errorf("all is well again, got %+v", got)
		}
		d.end()
	})
}
