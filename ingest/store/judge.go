package store

import (
	"time"

	"sitepost/devices"
)

// An opened is an open condition.
type opened struct {
	Record      Record         `json:"record"`                // that raised it; its mode is that in which it stands
	Unconfirmed bool           `json:"unconfirmed,omitempty"` // its device has since been in another mode, faulty or silent
	Over        *devices.Event `json:"over,omitempty"`        // its device said so in an upkeep (upkeep.go); nil: it did not
}

// inTest says that the condition stands since its device was not guarding.
func (o *opened) inTest() bool { return o.Record.Event.Mode != devices.Normal }

// A seen is what the store knows of one (device, code, point); nil is nothing.
type seen struct {
	open *opened
	is   *string
	raw  *uint64
}

// A verdict is what an event means, given what was seen.
type verdict string

const (
	known   verdict = "known"   // nothing new
	tell    verdict = "tell"    // a record: it happened, or a reading
	raise   verdict = "raise"   // a record, and the condition is open
	remind  verdict = "remind"  // a record: the condition is still open, and stays as it is
	confirm verdict = "confirm" // no record; the open condition is certain again
	doubt   verdict = "doubt"   // no record; the open condition is not certain
	end     verdict = "end"     // a record, and the condition is closed
	renew   verdict = "renew"   // what was raised in a test is closed, and raised anew
	claim   verdict = "claim"   // a record, which tells again: what stood in an upkeep stands in earnest
	lend    verdict = "lend"    // no record; what was raised in a test stands in an upkeep
	over    verdict = "over"    // no record; what was raised before an upkeep is over, and ends with it
	turn    verdict = "turn"    // a record: a state has a new word
	start   verdict = "start"   // no record: a counter has a new baseline
	count   verdict = "count"   // a record: a counter rose
)

// judge decides what an event means. It is asked twice: about the mirrors, to
// skip what is known, and in the transaction, where it counts.
func judge(form devices.Form, e devices.Event, s seen) verdict {
	switch {
	case form == devices.Condition:
		return judgeCondition(e, s.open)
	case form == devices.StateForm:
		if s.is != nil && *s.is == wordOf(e) {
			return known
		}
		return turn
	case counts(form, e):
		return judgeCount(e.Count.Raw, s.raw)
	}
	return tell
}

// wordOf is what is known of a state when it was told: one that ends by itself is told
// again when its end is another one.
func wordOf(e devices.Event) string {
	if e.Until.IsZero() {
		return e.Is
	}
	return e.Is + " until " + e.Until.UTC().Format(time.RFC3339Nano)
}

// judgeCondition reads this table. "Other mode" is any but normal: what a device
// says then is told, for it may be true, but it ends and confirms nothing. For what it
// says in an upkeep there is a table of its own (judgeUpkeep).
//
//	                     not open   open      open, in doubt   open since a test   open since an upkeep
//	raised               raise      –         confirm          renew               claim
//	cleared              –          end       end              end                 end
//	raised, other mode   raise¹     –         –                –                   –
//	cleared, other mode  –          doubt     –                –                   –
//	reminder             –          remind    remind           remind              claim²
//
// ¹ it is open in doubt. ² One in another mode only reminds. One that the end of an upkeep
// tells claims, and else is known: the device may have said it first.
func judgeCondition(e devices.Event, o *opened) verdict {
	normal, raised := e.Mode == devices.Normal, e.State == devices.Raised
	switch {
	case o == nil && raised && e.Reminder == 0:
		return raise
	case o == nil:
		return known
	case e.Upkeep && normal && o.inUpkeep():
		return claim
	case e.Upkeep && normal:
		return known
	case e.Upkeep:
		return judgeUpkeep(e, o)
	case raised && normal && o.inUpkeep():
		return claim
	case e.Reminder > 0:
		return remind
	case raised && normal && o.inTest():
		return renew
	case raised && normal && o.Unconfirmed:
		return confirm
	case raised:
		return known
	case normal:
		return end
	case !o.Unconfirmed:
		return doubt
	}
	return known
}

// judgeCount compares a counter with its baseline. A fall is a restart of the
// device: how much it counted before is unknown, so nothing is told.
func judgeCount(raw uint64, baseline *uint64) verdict {
	switch {
	case baseline == nil || raw < *baseline:
		return start
	case raw == *baseline:
		return known
	}
	return count
}

// counts says whether an event is a counter's: only of what happens can be said
// how often.
func counts(form devices.Form, e devices.Event) bool {
	return e.Count != nil && (form == devices.Occurrence || form == devices.Alarm)
}

// compares says whether events of a form are compared with what is known.
func compares(form devices.Form, e devices.Event) bool {
	return form == devices.Condition || form == devices.StateForm || counts(form, e)
}

// castsDoubt says whether a new event puts the other open conditions of its
// device in doubt: from now on the device would not tell their end.
func castsDoubt(e devices.Event) bool {
	switch e.Code {
	case devices.DeviceMode:
		return e.Is != devices.Normal.String()
	case devices.DeviceSilent, devices.DeviceFault, devices.DeviceOffline, devices.LineLost:
		return e.State == devices.Raised
	}
	return false
}

// clearedBy says who ended a condition.
func clearedBy(v verdict, e devices.Event) string {
	switch {
	case v == renew:
		return "mode"
	case e.TimedOut:
		return "timeout"
	}
	return "device"
}
