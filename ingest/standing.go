package ingest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// The words of state.State. A device that is not asked at all is "disabled";
// that is for who reads the config to say.
const (
	online      = "online"
	silent      = "silent"
	offline     = "offline"
	faulty      = "faulty"
	maintenance = "maintenance"
)

// refusesLogin stands for the words of a refusal of which only the fact is known.
const refusesLogin = "it refuses the login"

// checkIt is the next step with a device that is not heard.
const checkIt = "check its power, its wiring and its address"

// A state is the document of up/device/<name>. Since is when State became what
// it is: neither a new reason for the same state nor a restart of the daemon
// moves it. Everything but online has a Why and a Next step.
type state struct {
	State     string       `json:"state"`
	Since     time.Time    `json:"since"`
	Why       string       `json:"why,omitempty"`
	Next      string       `json:"next_step,omitempty"`
	Today     *devices.Day `json:"today,omitempty"`
	Yesterday *devices.Day `json:"yesterday,omitempty"`
}

// differs says whether a person would read something else.
func (s state) differs(from state) bool {
	return s.State != from.State || s.Why != from.Why || s.Next != from.Next
}

// standing says how a device stands, in the order of what a person must know
// first. It is nothing before the device was heard or missed. w.mu is held.
func (in *Ingest) standing(w *watched) state {
	is := in.withoutUpkeep(w)
	if m, maintained := in.upkeep.covering(w.name, w.via); maintained {
		return ofMaintenance(w.name, m, is)
	}
	return is
}

// ofMaintenance is how a device stands that a person works at, and that would stand so
// without.
func ofMaintenance(device string, m Maintenance, is state) state {
	at := "it"
	if m.Device != device {
		at = fmt.Sprintf("%q, on which it hangs,", m.Device)
	}
	why := fmt.Sprintf("%s works at %s until %s: %s", m.Who, at, minuteOf(m.Until), m.Why)
	if is.State != "" && is.State != online {
		why += fmt.Sprintf("; it is %s: %s", is.State, is.Why)
	}
	next := fmt.Sprintf("it ends by itself; if the work is done before, say `sitepost maintain %s --end`", m.Device)
	return state{State: maintenance, Since: m.Since, Why: bounded(why), Next: next}
}

// withoutUpkeep is standing as it is but for a person who works at the device. w.mu is
// held.
func (in *Ingest) withoutUpkeep(w *watched) state {
	own, held := in.lines.heaviest(w.name), in.lines.heaviest(w.via)
	switch {
	case own != free:
		return ofLine(own, w.lostAs)
	case held == lent:
		return onLine(w.via, lent, true)
	case w.silent != "" && len(w.faults) > 0: // a card reader with another key answers, and says nothing
		return state{State: silent, Why: w.silent + "; " + faultsOf(w), Next: "repair that; if it is not the reason, " + checkIt}
	case w.silent != "":
		return state{State: silent, Why: w.silent, Next: checkIt}
	case w.gone != "" && w.broken == 0:
		return state{State: offline, Why: w.gone, Next: checkIt}
	case w.gone != "":
		return state{State: offline, Why: w.gone, Next: cmp.Or(w.next, checkIt)}
	case w.broken > 1:
		return state{State: offline, Why: w.reason, Next: cmp.Or(w.next, checkIt)}
	case w.cut != free && held != free:
		return onLine(w.via, held, true)
	case w.cut != free:
		return onLine(w.via, w.cut, false)
	case w.mode != "" && w.mode != devices.Normal.String():
		return state{State: maintenance, Why: "mode " + w.mode, Next: in.nextOfMode(w)}
	case w.refused != "":
		return state{State: faulty, Why: w.refused, Next: fmt.Sprintf("correct its user or password, then say `sitepost login %s`", w.name)}
	case len(w.faults) > 0:
		return state{State: faulty, Why: faultsOf(w), Next: "repair it; " + in.explain(w.name)}
	case w.met:
		return state{State: online}
	}
	return state{}
}

// faultsOf says what a device is faulty of: "the device says it is faulty:
// 1103", or "…: 1103 at 7, wrong key at conversation (write …)" where the faults
// have points and words. w.mu is held.
func faultsOf(w *watched) string {
	const faulty = "the device says it is faulty"
	var all []string
	for _, point := range slices.Sorted(maps.Keys(w.faults)) {
		words := []string{w.faults[point].detail}
		if point != "" {
			words = append(words, "at", point)
		}
		if text := w.faults[point].text; text != "" {
			words = append(words, "("+text+")")
		}
		if said := strings.TrimSpace(strings.Join(words, " ")); said != "" {
			all = append(all, said)
		}
	}
	if len(all) == 0 {
		return faulty
	}
	return bounded(faulty + ": " + strings.Join(all, ", "))
}

// nextOfMode is what ends a mode.
func (in *Ingest) nextOfMode(w *watched) string {
	if w.mode == string(devices.WarmUp) {
		return "wait until it has warmed up; if it does not, " + in.explain(w.name)
	}
	return "when the work at it is done, set it back to normal; " + in.explain(w.name)
}

// explain says where one reads about a device.
func (in *Ingest) explain(device string) string {
	if profile := in.placeOf(device).Device.Profile; profile != "" {
		return fmt.Sprintf("see `sitepost explain %s`", profile)
	}
	return "see its manual"
}

// show puts the state of a device, and its day, on its retained topic if a
// person would read something else there, or its figures are due. What fails is
// tried again by keepDays.
func (in *Ingest) show(w *watched, at time.Time) {
	w.showing.take()
	defer w.showing.give()
	if w.hasLeft() {
		return
	}
	err := in.tellEnded(w)
	if err == nil {
		err = in.putState(w, at)
	}
	w.mu.Lock()
	first := err != nil && !w.unshown
	w.unshown = err != nil
	w.mu.Unlock()
	if first { // it is tried again every second
		in.opt.Log.Error("state not shown", "device", w.name, "err", err)
	}
}

// putState puts up/device/<name> where that is due.
func (in *Ingest) putState(w *watched, at time.Time) error {
	w.mu.Lock()
	now := time.Now()
	doc, due := in.current(w, now)
	switch {
	case !doc.Since.IsZero(): // somebody has said so
	case doc.State == w.shown.State && !w.shown.Since.IsZero():
		doc.Since = w.shown.Since
	default:
		doc.Since = at
	}
	doc.Today, doc.Yesterday = w.day.figures(now)
	changes := w.day.changes
	w.mu.Unlock()
	if !due {
		return nil
	}
	if err := in.opt.Store.Put("device/"+w.name, doc); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shown, w.day.at, w.day.seen = doc, now, changes
	return nil
}

// current returns how a device stands, and whether that is to be shown now. What
// is not known in this run stays as it was shown, and so does one for which nobody
// speaks yet: what was shown of it before may be emptied at this moment. w.mu is held.
func (in *Ingest) current(w *watched, now time.Time) (doc state, due bool) {
	if !w.met && w.last.IsZero() {
		return w.shown, false
	}
	doc = in.standing(w)
	if doc.State == "" {
		doc = state{State: w.shown.State, Why: w.shown.Why, Next: w.shown.Next}
	}
	w.day.away(doc.State == silent || doc.State == offline, now)
	return doc, doc.State != "" && (doc.differs(w.shown) || w.day.due(now))
}
