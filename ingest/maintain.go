package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"sitepost/devices"
)

// While a person works at a device nobody shall be woken by it, and nothing that
// happens meanwhile may be lost because the person has gone home:
//
//	 Maintain                    its time is over, or EndMaintenance
//	────┬──────────────────────────────┬──────────────────────────────────────►
//	    │  every word of it says       │  its words are as ever
//	    │  mode: maintenance           │
//	    │                              │
//	    │  raised, and still there ────┼─► told again at once, in normal mode:
//	    │                              │   the same incident, now everybody's
//	    │  raised, and over: cleared   │
//	    │                              │
//	  raised before, over by now ──────┼─► cleared, as of now
//	  raised before, still there ──────┼─► stands, as it did
//
// What a maintenance covers is the device, and all that hangs on it: a line's
// instruments, a recorder's cameras. A device that has a mode of its own keeps that: it
// knows better what its words are worth.
//
// The mode is put on an event when it goes to the store (append.go). What of the
// conditions the city does not know yet is kept by the store beside them
// (store/upkeep.go), and so is the maintenance itself: a restart ends neither. One that
// ended while the daemon did not run ends at the start.
//
// Nor does it end when the site file takes the device out, or out of use: a person who
// changes a device does that in the middle of the work, and brings it back. Its time runs
// on; a device that is back before its end is in it from its first word, and of one that
// is back later it is told that it is over.
//
//	end:  memory ──► conditions settled ──► forgotten on disk ──► device.mode
//
// A crash in between is no matter: which word of device.mode was told last is known to
// the store, and held against what is so whenever a conversation begins.
//
// An event that got its mode just before the end may come to the store after it: who
// brought it sees that, and has the device settled once more. So does who moves a device
// to another line.
const (
	leastMaintenance = time.Minute
	mostMaintenance  = 24 * time.Hour
	mostReason       = 200 // characters of why

	// operator is the point of device.mode under which a person's maintenance is told:
	// the device's own mode is another state.
	operator = "operator"
)

// A Maintenance is that of one device, and of all that hangs on it.
type Maintenance struct {
	Device string    `json:"device"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Who    string    `json:"who"`
	Why    string    `json:"why"`
}

// upkeep is the maintenances of the site.
type upkeep struct {
	changing turn // held by who begins or ends one, or settles; before all below
	failing  bool // the disk did not take what was to be settled; changed by who holds it

	mu        sync.Mutex             // guards all below
	of        map[string]underRepair // by device
	unsettled map[string]string      // devices of which the city may not know how they stand, and how a maintenance of theirs ended, if one did
}

// An underRepair is a maintenance that runs. Its end is one of this run's own clock:
// a clock that is set neither ends it nor makes it longer.
type underRepair struct {
	Maintenance
	due    time.Time
	byWall bool // the wall's clock was behind when it was taken up: once that is right, Until counts too
}

// A keptMaintenance is one as it lies on disk.
type keptMaintenance struct {
	Maintenance
	Said time.Time `json:"said,omitzero"` // when its end was said last
}

func newUpkeep() upkeep {
	return upkeep{changing: newTurn(), of: map[string]underRepair{}, unsettled: map[string]string{}}
}

// covering returns the maintenance that a device is in: its own, or that of what it
// hangs on.
func (u *upkeep) covering(device, via string) (Maintenance, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.of) == 0 {
		return Maintenance{}, false
	}
	m, is := u.of[device]
	if !is && via != "" {
		m, is = u.of[via]
	}
	return m.Maintenance, is
}

// maintenanceOf is covering for a device that stands on the site.
func (in *Ingest) maintenanceOf(device string) (Maintenance, bool) {
	via := ""
	if w := in.find(device); w != nil {
		via = w.line()
	}
	return in.upkeep.covering(device, via)
}

// covered lists a device, and all that hangs on it.
func (in *Ingest) covered(device string) []*watched {
	var all []*watched
	for _, w := range in.everybody() {
		if w.name == device || w.line() == device {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b *watched) int { return strings.Compare(a.name, b.name) })
	return all
}

// inMode is an event as it is told now.
func (in *Ingest) inMode(e devices.Event) devices.Event {
	if e.Mode != devices.Normal {
		return e
	}
	if _, is := in.maintenanceOf(e.Device); is {
		e.Mode, e.Upkeep = devices.Maintenance, true
	}
	return e
}

// overtaken is told of an event that is stored: one whose maintenance ended on the way
// may have raised a condition that nobody would tell again.
func (in *Ingest) overtaken(told devices.Event) {
	if !told.Upkeep || told.Mode == devices.Normal {
		return
	}
	if _, still := in.maintenanceOf(told.Device); !still {
		in.upkeep.unsettle(told.Device)
	}
}

func (u *upkeep) unsettle(device string) { u.unsettleAs(device, "") }

// unsettleAs is unsettle with how a maintenance of the device ended, "" for none.
func (u *upkeep) unsettleAs(device, how string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.unsettled[device] = cmp.Or(how, u.unsettled[device])
}

// Maintain puts a device into maintenance, or gives one that is in it another end and
// reason. It returns when that is on disk.
func (in *Ingest) Maintain(device string, long time.Duration, who, why string) (Maintenance, error) {
	why = strings.TrimSpace(why)
	switch {
	case in.find(device) == nil || in.placeOf(device).Device.Kind == devices.Box:
		return Maintenance{}, fmt.Errorf("%q is no device or line of this site (`sitepost status --json` lists them)", device)
	case long < leastMaintenance || long > mostMaintenance:
		return Maintenance{}, fmt.Errorf("a maintenance of %v: write one of %s to %s", long, hoursOf(leastMaintenance), hoursOf(mostMaintenance))
	case why == "":
		return Maintenance{}, errors.New("a maintenance for no reason: write why, for those who find the device so")
	case !utf8.ValidString(why) || strings.ContainsFunc(why, isUnseen):
		return Maintenance{}, errors.New("the reason has characters that nobody can read: write it anew, in UTF-8")
	case len([]rune(why)) > mostReason || strings.ContainsFunc(why, unicode.IsControl):
		return Maintenance{}, fmt.Errorf("the reason has more than %d characters, or more than one line: write a shorter one", mostReason)
	}
	in.upkeep.changing.take()
	defer in.upkeep.changing.give()
	now := time.Now()
	m := Maintenance{Device: device, Since: now, Until: now.Add(long), Who: cut(who, mostReason), Why: why}
	in.upkeep.mu.Lock()
	before, runs := in.upkeep.of[device]
	in.upkeep.mu.Unlock()
	if runs {
		m.Since = before.Since
	}
	if err := in.opt.Store.Keep(keptAs(device), keptMaintenance{m, now}); err != nil { // first: one that a restart would end is none
		return Maintenance{}, fmt.Errorf("maintenance of %q: %w", device, err)
	}
	in.begin(m, now)
	return m, nil
}

// isUnseen says whether a character is neither seen nor ends a line: one of them may turn
// round what a person reads.
func isUnseen(r rune) bool { return !unicode.IsControl(r) && !unicode.IsPrint(r) && r != '\u3000' }

// keptAs is the name under which the store keeps a maintenance: no device has it.
func keptAs(device string) string { return "maintenance/" + device }

// hoursOf is how long, as a person writes it.
func hoursOf(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

// begin lets a maintenance count from now on, and tells of it. changing is held.
func (in *Ingest) begin(m Maintenance, now time.Time) {
	all := in.covered(m.Device)
	in.closeSums(all)
	in.upkeep.mu.Lock()
	in.upkeep.of[m.Device] = underRepair{Maintenance: m, due: m.Until}
	in.upkeep.mu.Unlock()
	in.opt.Log.Info("maintenance begins", "device", m.Device, "until", m.Until, "who", m.Who, "why", m.Why)
	if err := in.tellUpkeep(isInUpkeep(m, now)); err != nil {
		in.opt.Log.Error("maintenance not told, and tried again", "device", m.Device, "err", err)
		in.upkeep.unsettle(m.Device)
	}
	for _, w := range all {
		if err := in.opt.Store.Doubt(w.name); err != nil {
			in.opt.Log.Error("open conditions are not marked as unconfirmed", "device", w.name, "err", err)
		}
		in.show(w, now)
	}
}

// closeSums has what was measured so far told in the mode that it was measured in.
func (in *Ingest) closeSums(of []*watched) {
	for _, s := range in.fold.dueOf(of) {
		if err := in.append(s.place, s.event); err != nil {
			in.opt.Log.Error("readings not kept", "device", s.event.Device, "err", err)
		}
	}
}

// dueOf closes the sums of devices that hold anything.
func (f *fold) dueOf(of []*watched) (out []summed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, s := range f.sums {
		if s.acc.N > 0 && slices.ContainsFunc(of, func(w *watched) bool { return w.name == key.device }) {
			out = append(out, summed{s.place, s.close(time.Now())})
		}
	}
	return out
}

// Maintenances lists those that run, by device.
func (in *Ingest) Maintenances() []Maintenance {
	in.upkeep.mu.Lock()
	defer in.upkeep.mu.Unlock()
	var all []Maintenance
	for _, m := range in.upkeep.of {
		all = append(all, m.Maintenance)
	}
	slices.SortFunc(all, func(a, b Maintenance) int { return cmp.Compare(a.Device, b.Device) })
	return all
}

// minuteOf is a moment on the clock of the site's wall.
func minuteOf(t time.Time) string { return t.In(shanghai).Format("2006-01-02 15:04") }
