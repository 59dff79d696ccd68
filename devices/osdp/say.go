package osdp

import (
	"encoding/binary"
	"fmt"
	"maps"
	"strconv"
	"time"

	"sitepost/devices"
)

// again is how long the same card is not news: some readers say it for as long
// as it is held to them.
const again = 3 * time.Second

// inTalk is where it is said that reader and panel do not come together.
var inTalk = spot{devices.DeviceFault, "conversation"}

// hear says what an answer says, or that the reader lives.
func (t *talk) hear(r reply) error {
	events, ok := t.read(r)
	if !ok && !t.odd[r.id] {
		t.odd[r.id] = true
		t.Log.Warn("reader gave an answer that cannot be read, such answers are passed over", "answer", fmt.Sprintf("%02X", r.id), "bytes", len(r.payload))
	}
	if len(events) == 0 {
		return t.emit(devices.Heard("", r.at))
	}
	for _, e := range events {
		e.Time = r.at
		if err := t.say(e); err != nil {
			return err
		}
	}
	return nil
}

// say emits one event.
func (t *talk) say(e devices.Event) error {
	if t.Install {
		e.Mode = devices.Test
	}
	return t.emit(e)
}

// read returns what is new in an answer; ok is false for one that cannot be
// read.
func (t *talk) read(r reply) (events []devices.Event, ok bool) {
	switch r.id {
	case cardBits:
		number, ok := cardNumber(r.payload)
		return t.card(r, number), ok
	case cardText:
		number, ok := cardDigits(r.payload)
		return t.card(r, number), ok
	case keysPressed:
		return keys(r.payload)
	case ownState:
		return t.own(r.payload)
	case inputState:
		return t.inputs(r.payload)
	case readerState:
		return t.readers(r.payload)
	case hasCapabilities:
		t.learn(r.payload)
	}
	return nil, true
}

// card says a card, unless the same was shown a moment ago.
func (t *talk) card(r reply, number string) []devices.Event {
	if number == "" {
		return nil
	}
	maps.DeleteFunc(t.cards, func(_ string, at time.Time) bool { return r.at.Sub(at) >= again })
	point := readerPoint(r.payload[0])
	_, shown := t.cards[point+" "+number]
	t.cards[point+" "+number] = r.at
	if shown {
		return nil
	}
	e := devices.Event{Code: devices.AccessCard, Point: point, Card: &devices.Card{Number: devices.Secret(number)}}
	if t.Role != "access" {
		e.Detail = t.Role
	}
	return []devices.Event{e}
}

// readerPoint is where a card or key was: "" for the one reader that most
// devices are, else its number.
func readerPoint(number byte) string {
	if number == 0 {
		return ""
	}
	return strconv.Itoa(int(number))
}

// keys says how many keys were pressed, and not which:
//
//	00 04 31 32 33 0D
//	|  |  keys
//	|  how many
//	reader
func keys(payload []byte) ([]devices.Event, bool) {
	if len(payload) < 3 || int(payload[1]) != len(payload)-2 {
		return nil, false
	}
	return []devices.Event{{
		Code: "access.keypad", Point: readerPoint(payload[0]), Detail: strconv.Itoa(int(payload[1])),
	}}, true
}

// own says the state of the device itself: byte 0 is 1 while its housing is
// open, byte 1 while its power fails.
func (t *talk) own(payload []byte) ([]devices.Event, bool) {
	if len(payload) != 2 {
		return nil, false
	}
	events := t.condition(nil, spot{"tamper.contact", ""}, payload[0] != 0, "")
	return t.condition(events, spot{devices.DeviceFault, "power"}, payload[1] != 0, ""), true
}

// The most inputs and readers that a device is believed to have. One answer has
// room for 1,400, and each would be a condition on the city's list.
const (
	mostInputs  = 64
	mostReaders = 8
)

// inputs says the state of each input that has changed: 0 off, 1 on, anything
// else a fault of a supervised wire. Inputs are called 1, 2 … in their order.
func (t *talk) inputs(payload []byte) (events []devices.Event, ok bool) {
	if len(payload) > mostInputs {
		return nil, false
	}
	for i, b := range payload {
		is := "fault"
		switch b {
		case 0:
			is = "off"
		case 1:
			is = "on"
		}
		at := spot{devices.ContactInput, strconv.Itoa(i + 1)}
		if t.told[at] != is {
			t.told[at] = is
			events = append(events, devices.Event{Code: at.code, Point: at.point, Is: is})
		}
	}
	return events, true
}

// readers says the state of each reader that is wired to the device: 0 well, 1
// not connected, 2 tampered with.
func (t *talk) readers(payload []byte) (events []devices.Event, ok bool) {
	if len(payload) > mostReaders {
		return nil, false
	}
	for i, b := range payload {
		point := "reader"
		if i > 0 {
			point += "-" + strconv.Itoa(i)
		}
		events = t.condition(events, spot{"tamper.contact", point}, b == 2, "")
		events = t.condition(events, spot{devices.DeviceFault, point}, b == 1, "not connected")
	}
	return events, true
}

// condition adds what a condition now is, where that is new.
func (t *talk) condition(events []devices.Event, at spot, yes bool, why string) []devices.Event {
	e := devices.Event{Code: at.code, Point: at.point, State: devices.Cleared}
	if yes {
		e.State, e.Detail = devices.Raised, why
	}
	if t.told[at] == string(e.State)+e.Detail {
		return events
	}
	t.told[at] = string(e.State) + e.Detail
	return append(events, e)
}

// fault says why reader and panel do not come together, once for each reason.
func (t *talk) fault(why *trouble) error {
	for _, e := range t.condition(nil, inTalk, true, why.short) {
		t.Log.Warn("reader and panel do not come together", "why", why.short, "next", why.step)
		e.Time, e.Text = time.Now(), why.step
		if err := t.say(e); err != nil {
			return err
		}
	}
	return nil
}

// well says once that they do.
func (t *talk) well() error {
	for _, e := range t.condition(nil, inTalk, false, "") {
		t.Log.Info("reader answers", "reader", t.who, "secure", t.session != nil, "crc", t.crc)
		e.Time = time.Now()
		if err := t.say(e); err != nil {
			return err
		}
	}
	return nil
}

// introduce keeps what a reader says it is, for the log:
//
//	CA 44 6C 01 02 15 CD 5B 07 01 04 00
//	|        |  |  |           firmware 1.4.0
//	|        |  |  serial number, low byte first
//	|        |  version
//	|        model
//	maker
func (t *talk) introduce(r reply) {
	if p := r.payload; r.id == isIdentity && len(p) >= 12 {
		t.who = fmt.Sprintf("maker %X model %d version %d serial %d firmware %d.%d.%d",
			p[:3], p[3], p[4], binary.LittleEndian.Uint32(p[5:]), p[9], p[10], p[11])
	}
}

// The capabilities that decide something; each has a level and a number.
const (
	canContacts = 1
	canCRC      = 8
)

// learn takes from the capabilities of a reader what to ask it:
//
//	01 01 02  08 01 00 …
//	|  |  |   the next one
//	|  |  how many
//	|  level
//	capability
//
// On its word CRC is tried once: a reader that says it and does not do it must
// not keep us from asking with a checksum.
func (t *talk) learn(payload []byte) {
	contacts := false
	for ; len(payload) >= 3; payload = payload[3:] {
		switch {
		case payload[0] == canContacts:
			contacts = payload[1] > 0 && payload[2] > 0
		case payload[0] == canCRC && payload[1]&1 != 0 && !t.crc && !t.boasts:
			t.crc, t.boasts = true, true
		}
	}
	if !contacts {
		t.forget(inputStatus)
	}
}
