// Package notice reads what cameras notify and says what it means.
//
//	answer to PullMessages ──► Notification ──► Saying   a word of the dictionary, or the topic kept as it came
//
// It is two pure functions and one visible table: the way a notification came
// (a pull point today, a metadata track as well) does not matter to it.
//
// It does not know which camera spoke, what its zone is, or what became of what
// was said before.
package notice

import "time"

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

// An Operation is the PropertyOperation of a notification (ONVIF Core 9.5).
type Operation string

const (
	Initialized Operation = "Initialized" // how it stands, told because we have just begun to listen
	Changed     Operation = "Changed"
	Deleted     Operation = "Deleted" // what it was about is gone
)
