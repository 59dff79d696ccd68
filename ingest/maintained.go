package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// EndMaintenance ends that of a device because somebody says so, and returns what it was.
// All that the city must hear of it is on disk then, or on its way there.
func (in *Ingest) EndMaintenance(device, who string) (Maintenance, error) {
	in.upkeep.changing.take()
	defer in.upkeep.changing.give()
	m, is := in.maintenanceOf(device)
	switch {
	case !is:
		return m, fmt.Errorf("%q is not in maintenance", device)
	case m.Device != device:
		return m, fmt.Errorf("%q is in maintenance with %q, on which it hangs: end that one", device, m.Device)
	}
	in.finish(m, "ended by "+cut(who, mostReason))
	return m, nil
}

// finish ends a maintenance, and has what it covered settled. changing is held.
func (in *Ingest) finish(m Maintenance, how string) {
	all, now := in.covered(m.Device), time.Now()
	in.closeSums(all)
	in.upkeep.mu.Lock()
	delete(in.upkeep.of, m.Device)
	in.upkeep.unsettled[m.Device] = true // also where it does not stand on the site any more
	for _, w := range all {
		in.upkeep.unsettled[w.name] = true
	}
	in.upkeep.mu.Unlock()
	in.settleAll(now)
	in.opt.Log.Info("maintenance is over", "device", m.Device, "how", how)
	in.tellUpkeep(m.Device, devices.Normal, now, fmt.Sprintf("maintenance is over, %s; it was since %s by %s: %s", how, minuteOf(m.Since), m.Who, m.Why))
	for _, w := range all {
		in.showAfter(w, now)
	}
}

// settleAll settles every device that is to be. What the disk does not take now is tried
// again each second. changing is held.
func (in *Ingest) settleAll(now time.Time) {
	in.upkeep.mu.Lock()
	names := slices.Sorted(maps.Keys(in.upkeep.unsettled))
	in.upkeep.mu.Unlock()
	var failed error
	for _, name := range names {
		in.upkeep.mu.Lock()
		delete(in.upkeep.unsettled, name) // before: who unsettles it meanwhile is heard
		in.upkeep.mu.Unlock()
		if one := in.settle(name, now); one != nil { // the others may have alarms
			in.upkeep.unsettle(name)
			failed = errors.Join(failed, fmt.Errorf("%q: %w", name, one))
		}
	}
	if failed != nil && !in.upkeep.failing {
		in.opt.Log.Error("what a maintenance changed is not on disk, and is tried again", "err", failed)
	}
	in.upkeep.failing = failed != nil
}

// settle lets the city know of one device, as of now, what changed in its maintenance,
// alarms first, and then forgets that.
func (in *Ingest) settle(device string, now time.Time) error {
	w := in.find(device)
	if _, still := in.maintenanceOf(device); !still && w != nil {
		for _, u := range in.opt.Store.Upkept() {
			if u.Record.Place.Device.Name != device || u.Over {
				continue
			}
			if _, err := in.put(u.Record.Place, stillThere(u.Record, now)); err != nil {
				return err
			}
		}
		over := func(e devices.Event) devices.Event { return overNow(e, now) }
		if err := in.opt.Store.Settle(device, over); err != nil {
			return err
		}
		if in.lines.heaviest(w.line()) != free { // and nobody can say whether that is still so
			if err := in.opt.Store.Doubt(device); err != nil {
				return err
			}
		}
	}
	in.upkeep.mu.Lock()
	_, own := in.upkeep.of[device]
	in.upkeep.mu.Unlock()
	if own {
		return nil
	}
	return in.opt.Store.Keep(keptAs(device), nil)
}

// stillThere tells a condition again that was raised in a maintenance. Its value is not
// repeated: that was measured then.
func stillThere(r store.Record, now time.Time) devices.Event {
	was := r.Event
	text := fmt.Sprintf("it stands since %s, when the device was in maintenance", minuteOf(was.Time))
	if was.Text != "" {
		text += ": " + was.Text
	}
	return devices.Event{
		Time: now, Device: was.Device, Code: was.Code, State: devices.Raised, Point: was.Point,
		Detail: was.Detail, Text: bounded(text), Reminder: max(1, reminders(now.Sub(was.Time))),
	}
}

// overNow tells the end of a condition that ended in a maintenance.
func overNow(over devices.Event, now time.Time) devices.Event {
	text := fmt.Sprintf("it is over since %s, when the device was in maintenance", minuteOf(over.Time))
	if over.Text != "" {
		text += ": " + over.Text
	}
	return devices.Event{
		Time: now, Device: over.Device, Code: over.Code, State: devices.Cleared, Point: over.Point,
		Detail: over.Detail, Text: bounded(text), TimedOut: over.TimedOut,
	}
}

// showAfter shows a device whose maintenance is over. Of one that was not heard in this
// run nothing is known: its topic is emptied.
func (in *Ingest) showAfter(w *watched, now time.Time) {
	w.showing.take()
	w.mu.Lock()
	unknown := in.standing(w).State == "" && w.shown.State == maintenance
	if unknown {
		w.shown = state{}
	}
	w.mu.Unlock()
	var err error
	if unknown {
		err = in.opt.Store.Put("device/"+w.name, nil)
	}
	w.showing.give()
	if err != nil {
		in.opt.Log.Error("state not shown", "device", w.name, "err", err)
	}
	in.show(w, now)
}

// takeUpMaintenance goes on with what an earlier run of the daemon began. How much is
// left says the wall's clock, which may have been set meanwhile: never more than the
// whole.
func (in *Ingest) takeUpMaintenance() {
	now := time.Now()
	for _, w := range in.everybody() {
		var m Maintenance
		name := w.name
		known, err := in.opt.Store.Recall(keptAs(name), &m)
		if err != nil {
			in.opt.Log.Error("its maintenance cannot be read, and is over", "device", name, "err", err)
			in.upkeep.unsettle(name)
		}
		if known && err == nil {
			left := min(m.Until.Sub(now), m.Until.Sub(m.Since), mostMaintenance)
			in.upkeep.of[name] = underRepair{m, now.Add(left)}
		}
	}
	for _, u := range in.opt.Store.Upkept() { // of one whose end was not on disk
		in.upkeep.unsettle(u.Record.Place.Device.Name)
	}
}

// keepUpkeep ends each maintenance when its time is over, and settles what could not be
// settled, until ctx ends.
func (in *Ingest) keepUpkeep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		in.lookAtUpkeep(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lookAtUpkeep does what is due.
func (in *Ingest) lookAtUpkeep(now time.Time) {
	in.upkeep.changing.take()
	defer in.upkeep.changing.give()
	in.upkeep.mu.Lock()
	var over []Maintenance
	for _, m := range in.upkeep.of {
		if !now.Before(m.due) {
			over = append(over, m.Maintenance)
		}
	}
	unsettled := len(in.upkeep.unsettled) > 0
	in.upkeep.mu.Unlock()
	for _, m := range over {
		in.finish(m, "its time has come")
	}
	if unsettled && len(over) == 0 { // else that is done
		in.settleAll(now)
	}
}
