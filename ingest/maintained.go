package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	in.upkeep.mu.Unlock()
	in.upkeep.unsettleAs(m.Device, fmt.Sprintf("maintenance is over, %s; it was since %s by %s: %s", how, minuteOf(m.Since), m.Who, m.Why))
	for _, w := range all {
		in.upkeep.unsettle(w.name)
	}
	in.settleAll(now)
	in.opt.Log.Info("maintenance is over", "device", m.Device, "how", how)
	for _, w := range all {
		in.showAfter(w, now)
	}
}

// settleAll settles every device that is to be. What the disk does not take now is tried
// again each second. changing is held.
func (in *Ingest) settleAll(now time.Time) {
	in.upkeep.mu.Lock()
	all := in.upkeep.unsettled
	in.upkeep.unsettled = map[string]string{} // before: who is unsettled meanwhile is heard
	in.upkeep.mu.Unlock()
	names, failed := slices.Sorted(maps.Keys(all)), map[string]error{}
	for _, name := range names { // of all of them: they may have alarms
		failed[name] = in.settleConditions(name, now)
	}
	var why error
	for _, name := range names {
		if failed[name] == nil {
			failed[name] = in.settleWord(name, all[name], now)
		}
		if failed[name] != nil {
			in.upkeep.unsettleAs(name, all[name])
			why = errors.Join(why, fmt.Errorf("%q: %w", name, failed[name]))
		}
	}
	if why != nil && !in.upkeep.failing {
		in.opt.Log.Error("what a maintenance changed is not on disk, and is tried again", "err", why)
	}
	in.upkeep.failing = why != nil
}

// settleWord forgets a maintenance of a device that has ended, before a restart takes it
// up again, and lets the city know whether there is one.
func (in *Ingest) settleWord(device, how string, now time.Time) error {
	in.upkeep.mu.Lock()
	m, own := in.upkeep.of[device]
	in.upkeep.mu.Unlock()
	if own {
		return in.tellUpkeep(isInUpkeep(m.Maintenance, now))
	}
	if err := in.opt.Store.Keep(keptAs(device), nil); err != nil {
		return err
	}
	return in.tellUpkeep(isOutOfUpkeep(device, how, now))
}

// settleConditions lets the city know, as of now, what changed of the conditions of a
// device in a maintenance, if that is over. Of who has left the site none are open.
func (in *Ingest) settleConditions(device string, now time.Time) error {
	w, any, over := in.find(device), false, false
	if _, still := in.maintenanceOf(device); still || w == nil {
		return nil
	}
	for _, u := range in.opt.Store.Upkept() {
		if u.Record.Place.Device.Name != device {
			continue
		}
		if any = true; u.Over {
			over = true
			continue
		}
		if _, err := in.put(u.Record.Place, stillThere(u.Record, now)); err != nil {
			return err
		}
	}
	if over {
		if err := in.opt.Store.Settle(device, func(e devices.Event) devices.Event { return overNow(e, now) }); err != nil {
			return err
		}
	}
	if any && in.lines.heaviest(w.line()) != free { // nobody can say whether that is still so
		return in.opt.Store.Doubt(device)
	}
	return nil
}

// isInUpkeep says that a device is in maintenance, isOutOfUpkeep that it is in none, and
// how that came; "" is that nobody knows it any more.
func isInUpkeep(m Maintenance, now time.Time) devices.Event {
	text := fmt.Sprintf("in maintenance until %s by %s: %s", minuteOf(m.Until), m.Who, m.Why)
	return devices.Event{Time: now, Device: m.Device, Code: devices.DeviceMode, Point: operator, Is: devices.Maintenance.String(), Until: m.Until, Text: bounded(text)}
}

func isOutOfUpkeep(device, how string, now time.Time) devices.Event {
	return devices.Event{Time: now, Device: device, Code: devices.DeviceMode, Point: operator, Is: devices.Normal.String(), Text: bounded(cmp.Or(how, "maintenance is over"))}
}

// errNotTold means that an event is held back, or was lost.
var errNotTold = errors.New("that is not told yet")

// tellUpkeep says device.mode of a person's maintenance, unless that is known or its
// device has left: it is told then when that is back. That there is none is only told
// after one. A maintenance counts all the same where the disk does not take that.
func (in *Ingest) tellUpkeep(e devices.Event) error {
	ever, same := in.opt.Store.Told(e.Device, e)
	place, stands := in.roll.Load().Places[e.Device]
	if same || !stands || !ever && e.Is == devices.Normal.String() {
		return nil
	}
	if err := in.opt.Store.Trouble(); err != nil { // it would be lost
		return err
	}
	if err := in.append(place, e); err != nil {
		return err
	}
	if _, same = in.opt.Store.Told(e.Device, e); !same {
		return errNotTold
	}
	return nil
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
		Time: now, Device: was.Device, Code: was.Code, State: devices.Raised, Point: was.Point, Upkeep: true,
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
	unknown := !w.left && in.standing(w).State == "" && w.shown.State == maintenance
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

// takeUpMaintenance goes on with what an earlier run of the daemon began, also of who
// does not stand on the site now and may be back before its end.
func (in *Ingest) takeUpMaintenance() {
	now := in.wall()
	for _, name := range in.opt.Store.Kept(keptAs("")) {
		var m keptMaintenance
		device := strings.TrimPrefix(name, keptAs(""))
		if _, err := in.opt.Store.Recall(name, &m); err != nil || m.Device != device {
			in.opt.Log.Error("its maintenance cannot be read, and is over", "device", device, "err", err)
			in.upkeep.unsettle(device)
			continue
		}
		in.upkeep.of[device] = m.takenUp(now)
	}
	for _, u := range in.opt.Store.Upkept() { // of one whose end was not on disk
		in.upkeep.unsettle(u.Record.Place.Device.Name)
	}
}

// takenUp is a maintenance of an earlier run. How much of it is left says the wall's
// clock, which may have been set meanwhile: never more than was asked for. A clock that
// is behind what it was when that was asked is wrong, and may be put right before all
// that is over: then it ends when it was to end.
func (m keptMaintenance) takenUp(now time.Time) underRepair {
	if m.Said.IsZero() { // of an older sitepost
		m.Said = m.Since
	}
	left := min(m.Until.Sub(now), m.Until.Sub(m.Said), mostMaintenance)
	return underRepair{Maintenance: m.Maintenance, due: time.Now().Add(left), byWall: now.Before(m.Said)}
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
		if !now.Before(m.due) || m.byWall && !in.wall().Before(m.Until) {
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
