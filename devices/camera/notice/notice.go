// Package notice reads what cameras notify and says what it means.
//
//	answer to PullMessages ──► Notification ──► Saying   a word of the dictionary, or the topic kept as it came
//
//	read.go   from XML, cleaned and bounded     table.go  what each topic means: the one list
//	topic.go  one spelling of a topic           say.go    what is said by it
//	bool.go   a camera's yes and no             hide.go   what must not leave the box
//	edges.go  what is no news: a memory         limit.go  how much of the unknown may leave
//
// It is two pure functions and one visible table ([Table]): the way a notification
// came (a pull point today, a metadata track as well) does not matter to it. What
// needs a memory has its own two types, [Edges] and [Limiter].
//
// Its rules:
//
//   - Nothing is lost for want of a word: a topic without a row, or one whose row
//     cannot make out what it says, leaves as camera.event with its topic and items.
//   - Initialized is how things stand, no news (quirk 40): a condition or state is
//     told, what happens is not.
//   - Neither a credential nor a name leaves (hide.go).
//
// It does not know which camera spoke, what its zone is, or whether a condition is
// already open.
package notice

import (
	"time"

	"sitepost/devices"
)

// A Notification is one message of a camera as it came, cleaned and bounded.
type Notification struct {
	Topic     string    // canonical, see [Canonical]
	Raw       string    // as it was written, for a person
	Operation Operation // "" where it told none
	Time      time.Time // of the camera; zero if it told none that can be meant
	Source    []Item    // what it is about: VideoSourceConfigurationToken, Rule, InputToken …
	Key       []Item
	Data      []Item // what it says: State, IsMotion …
}

// An Item is a SimpleItem: a name and a value, both as the camera writes them.
type Item struct{ Name, Value string }

// An Operation is the PropertyOperation of a notification (ONVIF Core 9.4.2).
type Operation string

const (
	Initialized Operation = "Initialized" // how it stands, told because we have just begun to listen
	Changed     Operation = "Changed"
	Deleted     Operation = "Deleted" // what it was about is gone
)

// A Saying is what a notification means for one video source or for the device.
type Saying struct {
	Event devices.Event // its Time is left to the caller

	// Source is the token of the video source, of its configuration or of the
	// analytics it is about; "" is the device itself. Of a recorder it is the only
	// trace of the channel (quirk 41: agsh/onvif#279, rroller/dahua#539).
	Source string

	// Object is what in the picture it is about, where the camera keeps one property
	// per object (Core 9.4.2.1): such a condition ends when its last object has gone,
	// which [Edges] sees to.
	Object string

	// Lasts is how long a raising stands when nobody repeats it, for a topic that is
	// known to come without an end: whoever listens then clears it, TimedOut. 0 is
	// until the camera clears it.
	Lasts time.Duration
}
