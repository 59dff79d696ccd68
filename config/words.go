package config

import (
	"fmt"
	"strings"

	"sitepost/config/near"
)

// Words of the file that choose between a few ways.

// Discover says how cameras are looked for on the device interfaces.
type Discover string

const (
	DiscoverOff    Discover = "off"
	DiscoverListen Discover = "listen" // Hello and Bye only
	DiscoverProbe  Discover = "probe"  // asks
)

// Receipt says when an alarm is done.
type Receipt string

const (
	ByPlatform Receipt = "platform" // when the platform has said so
	ByBroker   Receipt = "broker"   // at PUBACK
)

// Use says whether sitepost speaks on a line.
type Use string

const (
	Ask    Use = "ask"    // we are the only master
	Listen Use = "listen" // somebody else asks, we only hear
)

// Protocol is what an instrument without a profile speaks.
type Protocol string

// OSDP is the only protocol so far that is code of ours and not a profile.
const OSDP Protocol = "osdp"

// Role says what a card reader is there for.
type Role string

const (
	RoleAccess Role = "access"
	RolePatrol Role = "patrol"
	RolePost   Role = "post"
)

// Watch says how long a camera's stream is looked at.
type Watch string

const (
	WatchAlways  Watch = "always"
	WatchSampled Watch = "sampled" // a short visit now and then
	WatchOff     Watch = "off"
)

// Transport is how a stream is brought.
type Transport string

const (
	TCP       Transport = "tcp"
	UDP       Transport = "udp"
	Multicast Transport = "multicast"
)

// Motion says in which lane a camera's motion goes.
type Motion string

const (
	MotionEvent Motion = "event"
	MotionAlarm Motion = "alarm"
)

// contact says how a contact stands while nothing is wrong.
type contact string

const (
	normallyOpen   contact = "open"
	normallyClosed contact = "closed"
)

// Command is what the city may ask.
type Command string

const (
	Resend    Command = "resend"
	Drain     Command = "drain"
	Inventory Command = "inventory"
	Report    Command = "report"
	Warning   Command = "warning"
	RollCall  Command = "roll_call"
)

// UnmarshalText refuses a word that is not one of the constants.
func (w *Discover) UnmarshalText(b []byte) error {
	return pick(w, b, DiscoverOff, DiscoverListen, DiscoverProbe)
}

// UnmarshalText refuses a word that is not one of the constants.
func (w *Receipt) UnmarshalText(b []byte) error { return pick(w, b, ByPlatform, ByBroker) }

// UnmarshalText refuses a word that is not one of the constants.
func (w *Use) UnmarshalText(b []byte) error { return pick(w, b, Ask, Listen) }

// UnmarshalText refuses a word that is not one of the constants.
func (w *Protocol) UnmarshalText(b []byte) error { return pick(w, b, OSDP) }

// UnmarshalText refuses a word that is not one of the constants.
func (w *Role) UnmarshalText(b []byte) error { return pick(w, b, RoleAccess, RolePatrol, RolePost) }

// UnmarshalText refuses a word that is not one of the constants.
func (w *Watch) UnmarshalText(b []byte) error {
	return pick(w, b, WatchAlways, WatchSampled, WatchOff)
}

// UnmarshalText refuses a word that is not one of the constants.
func (w *Transport) UnmarshalText(b []byte) error { return pick(w, b, TCP, UDP, Multicast) }

// UnmarshalText refuses a word that is not one of the constants.
func (w *Motion) UnmarshalText(b []byte) error { return pick(w, b, MotionEvent, MotionAlarm) }

func (w *contact) UnmarshalText(b []byte) error {
	return pick(w, b, normallyOpen, normallyClosed)
}

// UnmarshalText refuses a word that is not one of the constants.
func (w *Command) UnmarshalText(b []byte) error {
	return pick(w, b, Resend, Drain, Inventory, Report, Warning, RollCall)
}

// pick takes one of the words.
func pick[T ~string](into *T, text []byte, words ...T) error {
	var all []string
	for _, w := range words {
		if string(w) == string(text) {
			*into = w
			return nil
		}
		all = append(all, string(w))
	}
	choice := all[0]
	if last := len(all) - 1; last > 0 {
		choice = strings.Join(all[:last], ", ") + " or " + all[last]
	}
	return &mistake{fmt.Sprintf("%q is not possible here: write %s", text, choice), near.Word(string(text), all)}
}
