package box

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

const (
	clockEvery = time.Second
	// jumpFrom is what counts as set, not as steered: chrony and timesyncd steer at
	// most 1 ms in a second, or some ten under the kernel's own slewing.
	jumpFrom = time.Second
	// atOnce is how long it may take to read both clocks. A process that was stopped
	// in between would see a jump that nobody made.
	atOnce = 100 * time.Millisecond
	// unsyncedFor is how long the clock may be unsynchronised before that is said of
	// a box that runs: a daemon that steps the clock loses it for seconds.
	unsyncedFor = 30 * time.Second
)

// A clock compares the wall clock with the uptime. Their difference changes only
// when somebody sets or steers the wall clock:
//
//	difference    ________
//	      ┌──────            steered: nothing is said
//	──────┘ set: clock.jumped, and when the time is known clock.corrected
type clock struct {
	mu     sync.Mutex // guards all below
	known  bool
	ahead  time.Duration // the wall clock's difference to the uptime, at the last look
	marked time.Duration // the difference when what is said now was last known to be right, or at the start
	synced bool
	lost   time.Duration // uptime when synced became false
	told   devices.State // of clock.unsynced
	jumps  int
	jumped time.Time
	by     time.Duration
}

// A ClockState is what a person is shown of the clock.
type ClockState struct {
	Source   string     `json:"source"`
	Synced   bool       `json:"synced"`
	Boot     string     `json:"boot"`
	UptimeMS int64      `json:"uptime_ms"`
	Jumps    int        `json:"jumps"`                // since the start
	Jumped   time.Time  `json:"jumped,omitzero"`      // the last one: when, by the clock as it was set
	JumpedBy float64    `json:"jumped_by_s,omitzero"` // and by how much
	Compared []Compared `json:"compared,omitempty"`
}

func (k *clock) now(c store.Clock) ClockState {
	k.mu.Lock()
	defer k.mu.Unlock()
	return ClockState{Source: c.Source, Synced: c.Synced, Boot: c.Boot, UptimeMS: c.UptimeMS,
		Jumps: k.jumps, Jumped: k.jumped, JumpedBy: seconds(k.by)}
}

// A hand is both clocks at one moment.
type hand struct {
	clock store.Clock
	wall  time.Time
	up    time.Duration
}

// read reads both clocks; false if that took too long to be one moment.
func (h Host) read() (hand, bool) {
	before := h.Clock()
	wall := h.Wall().Round(0)
	after := h.Clock()
	up := time.Duration(after.UptimeMS) * time.Millisecond
	return hand{after, wall, up}, up-time.Duration(before.UptimeMS)*time.Millisecond <= atOnce
}

// lookAtClock reads the clocks and says what is new.
func (b *Box) lookAtClock() error {
	now, ok := b.opt.Host.read()
	if !ok {
		return nil // in a second again
	}
	var failed error
	for _, e := range b.clock.look(now) {
		if e.Code != devices.ClockUnsynced || e.State == devices.Raised {
			b.opt.Log.Warn("clock", "code", e.Code, "text", e.Text)
		}
		failed = errors.Join(failed, b.opt.Say(e))
	}
	return failed
}

// look follows the clocks and returns what is to be said.
func (k *clock) look(now hand) (all []devices.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ahead := time.Duration(now.wall.UnixNano()) - now.up
	first := !k.known
	if first {
		k.known, k.ahead, k.marked, k.synced = true, ahead, ahead, now.clock.Synced
	}
	by := ahead - k.ahead
	k.ahead = ahead
	if by.Abs() > jumpFrom {
		k.jumps, k.jumped, k.by = k.jumps+1, now.wall, by
		all = append(all, jumped(now, by))
	} else {
		by = 0
	}
	all = append(all, k.trust(now, first)...)
	began := now.clock.Synced && !k.synced
	if began || now.clock.Synced && by != 0 {
		all = append(all, corrected(now, ahead-k.marked))
	}
	if now.clock.Synced {
		k.marked = ahead
	}
	if k.synced && !now.clock.Synced {
		k.lost = now.up
	}
	k.synced = now.clock.Synced
	return all
}

// trust returns clock.unsynced where it is news: at the start in any case, for an
// earlier run may have left it open.
func (k *clock) trust(now hand, first bool) []devices.Event {
	state := devices.Cleared
	if !now.clock.Synced {
		state = devices.Raised
	}
	late := k.synced || now.up-k.lost < unsyncedFor
	if state == k.told || state == devices.Raised && !first && late {
		return nil
	}
	k.told = state
	e := devices.Event{Time: now.wall, Code: devices.ClockUnsynced, State: state}
	if state == devices.Raised {
		e.Text = "the box's clock is not synchronised: set up chrony or systemd-timesyncd"
	}
	return []devices.Event{e}
}

func jumped(now hand, by time.Duration) devices.Event {
	return devices.Event{
		Time: now.wall, Code: devices.ClockJumped, Value: offset(by),
		Text: fmt.Sprintf("the box's clock was set by %s, from %s to %s", signed(by), stamp(now.wall.Add(-by)), stamp(now.wall)),
	}
}

// corrected tells what is to be added to the times that were told in this boot
// before: all since the start, or since the clock was right. Detail is the boot.
// Exact for a record of the same boot, however often the clock was set in between:
// time of this event − (uptime of this event − uptime of the record).
func corrected(now hand, by time.Duration) devices.Event {
	return devices.Event{
		Time: now.wall, Code: devices.ClockCorrected, Detail: now.clock.Boot, Value: offset(by),
		Text: fmt.Sprintf("the box's clock is right now: %s to what it told before", signed(by)),
	}
}

func offset(by time.Duration) *devices.Value {
	return &devices.Value{Quantity: "offset", Unit: "s", Number: seconds(by)}
}

// seconds rounds to milliseconds: the uptime is not read finer.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

func signed(d time.Duration) string {
	d = d.Round(time.Millisecond)
	if d < 0 {
		return d.String()
	}
	return "+" + d.String()
}

// siteZone is the zone of every site: its offset has been the same since 1991.
var siteZone = time.FixedZone("", 8*60*60)

// stamp is a time for a person on the site.
func stamp(t time.Time) string { return t.In(siteZone).Format("2006-01-02 15:04:05 -07:00") }
