package camera

import (
	"time"

	"sitepost/devices"
)

// A conditionKey names a condition. Device is "" for the conversation's own.
type conditionKey struct {
	device string
	code   devices.Code
	point  string
}

// A voice says events, and each condition only when it is new in this run. Once
// an event was refused, nothing more will be taken.
type voice struct {
	emit func(devices.Event) error
	full error
	told map[conditionKey]devices.State
}

func newVoice(emit func(devices.Event) error) *voice {
	return &voice{emit: emit, told: map[conditionKey]devices.State{}}
}

// say emits an event, unless one was refused before.
func (v *voice) say(e devices.Event) {
	if v.full != nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	v.full = v.emit(e)
}

// raise tells a condition of the conversation's own device.
func (v *voice) raise(code devices.Code, point, detail, text string) {
	if v.turn(code, point, devices.Raised) {
		v.say(devices.Event{Code: code, State: devices.Raised, Point: point, Detail: detail, Text: text})
	}
}

// clear tells its end.
func (v *voice) clear(code devices.Code, point string) {
	if v.turn(code, point, devices.Cleared) {
		v.say(devices.Event{Code: code, State: devices.Cleared, Point: point})
	}
}

// pass says an event and returns why it was not taken.
func (v *voice) pass(e devices.Event) error {
	v.say(e)
	return v.full
}

func (v *voice) turn(code devices.Code, point string, to devices.State) (isNew bool) {
	key := conditionKey{"", code, point}
	isNew = v.told[key] != to
	v.told[key] = to
	return isNew
}
