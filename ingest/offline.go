package ingest

import (
	"cmp"
	"errors"
	"time"

	"sitepost/devices"
)

// A device is offline in two ways, and comes back in one, with its next sign of
// life:
//
//	conversation breaks ──► runs again ──► breaks without a word ──┐
//	                                                               ├──► device.offline ──► heard: cleared
//	conversation goes on, and says device.offline ─────────────────┘
//
// Whoever is first is told; the other adds nothing but what a person should do.

// broke notes a conversation that ended with a reason. One break is healed by
// running again; a second one without a word in between is told.
func (in *Ingest) broke(c Conversation, reason error) {
	for name := range c.Silence {
		w := in.find(name)
		if w == nil { // it has left meanwhile
			continue
		}
		if err := in.brokeFor(w, reason); err != nil {
			in.opt.Log.Error("absence not told", "device", name, "err", err)
		}
	}
}

// brokeFor notes it for one device. What breaks because of its line is told of
// the line.
func (in *Ingest) brokeFor(w *watched, reason error) error {
	w.telling.take()
	defer w.telling.give()
	if in.lines.heaviest(w.line()) != free || isThere(reason) {
		return nil
	}
	next, _ := nextStep(reason)
	now, why := time.Now(), bounded(reason.Error())
	w.mu.Lock()
	w.broken++
	w.reason, w.next = why, next
	due, said := w.broken == 2, w.gone != ""
	w.mu.Unlock()
	if !due {
		return nil
	}
	e := devices.Event{Time: now, Device: w.name, Code: devices.DeviceOffline, State: devices.Raised, Text: why}
	if !said { // else it is told, and there may be a next step to show now
		if err := in.append(in.placeOf(w.name), e); err != nil {
			return err
		}
	}
	in.show(w, now)
	return nil
}

// isThere tells whether an error says that the device answers, and only will not
// talk to us: that is no absence, and its driver tells it. Such an error, anywhere
// in the chain, has a method IsThere.
func isThere(err error) bool {
	var there interface {
		error
		IsThere() bool
	}
	return errors.As(err, &there) && there.IsThere()
}

// cannotBeReached stands for the words of a driver that gave none.
const cannotBeReached = "it cannot be reached"

// tellOffline tells that a device is offline because its driver says so, whose
// conversation may go on: it knocks until the device is back. That it is over the
// driver may say, too: then the device stands as it did before.
func (in *Ingest) tellOffline(w *watched, p devices.Place, e devices.Event) error {
	w.telling.take()
	defer w.telling.give()
	w.mu.Lock()
	switch {
	case e.State != devices.Raised:
		w.gone = ""
	case w.gone == "": // while it lasts it is for the reason it began with
		w.gone = cmp.Or(e.Text, cannotBeReached)
	}
	w.mu.Unlock()
	if err := in.append(p, e); err != nil {
		return err
	}
	in.show(w, e.Time)
	return nil
}
