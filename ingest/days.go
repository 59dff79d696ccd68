package ingest

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// refreshDays is how often the figures of a day are shown at most, and so how
// much of them a crash can cost.
const refreshDays = 15 * time.Minute

// shanghai is the zone in which a day of a site begins and ends. Its offset has
// been the same since 1991, and needs no tzdata.
var shanghai = time.FixedZone("", 8*60*60)

// A tally counts the day of one device. The zero value counts nothing.
//
// It is of the day that the box's clock shows when something is counted. A clock
// that is set back over midnight by less than a day stays in the day it had; any
// other leap ends the day where it was, not complete.
type tally struct {
	says        []devices.Code // what the device may say; nil: it is not counted
	from, until time.Time      // the midnights around the day
	began       time.Time      // of counting it, in this run
	counts      map[devices.Code]uint64
	heard       uint64
	last        time.Time // of the last word that was counted: what comes in one frame is heard once

	gone     time.Duration // silent or offline, up to goneFrom
	goneFrom time.Time     // zero: it is there

	before *devices.Day  // the last day that ended
	ended  []devices.Day // days that device.counts does not tell yet; another one comes once a day

	changes, seen uint64    // of the figures, and how many of them are shown
	at            time.Time // when they were shown
}

// begin starts the day of a moment with zeros.
func (t *tally) begin(now time.Time) {
	year, month, day := now.In(shanghai).Date()
	t.from = time.Date(year, month, day, 0, 0, 0, 0, shanghai)
	t.until = t.from.Add(24 * time.Hour)
	t.began, t.gone, t.heard = now, 0, 0
	t.counts = map[devices.Code]uint64{}
	for _, code := range t.says {
		if code.Form() != devices.Reading {
			t.counts[code] = 0
		}
	}
}

// speaks changes what the device may say: what is new counts from zero.
func (t *tally) speaks(says []devices.Code, now time.Time) {
	counted := t.says != nil
	switch t.says = says; {
	case len(says) == 0:
		t.says = nil
	case !counted:
		t.begin(now)
	default:
		for _, code := range says {
			if code.Form() != devices.Reading {
				t.counts[code] += 0
			}
		}
	}
}

// turn ends the day if it is over.
func (t *tally) turn(now time.Time) {
	if t.says == nil || now.Before(t.until) && t.from.Sub(now) < 24*time.Hour {
		return
	}
	over, late := t.now(now), now.Sub(t.until)
	atMidnight := 0 <= late && late < time.Minute // and no leap of the clock, nor was the box asleep
	over.Complete = atMidnight && now.Sub(t.began) >= 24*time.Hour-5*time.Second
	t.ended = append(t.ended, over)
	t.before = &over
	if !t.goneFrom.IsZero() {
		t.goneFrom = now
	}
	t.begin(now)
	if atMidnight {
		t.began = now.Add(-late) // nobody spoke since
	}
}

// now returns the day so far.
func (t *tally) now(now time.Time) devices.Day {
	gone := t.gone
	if !t.goneFrom.IsZero() {
		gone += now.Sub(t.goneFrom)
	}
	return devices.Day{
		Date: dateOf(t.from), Counts: maps.Clone(t.counts), Heard: t.heard,
		AwayS: max(0, int64(gone/time.Second)),
	}
}

// figures returns the day so far, and the one before if that was yesterday.
func (t *tally) figures(now time.Time) (today, yesterday *devices.Day) {
	if t.says == nil {
		return nil, nil
	}
	day := t.now(now)
	if t.before != nil && t.before.Date == dateOf(t.from.Add(-24*time.Hour)) {
		yesterday = t.before
	}
	return &day, yesterday
}

// hear counts an answer or a frame, by the moment when its last byte came.
func (t *tally) hear(now, at time.Time) {
	if t.says == nil {
		return
	}
	t.turn(now)
	if at.Equal(t.last) {
		return
	}
	t.last = at
	t.heard++
	t.changes++
}

// record counts what was new of an event. There are as many different codes as
// the dictionary has, at most.
func (t *tally) record(r store.Record, now time.Time) {
	e := r.Event
	if t.says == nil || e.State == devices.Cleared || e.Reminder > 0 || e.Code == devices.DeviceCounts || e.Code == devices.AlarmTest {
		return // a test alarm is of the device, and not by it
	}
	t.turn(now)
	n := uint64(1)
	if e.Count != nil && e.Count.Step > 0 {
		n = e.Count.Step
	}
	t.counts[e.Code] += n
	t.changes++
}

// away notes whether the device is silent or offline from now on.
func (t *tally) away(is bool, now time.Time) {
	switch {
	case t.says == nil:
	case is && t.goneFrom.IsZero():
		t.turn(now)
		t.goneFrom = now
	case !is && !t.goneFrom.IsZero():
		t.turn(now)
		t.gone, t.goneFrom = t.gone+now.Sub(t.goneFrom), time.Time{}
		t.changes++
	}
}

// due says whether the figures have changed and were not shown for long.
func (t *tally) due(now time.Time) bool {
	if t.says == nil {
		return false
	}
	changed := t.changes != t.seen || !t.goneFrom.IsZero()
	return changed && now.Sub(t.at) >= refreshDays
}

func dateOf(t time.Time) string { return t.In(shanghai).Format(time.DateOnly) }

// takeUp goes on with what an earlier run of the daemon showed of a device.
func (w *watched) takeUp(doc state, now time.Time) {
	if doc.State != "disabled" { // that it is not asked was the config's word
		w.shown = doc
	}
	t := &w.day
	if t.says == nil || doc.Today == nil {
		return
	}
	t.before = doc.Yesterday
	if doc.Today.Date != dateOf(t.from) {
		over := *doc.Today
		over.Complete = false
		t.before, t.ended = &over, append(t.ended, over)
		return
	}
	for code, n := range doc.Today.Counts {
		if code.Form() != "" {
			t.counts[code] = n
		}
	}
	t.heard, t.gone = doc.Today.Heard, time.Duration(doc.Today.AwayS)*time.Second
}

// takeUp goes on where an earlier run of the daemon ended: with the states it
// showed, and with the counts of this day.
func (in *Ingest) takeUp() {
	all, err := in.opt.Store.Currents(true)
	if err != nil {
		in.opt.Log.Error("the day's counts begin anew", "err", err)
		return
	}
	now := time.Now()
	for _, c := range all {
		name := strings.TrimPrefix(c.Key, "device/")
		w := in.find(name)
		if w == nil || name == c.Key || c.Doc == nil {
			continue
		}
		var doc state
		if err := json.Unmarshal(c.Doc, &doc); err != nil {
			in.opt.Log.Error("what was shown of a device cannot be read", "device", name, "err", err)
			continue
		}
		w.takeUp(doc, now)
	}
}

// tellEnded says device.counts for the days that are over. After a crash in
// this very moment a day is told twice: better than not at all.
func (in *Ingest) tellEnded(w *watched) error {
	for {
		w.mu.Lock()
		w.day.turn(time.Now())
		if len(w.day.ended) == 0 {
			w.mu.Unlock()
			return nil
		}
		day := w.day.ended[0]
		w.mu.Unlock()
		e := devices.Event{Time: time.Now(), Device: w.name, Code: devices.DeviceCounts, Day: &day}
		if err := in.append(in.placeOf(w.name), e); err != nil {
			return err
		}
		w.mu.Lock()
		w.day.ended = w.day.ended[1:]
		w.day.at = time.Time{} // the new day is to be shown
		w.day.changes++
		w.mu.Unlock()
	}
}

// keepDays shows the figures of the day, tells those of the day before at
// midnight, and shows again what could not be shown. When ctx ended it shows
// what is left.
func (in *Ingest) keepDays(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		ended := false
		select {
		case <-ctx.Done():
			ended = true
		case <-tick.C:
		}
		now := time.Now()
		var all sync.WaitGroup // together they are one commit
		for _, w := range in.everybody() {
			if in.isStale(w, now, ended) {
				all.Go(func() { in.show(w, now) })
			}
		}
		all.Wait()
		if ended {
			return
		}
	}
}

// isStale says whether there is something to show of a device.
func (in *Ingest) isStale(w *watched, now time.Time, last bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.day.turn(now)
	if last {
		w.day.at = time.Time{}
	}
	_, due := in.current(w, now)
	return due || len(w.day.ended) > 0
}
