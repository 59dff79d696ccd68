package camera

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/onvif"
)

// identify takes the inventory and says what is new in it.
func (l *listening) identify(ctx context.Context) error {
	o := l.options
	now, err := o.Client.TakeInventory(ctx)
	if err != nil {
		return err
	}
	if o.Recorder {
		if l.channels, err = o.Client.Channels(ctx); err != nil {
			return err
		}
		l.voice.clear(devices.CameraLogin, "")
	}
	l.voice.say(devices.Heard("", time.Now()))
	for _, e := range Compare(o.Memory.Known().Inventory, now) {
		l.voice.say(e)
	}
	l.judgeIdentity(now)
	if err := o.Memory.Change(func(k *Known) { k.Inventory, k.Learned = now, o.Client.Learned() }); err != nil {
		o.Log.Error("what is known of it was not kept", "err", err)
	}
	return nil
}

// judgeIdentity says whether this is the device that the site file means.
func (l *listening) judgeIdentity(now onvif.Inventory) {
	differs := func(what, want, is string) bool {
		if want == "" || is == "" || want == is {
			return false
		}
		l.voice.raise(devices.DeviceFault, pointIdentity, "another device",
			fmt.Sprintf("the site file says %s %q, the device at %s says %q: correct host or %s in the site file", what, want, l.options.Client.Address(), is, what))
		return true
	}
	if !differs("endpoint", l.options.Endpoint, now.Identity.Endpoint) && !differs("serial", l.options.Serial, now.Identity.Serial) {
		l.voice.clear(devices.DeviceFault, pointIdentity)
	}
}

// tellNotIdentified says of a recorder why it told nothing. Of a camera that is
// told where its stream is watched.
func (l *listening) tellNotIdentified(err error) error {
	if _, refused := errors.AsType[*onvif.LoginRefused](err); refused && l.options.Recorder {
		l.voice.raise(devices.CameraLogin, "", "", err.Error())
	}
	return err
}

// deafAllowed is how many runs may end without having heard anything before that
// is told: one lost pull point is no fault.
const deafAllowed = 2

// tellEnded says that the camera's events cannot be listened to, where that is
// not a matter of its being away or of a login.
func (l *listening) tellEnded(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, errAnew) {
		return err
	}
	_, gone := errors.AsType[*onvif.Unreachable](err)
	_, refused := errors.AsType[*onvif.LoginRefused](err)
	if errors.Is(err, onvif.ErrNoEvents) {
		err = &noEvents{err}
	}
	if l.deaf++; l.deaf >= deafAllowed && !gone && !refused {
		l.voice.raise(devices.DeviceFault, pointEvents, "no events", "its events cannot be listened to: "+err.Error())
	}
	return err
}

// noEvents says that a camera has nothing to listen to. That needs a person: no
// waiting heals it.
type noEvents struct{ error }

// NextStep tells a person what to do.
func (e *noEvents) NextStep() string {
	return "switch events on in the camera's own page, or write events = false for it in the site file"
}

// Unwrap returns the cause.
func (e *noEvents) Unwrap() error { return e.error }

// takeUpEnds gives a timer to the conditions that an earlier run raised and that
// end by one. What still stands is raised again by then: a camera tells how
// everything stands to a new listener.
func (l *listening) takeUpEnds() {
	ours := map[string]bool{l.options.Name: true}
	for _, camera := range l.options.Cameras {
		ours[camera] = true
	}
	now := time.Now()
	for _, s := range l.options.Open() {
		lasts := longest(s.Code)
		if !ours[s.Device] || lasts == 0 {
			continue
		}
		if s.Device == l.options.Name {
			s.Device = ""
		}
		key := conditionKey{s.Device, s.Code, s.Point}
		if _, runs := l.ends[key]; !runs {
			l.ends[key] = now.Add(lasts)
		}
	}
}

// longest is how long a condition may stand that nobody is known to end, 0 for
// one that is always ended by who raised it.
func longest(code devices.Code) (lasts time.Duration) {
	for _, row := range notice.Table() {
		if row.Code == code {
			lasts = max(lasts, row.Lasts)
		}
	}
	return lasts
}

// untilNextEnd is how long nothing ends by itself.
func (l *listening) untilNextEnd() time.Duration {
	next := time.Hour
	for _, at := range l.ends {
		next = min(next, max(0, time.Until(at)))
	}
	return next
}

// endOverdue clears the conditions that were not raised again in time.
func (l *listening) endOverdue(now time.Time) {
	for key, at := range l.ends {
		if now.Before(at) {
			continue
		}
		delete(l.ends, key)
		l.voice.say(devices.Event{Time: now, Device: key.device, Code: key.code, Point: key.point, State: devices.Cleared, TimedOut: true})
	}
}
