package box

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A desk is a machine that a test sets as it likes, and what was said on it.
type desk struct {
	mu     sync.Mutex
	clock  store.Clock
	ahead  time.Duration // the wall clock's, set by somebody
	began  time.Time
	kept   map[string]json.RawMessage
	events []devices.Event
	power  fstest.MapFS
	result string
}

func newDesk(synced bool) *desk {
	d := &desk{began: time.Now(), kept: map[string]json.RawMessage{}, power: fstest.MapFS{}}
	d.clock = store.Clock{Source: "ntp", Synced: synced, Boot: "boot-1"}
	return d
}

func (d *desk) read() store.Clock {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.clock
	c.UptimeMS = time.Since(d.began).Milliseconds()
	return c
}

func (d *desk) wall() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Add(d.ahead)
}

// set lets somebody set the wall clock, and the kernel know it or not.
func (d *desk) set(by time.Duration, synced bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead += by
	d.clock.Synced = synced
}

func (d *desk) Keep(name string, doc any) error {
	raw, err := json.Marshal(doc)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[name] = raw
	return err
}

func (d *desk) Recall(name string, doc any) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw, known := d.kept[name]
	if !known {
		return false, nil
	}
	return true, json.Unmarshal(raw, doc)
}

func (d *desk) say(e devices.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
	return nil
}

// said returns what was said since it was asked last, in short.
func (d *desk) said() (all []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		words := []string{string(e.Code), string(e.State), e.Point, e.Detail}
		if e.Value != nil {
			words = append(words, fmt.Sprintf("%v%s", e.Value.Number, e.Value.Unit))
		}
		all = append(all, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	d.events = nil
	return all
}

func (d *desk) box(version string) *Box {
	return New(Options{
		Host: Host{Clock: d.read, Wall: d.wall, Power: d.power, Result: d.result},
		Name: "box", Version: version,
		Memory: d, Say: d.say,
	})
}

// compare holds what was said against what must have been.
func (d *desk) compare(t *testing.T, when string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, d.said()); diff != "" {
		t.Errorf("%s (-want +said):\n%s", when, diff)
	}
}

// TestClock: a clock that is set is told with by how much, what it told before is
// corrected as soon as the time is known, and one that is only steered is nobody's
// concern.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(false)
		b := d.box("1")
		if err := b.Begin(); err != nil {
			t.Fatal(err)
		}
		d.compare(t, "start without the time", "box.started boot", "clock.unsynced raised")
		end := live(t, b)
		pass := func(span time.Duration) { time.Sleep(span); synctest.Wait() }
		pass(time.Minute)
		d.compare(t, "power supplies are looked at once", "power.mains.lost cleared", "power.battery.low cleared")
		d.set(2*time.Hour, false)
		pass(2 * time.Second)
		d.compare(t, "set while the time is not known", "clock.jumped 7200s")
		d.set(-30*time.Minute, true)
		pass(2 * time.Second)
		d.compare(t, "set right", "clock.jumped -1800s", "clock.unsynced cleared", "clock.corrected boot-1 5400s")
		for range 60 {
			d.set(500*time.Millisecond, true)
			pass(time.Second)
		}
		d.compare(t, "steered, however far")
		d.set(-5*365*24*time.Hour, true)
		pass(2 * time.Second)
		d.compare(t, "five years back", "clock.jumped -1.5768e+08s", "clock.corrected boot-1 -1.5768e+08s")
		d.set(0, false)
		pass(20 * time.Second)
		d.set(0, true)
		pass(20 * time.Second)
		d.compare(t, "lost for 20 s", "clock.corrected boot-1 0s")
		d.set(0, false)
		pass(40 * time.Second)
		d.compare(t, "lost", "clock.unsynced raised")
		if got := b.State().Clock; got.Jumps != 3 || got.JumpedBy != -157680000 || got.Synced {
			t.Errorf("state: got %+v, want three jumps, the last five years back, not synced", got)
		}
		end()
	})
}

// live runs a box in a bubble. end ends it.
func live(t *testing.T, b *Box) (end func()) {
	t.Helper()
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { defer close(ended); b.Run(ctx) }()
	return func() { cancel(); <-ended }
}

// TestSlowReading: a process that is stopped between two clocks sees no jump.
func TestSlowReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(true)
		slow := false
		b := d.box("1")
		b.opt.Host.Wall = func() time.Time {
			now := d.wall()
			if slow {
				time.Sleep(3 * time.Second)
			}
			return now
		}
		if err := b.Begin(); err != nil {
			t.Fatal(err)
		}
		d.said()
		slow = true
		if err := b.lookAtClock(); err != nil {
			t.Fatal(err)
		}
		slow = false
		if err := b.lookAtClock(); err != nil {
			t.Fatal(err)
		}
		d.compare(t, "a reading that took 3 s")
	})
}

// TestCause: why a run began is read from what the last one left, and from
// systemd's word.
func TestCause(t *testing.T) {
	for _, c := range []struct {
		name           string
		orderly        bool
		boot, version  string
		result         string
		want, wantText string
	}{
		{"stopped and started", true, "boot-1", "1", "success", "restart", "stopped in order at 2000-01-01 08:00:10 +08:00, 1m30s before this start"},
		{"the machine was started anew", true, "boot-2", "1", "", "boot", "stopped in order at 2000-01-01 08:00:10 +08:00, 1m30s before this start"},
		{"another version", true, "boot-1", "2", "success", "upgrade", "stopped in order at 2000-01-01 08:00:10 +08:00, 1m30s before this start; the version was 1"},
		{"another version after a boot", true, "boot-2", "2", "", "upgrade", "stopped in order at 2000-01-01 08:00:10 +08:00, 1m30s before this start; the version was 1"},
		{"no power", false, "boot-2", "1", "", "power cut", "the machine went without a goodbye (power cut, reset or hang), last known alive at 2000-01-01 08:00:00 +08:00, 1m40s before this start"},
		{"what systemd said before the boot does not count", false, "boot-2", "1", "watchdog", "power cut", "the machine went without a goodbye (power cut, reset or hang), last known alive at 2000-01-01 08:00:00 +08:00, 1m40s before this start"},
		{"it hung", false, "boot-1", "1", "watchdog\n", "watchdog", "sitepost hung and was ended by the watchdog, last known alive at 2000-01-01 08:00:00 +08:00, 1m40s before this start"},
		{"killed", false, "boot-1", "1", "signal", "crash", "sitepost ended without a goodbye, last known alive at 2000-01-01 08:00:00 +08:00, 1m40s before this start"},
		{"an earlier run hung", true, "boot-1", "1", "watchdog", "restart", "stopped in order at 2000-01-01 08:00:10 +08:00, 1m30s before this start"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(true)
				d.result = filepath.Join(t.TempDir(), "last-result")
				if err := os.WriteFile(d.result, []byte(c.result), 0o600); err != nil {
					t.Fatal(err)
				}
				first := d.box("1")
				if err := first.Begin(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				if c.orderly {
					if err := first.End(); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(90 * time.Second)
				d.clock.Boot = c.boot
				d.said()
				second := d.box(c.version)
				e := second.started()
				if want := "sitepost " + c.version + ": " + c.wantText; e.Detail != c.want || e.Text != want {
					t.Errorf("got %q, %q\nwant %q, %q", e.Detail, e.Text, c.want, want)
				}
				if got := second.State(); got.Cause != c.want || got.Before != c.wantText {
					t.Errorf("state: got %q, %q", got.Cause, got.Before)
				}
			})
		})
	}
}

// TestFirstStart: of a box that knows of no earlier run, the uptime tells.
func TestFirstStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(true)
		if e := d.box("1").started(); e.Detail != Boot || e.Text != "sitepost 1" {
			t.Errorf("got %q, %q", e.Detail, e.Text)
		}
		d = newDesk(true)
		d.kept["box"] = json.RawMessage(`[]`)
		time.Sleep(bootWithin)
		if e := d.box("1").started(); e.Detail != Restart {
			t.Errorf("after %v, with nothing that can be read: got %q", bootWithin, e.Detail)
		}
	})
}

// TestPauseAfter: a server that refuses is left alone.
func TestPauseAfter(t *testing.T) {
	for _, c := range []struct {
		err        error
		last, want time.Duration
	}{
		{nil, compareMost, compareEvery},
		{errors.New("no answer"), compareEvery, compareEvery},
		{&refusal{"RATE"}, compareEvery, 2 * compareEvery},
		{&refusal{"RATE"}, compareMost, compareMost},
		{&refusal{"DENY"}, compareEvery, compareLong},
		{&refusal{"RSTR"}, compareEvery, compareLong},
	} {
		if got := pauseAfter(c.err, c.last); got != c.want {
			t.Errorf("%v after %v: got %v, want %v", c.err, c.last, got, c.want)
		}
	}
}

// TestJudge: a clock that is certainly further from a server's than the site file
// allows is told, once, with how far; a slow answer is not certain, and none says
// nothing.
func TestJudge(t *testing.T) {
	d := newDesk(true)
	b := d.box("1")
	r := &rival{server: "10.37.1.5", limits: Comparison{Warn: 500 * time.Millisecond, Alarm: 5 * time.Second}}
	judge := func(offset, delay time.Duration, err error) {
		for _, e := range b.judge(r, sample{offset, delay}, err, noon, compareEvery) {
			_ = d.say(e)
		}
	}
	judge(time.Second, 0, nil)
	d.compare(t, "beyond warn", "clock.unsynced cleared 10.37.1.5 1s")
	judge(-6*time.Second, 3*time.Second, nil)
	d.compare(t, "may be within alarm")
	judge(-6*time.Second, time.Millisecond, nil)
	d.compare(t, "beyond alarm", "clock.unsynced raised 10.37.1.5 -6s")
	judge(0, 0, errors.New("no answer"))
	d.compare(t, "no answer")
	if got := r.now(); !got.Off || got.Offset != -6 || got.Failed != "no answer" {
		t.Errorf("got %+v, want what was known, and why nothing is new", got)
	}
	judge(-time.Millisecond, 0, nil)
	d.compare(t, "right again", "clock.unsynced cleared 10.37.1.5 -0.001s")
}
