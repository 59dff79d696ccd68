package ingest

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"sitepost/devices"
)

// remindAfter says how long an absence lasts when it is told again, counted
// from its raising. After the last it is told again after every whole day.
var remindAfter = [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

const remindEvery = 24 * time.Hour

// reminders returns how often an absence should have been told again.
func reminders(lasted time.Duration) int {
	n := max(0, int(lasted/remindEvery))
	for _, after := range remindAfter {
		if lasted >= after {
			n++
		}
	}
	return n
}

// isAbsence lists the conditions that are told again while they last: nothing
// comes of them by itself, so that they are easily forgotten.
func isAbsence(c devices.Code) bool {
	switch c {
	case devices.DeviceSilent, devices.DeviceOffline, devices.LineLost, devices.LineSecondMaster:
		return true
	}
	return false
}

// absences are the open conditions that are told again.
type absences struct {
	mu   sync.Mutex // guards open
	open map[pointKey]*absence
}

// An absence is one of them. What an earlier run of the daemon raised has no
// words until it is said again.
type absence struct {
	event devices.Event // that raised it
	since time.Time
	told  int // reminders that are told, or were due before the daemon started
}

// follow notes what is absent, from the events as they are stored.
func (a *absences) follow(e devices.Event) {
	if !isAbsence(e.Code) || e.Reminder > 0 {
		return
	}
	key := pointKey{e.Device, e.Code, e.Point}
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.open[key]
	switch {
	case e.State == devices.Cleared:
		delete(a.open, key)
	case was == nil:
		a.open[key] = &absence{event: e, since: e.Time}
	case was.event.Text == "": // else it lasts for the reason it began with
		was.event = e
	}
}

// due returns the reminders to be told now, of the devices that may be.
func (a *absences) due(now time.Time, may func(device string) bool) []devices.Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []devices.Event
	for key, open := range a.open {
		n := reminders(now.Sub(open.since))
		if n <= open.told || !may(key.device) {
			continue
		}
		open.told = n
		e := open.event
		e.Time, e.Reminder = now, n
		all = append(all, e)
	}
	return all
}

// takeUpOpen goes on with the faults and absences that are open from an earlier
// run of the daemon. A reminder that was due while it did not run is not told
// late: the next one will come.
func (in *Ingest) takeUpOpen() error {
	all, err := in.opt.Store.Currents(true)
	if err != nil {
		return err
	}
	var list struct {
		Open []struct {
			Device  string
			Type    devices.Code
			Subject string
			Since   time.Time
		}
	}
	if len(all) == 0 || all[0].Key != "open" {
		return nil
	}
	if err := json.Unmarshal(all[0].Doc, &list); err != nil {
		return fmt.Errorf("open conditions: %w", err)
	}
	now := time.Now()
	for _, o := range list.Open {
		w := in.find(o.Device)
		stands := w != nil
		switch {
		case stands && isAbsence(o.Type):
			e := devices.Event{Time: o.Since, Device: o.Device, Code: o.Type, Point: o.Subject, State: devices.Raised}
			in.absent.follow(e)
			in.absent.skip(e, now)
		case stands && o.Type == devices.DeviceFault:
			w.mu.Lock()
			w.faults[o.Subject] = fault{} // its words come when the device says it again
			w.mu.Unlock()
		case stands && o.Type == devices.AlarmChattering:
			in.bounces.takeUp(o.Device, o.Subject, now)
		case stands && o.Type == devices.CameraLogin:
			w.mu.Lock()
			w.refused = refusesLogin
			w.mu.Unlock()
		}
	}
	return nil
}

// leave forgets the absences of a device that has left.
func (a *absences) leave(device string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key := range a.open {
		if key.device == device {
			delete(a.open, key)
		}
	}
}

// skip takes the reminders that are due by now for told.
func (a *absences) skip(e devices.Event, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if open := a.open[pointKey{e.Device, e.Code, e.Point}]; open != nil {
		open.told = reminders(now.Sub(open.since))
	}
}

// remind tells again what lasts. Nobody is reminded of a device while its line
// keeps it from being heard, nor of a line that is lent: somebody is there.
func (in *Ingest) remind(now time.Time) {
	may := func(device string) bool {
		w := in.find(device)
		return w != nil && in.lines.heaviest(w.line()) == free && in.lines.heaviest(device) != lent
	}
	for _, e := range in.absent.due(now, may) {
		place, stands := in.roll.Load().Places[e.Device]
		if !stands { // it has left meanwhile
			continue
		}
		if err := in.append(place, e); err != nil {
			in.opt.Log.Error("reminder not told", "device", e.Device, "code", e.Code, "err", err)
		}
	}
}
