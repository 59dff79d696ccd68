package camera

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/find"
	"sitepost/devices/camera/onvif"
)

// An inventoried is what a camera or recorder told of itself, or why it did not.
type inventoried struct {
	told     onvif.Inventory
	channels map[string]int // of a recorder
	err      error
}

// ask asks who it is and what it has. It says nothing.
func (l *listening) ask(ctx context.Context) (is inventoried) {
	is.told, is.err = l.options.Client.TakeInventory(ctx)
	if is.err == nil && l.hearing.options.Recorder {
		is.channels, is.err = l.options.Client.Channels(ctx)
	}
	return is
}

// identify takes the inventory and says what is new in it.
func (l *listening) identify(ctx context.Context) error {
	is := l.ask(ctx)
	if is.err == nil {
		l.note(is)
	}
	return is.err
}

// noteAgain says what is new in an inventory that was taken while we listened. One
// that was not told ends nothing: whether the camera is there the pull point knows.
func (l *listening) noteAgain(ctx context.Context, is inventoried) {
	switch {
	case is.err == nil:
		l.note(is)
	case ctx.Err() == nil:
		l.options.Log.Warn("no inventory this time", "err", is.err)
	}
}

// note says what is new in an inventory, and remembers it.
func (l *listening) note(is inventoried) {
	o := l.options
	if l.hearing.options.Recorder {
		l.hearing.learn(is.channels)
		l.voice.clear(devices.CameraLogin, "")
	}
	l.voice.say(devices.Heard("", time.Now()))
	before := o.Memory.Known().Inventory
	now := completed(before, is.told)
	for _, e := range Compare(before, now) {
		l.voice.say(e)
	}
	l.judgeIdentity(now)
	if err := o.Memory.Change(func(k *Known) { k.Inventory, k.Learned = now, o.Client.Learned() }); err != nil {
		o.Log.Error("what is known of it was not kept", "err", err)
	}
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
	if !differs("endpoint", find.PlainEndpoint(l.options.Endpoint), find.PlainEndpoint(now.Identity.Endpoint)) && !differs("serial", l.options.Serial, now.Identity.Serial) {
		l.voice.clear(devices.DeviceFault, pointIdentity)
	}
}

// deafAllowed is how many runs may end without having heard anything before that
// is told: one lost pull point is no fault.
const deafAllowed = 2

// tellNotIdentified says why nothing is heard of a camera that does not even say
// who it is. That it is away or refuses the login is told where its stream is
// watched; of a recorder the latter is told here.
func (l *listening) tellNotIdentified(ctx context.Context, err error) error {
	_, gone := errors.AsType[*onvif.Unreachable](err)
	_, refused := errors.AsType[*onvif.LoginRefused](err)
	_, unread := errors.AsType[*onvif.NoSecret](err)
	switch {
	case ctx.Err() != nil || gone:
	case (refused || unread) && l.hearing.options.Recorder:
		l.voice.raise(devices.CameraLogin, "", "", err.Error())
	case !refused && !l.options.Deaf:
		l.tellDeaf(err)
	}
	return err
}

// tellNotHeard says that the events of a camera cannot be listened to that has just
// said who it is and had its login accepted.
func (l *listening) tellNotHeard(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	if errors.Is(err, onvif.ErrNoEvents) {
		err = &noEvents{err}
	}
	if _, gone := errors.AsType[*onvif.Unreachable](err); gone {
		if _, away := errors.AsType[*onvif.Unreachable](l.options.Client.LearnClock(ctx)); away {
			return err // all of it, which is told where its stream is watched
		}
	}
	if ctx.Err() == nil {
		l.tellDeaf(err)
	}
	return err
}

// tellDeaf counts the runs that heard nothing, and says so at the second in a row.
func (l *listening) tellDeaf(err error) {
	if l.deaf++; l.deaf >= deafAllowed {
		l.voice.raise(devices.DeviceFault, pointEvents, "no events", "its events cannot be listened to: "+err.Error())
	}
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
