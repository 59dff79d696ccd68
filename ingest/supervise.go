package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sitepost/devices"
)

// watched is what is known of one device while the daemon runs.
//
//	        heard                    nothing for longest
//	unknown ─────► online ◄────────────────────► silent
//	                 │ ▲ device.fault, device.mode
//	                 ▼ │
//	            faulty, maintenance
//
// A device is also offline while its conversation cannot be held at all, or
// its line is lost.
type watched struct {
	name    string
	longest time.Duration // 0: may be silent for ever
	via     string        // line it hangs on

	telling turn // held while an absence or its end is told: one is on disk before the other begins

	mu     sync.Mutex // guards all below; taken after telling
	last   time.Time  // when it was last heard, or when waiting began
	told   state
	silent bool // device.silent was said and not cleared
	broken int  // conversations that ended without a word, in a row
	cut    bool // its line was lost, and it was not heard since
	fault  string
	mode   string
}

// A turn is held by one goroutine at a time, for as long as the disk takes. It
// is no mutex because who waits for it shall be seen to wait: in a bubble of
// testing/synctest no time passes while somebody waits for a mutex.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// tryTake says whether it could be taken at once.
func (t turn) tryTake() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

// A state is the document of up/device/<name>.
type state struct {
	State string    `json:"state"` // online, silent, offline, faulty, maintenance
	Since time.Time `json:"since"`
	Why   string    `json:"why,omitempty"`
	Next  string    `json:"next_step,omitempty"`
}

// lines knows which lines are lost now.
type lines struct {
	mu   sync.Mutex // guards lost
	lost map[string]bool
}

func (l *lines) set(name string, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[name] = lost
}

func (l *lines) isLost(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost[name]
}

// speaksOfAbsence lists the codes that tell that a device was *not* heard:
// saying them is no sign of its life.
func speaksOfAbsence(c devices.Code) bool {
	switch c {
	case devices.DeviceSilent, devices.DeviceOffline, devices.LineLost, devices.StreamOffline, devices.StreamStalled, devices.CameraLogin:
		return true
	}
	return false
}

// alive notes a sign of life and ends a silence. The first sign since the
// daemon started always ends it, for the silence may be an older one, kept in
// the store; the store drops what was not open. It says whether the device is
// back, which is to be shown.
func (in *Ingest) alive(p devices.Place, e devices.Event) (back bool, err error) {
	if speaksOfAbsence(e.Code) || e.Stream != nil && e.Stream.State != "live" && e.Stream.State != "degraded" {
		return false, nil
	}
	w := in.watched[e.Device]
	if !w.heard(false) {
		return false, nil
	}
	w.telling.take()
	defer w.telling.give()
	if !w.heard(true) {
		return false, nil
	}
	for _, code := range []devices.Code{devices.DeviceSilent, devices.DeviceOffline} {
		if err := in.append(p, devices.Event{Time: e.Time, Device: e.Device, Code: code, State: devices.Cleared}); err != nil {
			return false, err
		}
	}
	return true, nil
}

// showBack shows how a device stands that was away until it said an event.
func (in *Ingest) showBack(e devices.Event) error {
	w := in.watched[e.Device]
	w.telling.take()
	defer w.telling.give()
	return in.show(w, e.Time, "", "")
}

// heard notes a sign of life. It says whether the device was away until now,
// and if so and it is to be forgotten, forgets it.
func (w *watched) heard(forget bool) (wasAway bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = time.Now()
	wasAway = w.told.State == "" || w.silent || w.broken > 0 || w.cut
	if forget {
		w.silent, w.broken, w.cut = false, 0, false
	}
	return wasAway
}

// superviseAll looks once a second for devices that have been silent too long.
func (in *Ingest) superviseAll(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for _, w := range in.watched {
		w.mu.Lock()
		w.last = time.Now()
		w.mu.Unlock()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, w := range in.watched {
				if err := in.supervise(w, now); err != nil {
					in.opt.Log.Error("silence not told", "device", w.name, "err", err)
				}
			}
		}
	}
}

// supervise says device.silent once a device has been quiet for longer than it
// may be. Where somebody tells of the device at this moment it is looked at
// again in a second: a disk that refuses must not hold up the others.
func (in *Ingest) supervise(w *watched, now time.Time) error {
	if !w.telling.tryTake() {
		return nil
	}
	defer w.telling.give()
	w.mu.Lock()
	if in.lines.isLost(w.via) {
		w.last = now // its line is lost: that was told, and its own clock starts afterwards
	}
	quiet := now.Sub(w.last)
	due := w.longest > 0 && !w.silent && quiet > w.longest
	if due {
		w.silent = true
	}
	w.mu.Unlock()
	if !due {
		return nil
	}
	why := fmt.Sprintf("nothing heard for %v, longer than %v", quiet.Round(time.Second), w.longest)
	next := "check its power, its wiring and its address"
	e := devices.Event{Time: now, Device: w.name, Code: devices.DeviceSilent, State: devices.Raised, Text: why + ": " + next}
	if err := in.append(in.opt.Places[w.name], e); err != nil {
		return err
	}
	return in.show(w, now, why, next)
}

// broke notes a conversation that ended with a reason. One break is healed by
// running again; a second one without a word in between is told.
func (in *Ingest) broke(c Conversation, reason error) {
	for name := range c.Silence {
		if err := in.brokeFor(in.watched[name], reason); err != nil {
			in.opt.Log.Error("absence not told", "device", name, "err", err)
		}
	}
}

func (in *Ingest) brokeFor(w *watched, reason error) error {
	w.telling.take()
	defer w.telling.give()
	w.mu.Lock()
	w.broken++
	due := w.broken == 2
	w.mu.Unlock()
	if !due {
		return nil
	}
	now, why := time.Now(), bounded(reason.Error())
	next, _ := nextStep(reason)
	e := devices.Event{Time: now, Device: w.name, Code: devices.DeviceOffline, State: devices.Raised, Text: why}
	if err := in.append(in.opt.Places[w.name], e); err != nil {
		return err
	}
	return in.show(w, now, why, next)
}

// tellState follows the events that change how a device stands.
func (in *Ingest) tellState(p devices.Place, e devices.Event) error {
	w := in.watched[e.Device]
	if e.Code == devices.LineLost {
		return in.lineChanged(w, e.Time, e.State == devices.Raised)
	}
	w.mu.Lock()
	switch e.Code {
	case devices.DeviceFault:
		w.fault = ""
		if e.State == devices.Raised {
			w.fault = "the device says it is faulty: " + e.Detail
		}
	case devices.DeviceMode:
		w.mode = e.Is
	default:
		w.mu.Unlock()
		return nil
	}
	w.mu.Unlock()
	return in.show(w, e.Time, "", "")
}

// lineChanged notes that a line was lost or is back. While nobody can hear the
// devices on it they are offline, and what they said last is not sure.
func (in *Ingest) lineChanged(l *watched, at time.Time, lost bool) error {
	in.lines.set(l.name, lost)
	for _, w := range in.watched {
		if w.via != l.name || !lost {
			continue
		}
		w.mu.Lock()
		w.cut = true
		w.mu.Unlock()
		if err := in.opt.Store.Doubt(w.name); err != nil {
			return err
		}
		if err := in.show(w, at, "", ""); err != nil {
			return err
		}
	}
	return in.show(l, at, "", "")
}

// show puts the state of a device on its retained topic when it changed.
func (in *Ingest) show(w *watched, at time.Time, why, next string) error {
	w.mu.Lock()
	now := state{State: "online", Since: at, Why: why, Next: next}
	switch {
	case w.silent:
		now.State = "silent"
	case w.broken > 1:
		now.State = "offline"
	case in.lines.isLost(w.name):
		now.State, now.Why, now.Next = "offline", "the line is lost", "check the cable and the adapter's power"
	case w.cut:
		now.State, now.Why, now.Next = "offline", fmt.Sprintf("its line %q is lost", w.via), "see the line"
	case w.mode != "" && w.mode != devices.Normal.String():
		now.State, now.Why = "maintenance", "mode "+w.mode
	case w.fault != "":
		now.State, now.Why = "faulty", w.fault
	}
	same := now.State == w.told.State && now.Why == w.told.Why
	if !same {
		w.told = now
	}
	w.mu.Unlock()
	if same {
		return nil
	}
	return in.opt.Store.Put("device/"+w.name, now)
}
