package store

import (
	"encoding/json"
	"strconv"
	"time"

	"sitepost/devices"
)

// An Epoch names one store file: 64 random bits as 16 hex digits. A new file
// has a new epoch, so a number is never used twice for two things.
type Epoch string

// A Record is an event that was accepted: it has its place on the site and its
// number in line, and it never changes again.
//
// Epoch, Lane and Seq are its identity for ever. Incident is the identity of
// the record that raised the condition; of a picture it is that of what the
// picture is of; for everything else it is the record's own.
type Record struct {
	Epoch     Epoch         `json:"epoch"`
	Lane      devices.Lane  `json:"lane"`
	Seq       uint64        `json:"seq"` // 1, 2, 3 … within (epoch, lane)
	Place     devices.Place `json:"place"`
	Event     devices.Event `json:"event"`
	Incident  string        `json:"incident"`
	Since     time.Time     `json:"since,omitzero"`       // when the condition was raised; set on its clearing and its reminders
	ClearedBy string        `json:"cleared_by,omitempty"` // device, timeout, operator or mode; set on a clearing
	Claimed   bool          `json:"claimed,omitempty"`    // of a reminder: what stood in an upkeep until now stands in earnest (upkeep.go)
	Accepted  time.Time     `json:"accepted"`             // when it was committed, by the box's clock
	Clock     Clock         `json:"clock"`
	Volatile  bool          `json:"volatile,omitempty"` // forwarded from memory while the store could not be written
	Was       string        `json:"was,omitempty"`      // the id under which it was volatile; it may have been forwarded so
}

// ID is the record's identity in one word: "7f3a9c51d20b44e6-alarm-1234".
func (r Record) ID() string {
	return string(r.Epoch) + "-" + string(r.Lane) + "-" + strconv.FormatUint(r.Seq, 10)
}

// A Clock says how far the box's clock could be trusted when a record was
// accepted.
type Clock struct {
	Source   string `json:"source"` // ntp, none
	Synced   bool   `json:"synced"`
	Boot     string `json:"boot"`      // the kernel's boot id
	UptimeMS int64  `json:"uptime_ms"` // since boot, suspended time included
}

// Marks are the four numbers of a lane. Sent and Received are the highest
// numbers without a gap below which the broker, or the platform, has
// everything. First is the lowest number still kept; First > Last is an empty
// lane.
type Marks struct {
	First    uint64 `json:"first"`
	Last     uint64 `json:"last"`
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
}

// A Current is one retained topic as it should stand at the broker. Key is the
// topic below "up/": "open", "device/gas-1", "stream/check-1-top". Doc is nil
// for a topic that must be emptied.
type Current struct {
	Key      string
	Doc      json.RawMessage
	Revision uint64 // rises with every change, over all keys of an epoch
}
