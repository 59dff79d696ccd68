// Package devices is the language that every driver speaks: what an event is,
// what a device promises, and the dictionary of words that may leave a site
// (codes.go, kinds.go).
//
// A driver turns what one device says into [Event] values and nothing else. It
// gives up at the first broken conversation; somebody else starts it again.
//
// This package does not know who listens, where events are kept, how a site is
// configured or what the city's wire looks like. It imports nothing of ours.
package devices

import (
	"context"
	"fmt"
	"time"
)

// A Device is one conversation: with an instrument, a contact module, a
// camera's events, a camera's stream, or the state of a line.
//
// Run holds the conversation and hands every event to emit, which returns when
// the event is safe. Run returns nil when ctx ends, and the reason when the
// conversation breaks. It never retries and leaves no goroutine behind. An
// error from emit means that nothing more will be taken: Run returns it.
//
// Whether something is new is not the device's worry: it may say a condition,
// a state or a counter again after a restart, and what was already known costs
// nothing and is not told twice.
type Device interface {
	Run(ctx context.Context, emit func(Event) error) error
}

// An Event is what a device said, at the moment its last byte came.
type Event struct {
	Time       time.Time `json:"time"`                 // arrival of the last byte, by the box's clock
	DeviceTime time.Time `json:"device_time,omitzero"` // the device's own clock, zero if it told none
	Device     string    `json:"device,omitempty"`     // who said it, where one conversation speaks for several (a contact module); "" is the conversation's own device
	Code       Code      `json:"code"`                 // from the dictionary; it alone decides form, lane and severity. "" is a sign of life, see [Heard]
	State      State     `json:"state,omitempty"`      // raised or cleared for a condition, "" for all else
	Point      string    `json:"point,omitempty"`      // lane, sensor, channel or side of the device
	Direction  Direction `json:"direction,omitempty"`  // of a passage, where the site knows it
	Mode       Mode      `json:"mode,omitempty"`       // the device's mode when it spoke; "" is normal
	Upkeep     bool      `json:"upkeep,omitempty"`     // the mode is not its own: a person has put it into maintenance, or, in mode normal, that is over; drivers leave it false
	Is         string    `json:"is,omitempty"`         // what a state now is: "closed", "present"
	Until      time.Time `json:"until,omitzero"`       // when a state ends by itself: a person's maintenance; drivers leave it zero
	Detail     string    `json:"detail,omitempty"`     // the device's own number or word for the reason: "1103"
	Text       string    `json:"text,omitempty"`       // the device's own words, for a person; at most 1,024 characters
	TimedOut   bool      `json:"timed_out,omitempty"`  // of a clearing: nobody said it, the raising was not repeated for too long
	Urgent     bool      `json:"urgent,omitempty"`     // an occurrence that the site wants in the alarm lane (motion = "alarm")
	Incident   string    `json:"incident,omitempty"`   // of snapshot.taken: what the picture is of; "" for all else, whose incident is made at acceptance
	Reminder   int       `json:"reminder,omitzero"`    // a condition that is still open is told again, for the n-th time; drivers leave it 0

	Value  *Value  `json:"value,omitempty"`
	Count  *Count  `json:"count,omitempty"`
	Card   *Card   `json:"card,omitempty"`
	Stream *Stream `json:"stream,omitempty"`
	Day    *Day    `json:"day,omitempty"` // of device.counts, and of nothing else

	Picture *Picture `json:"picture,omitempty"` // of snapshot.taken, and of nothing else
}

// Heard is a sign of life: the device answered at the time given and has
// nothing new to say. It is not stored; it only keeps the device from being
// called silent.
func Heard(device string, at time.Time) Event { return Event{Time: at, Device: device} }

// A Value is a measured quantity.
type Value struct {
	Quantity string   `json:"quantity,omitempty"` // "combustible gas"; "" where the profile does not say
	Unit     string   `json:"unit,omitempty"`     // as printed: "%LEL", "ppm", "mg/m3"
	Number   float64  `json:"number"`             // finite
	Limit    *float64 `json:"limit,omitempty"`    // the limit that was passed, in the same unit
	Summary  *Summary `json:"summary,omitempty"`  // of all readings that this one stands for
}

// A Summary stands for N readings of one point within one period.
type Summary struct {
	Last float64 `json:"last"`
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
	N    int     `json:"n"`
}

// A Count is a counter of the device. Raw is what it shows. Step is how much it
// rose since the last time it was stored, filled in at acceptance; a counter
// that fell has a new baseline and no step.
type Count struct {
	Raw  uint64 `json:"raw"`
	Step uint64 `json:"step,omitempty"`
}

// A Day is what was heard of one device between two midnights of Asia/Shanghai.
// A busy gate's metal detector without a single alarm has gone deaf, and only
// its zeros tell: so Counts names every code that the device may say.
type Day struct {
	Date     string          `json:"date"`     // "2026-11-22"
	Complete bool            `json:"complete"` // it was counted from midnight to midnight
	Counts   map[Code]uint64 `json:"counts"`   // records made; of a counter, by how much it rose; of a condition, how often it was raised
	Heard    uint64          `json:"heard"`    // answers and frames
	AwayS    int64           `json:"away_s"`   // seconds silent or offline
}

// A Picture is a still image that a camera took. Only its figures are part of the
// event; the image itself lies in a file beside the store.
type Picture struct {
	SHA256 string `json:"sha256"` // of the file, in hex
	Bytes  int    `json:"bytes"`
	Type   string `json:"type"` // "image/jpeg"
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// A Card is a credential. Number is its canonical form ("W26:facility,number"
// or raw hex) and never leaves the process: it has no JSON form and prints as
// "***". At acceptance it is replaced by Hash, the HMAC-SHA-256 of Number under
// the city's key, in hex.
type Card struct {
	Number Secret `json:"-"`
	Hash   string `json:"hash,omitempty"`
	KeyID  string `json:"key_id,omitempty"`
}

// A Secret is text that must not be printed: a password, a card number. Reveal
// it only where it is used.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String, GoString, MarshalText and Format keep a secret out of logs, messages and
// error texts, however it is printed.
func (s Secret) String() string               { return "***" }
func (s Secret) GoString() string             { return "***" }
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte("***")) }

// A State says whether a condition begins or ends.
type State string

const (
	Raised  State = "raised"
	Cleared State = "cleared"
)

// A Direction says which way somebody went through a gate: forward is from the
// site's "from" zone to its "to" zone.
type Direction string

const (
	Forward Direction = "forward"
	Back    Direction = "back"
)

// A Mode is what a device is doing instead of guarding. In any mode but normal
// a device cannot end an alarm.
type Mode string

const (
	Normal      Mode = "" // the zero value; printed and sent as "normal"
	Test        Mode = "test"
	WarmUp      Mode = "warm-up"
	Calibration Mode = "calibration"
	Inhibited   Mode = "inhibited"
	Maintenance Mode = "maintenance"
)

// String returns the mode's word, "normal" for the zero value.
func (m Mode) String() string {
	if m == Normal {
		return "normal"
	}
	return string(m)
}

// ParseMode reads the word that String writes.
func ParseMode(word string) (Mode, error) {
	switch m := Mode(word); m {
	case "normal":
		return Normal, nil
	case Test, WarmUp, Calibration, Inhibited, Maintenance:
		return m, nil
	}
	return "", fmt.Errorf("unknown mode %q (normal, test, warm-up, calibration, inhibited or maintenance)", word)
}
