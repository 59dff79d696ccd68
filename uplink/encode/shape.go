package encode

import "sitepost/devices"

// An envelope is a record of a lane as a CloudEvents 1.0 event in structured
// JSON. The order of the fields is the order on the wire; absent keys are
// unknown, never empty.
type envelope struct {
	SpecVersion string       `json:"specversion"`
	Schema      string       `json:"dataschema"`
	ContentType string       `json:"datacontenttype"`
	ID          string       `json:"id"`
	Source      string       `json:"source"`
	Type        devices.Code `json:"type"`
	Subject     string       `json:"subject,omitempty"`
	Time        string       `json:"time"`
	Epoch       string       `json:"epoch"`
	Lane        devices.Lane `json:"lane"`
	Sequence    string       `json:"sequence"`
	Mode        string       `json:"mode"`
	Historical  bool         `json:"historical"`
	Redelivery  bool         `json:"redelivery"`
	Volatile    bool         `json:"volatile,omitempty"`
	Said        statement    `json:"data"`
}

// A statement is what the envelope carries.
type statement struct {
	State      devices.State     `json:"state,omitempty"`
	Reminder   int               `json:"reminder,omitempty"`
	Incident   string            `json:"incident"`
	Was        string            `json:"was,omitempty"`
	Since      string            `json:"since,omitempty"`
	ClearedBy  string            `json:"cleared_by,omitempty"`
	Severity   devices.Severity  `json:"severity"`
	Site       devices.Site      `json:"site"`
	Device     speaker           `json:"device"`
	Zone       *devices.Zone     `json:"zone,omitempty"`
	From       *devices.Zone     `json:"from,omitempty"`
	To         *devices.Zone     `json:"to,omitempty"`
	Direction  devices.Direction `json:"direction,omitempty"`
	Value      *measure          `json:"value,omitempty"`
	Count      uint64            `json:"count,omitempty"`
	Counter    *uint64           `json:"counter,omitempty"`
	Is         string            `json:"is,omitempty"`
	Until      string            `json:"until,omitempty"`
	Detail     string            `json:"detail,omitempty"`
	Card       *credential       `json:"card,omitempty"`
	Stream     *devices.Stream   `json:"stream,omitempty"`
	Counts     *devices.Day      `json:"counts,omitempty"`
	Picture    *devices.Picture  `json:"picture,omitempty"`
	Clock      trust             `json:"clock"`
	DeviceTime string            `json:"device_time,omitempty"`
	GB28181    *gb28181          `json:"gb28181,omitempty"`
	Text       string            `json:"text,omitempty"`
}

// A speaker is the device that spoke. Its title stays on the site; people read
// it in the gb28181 block and in the inventory.
type speaker struct {
	Name    string       `json:"name"`
	Kind    devices.Kind `json:"kind,omitempty"`
	Code    string       `json:"code,omitempty"`
	Profile string       `json:"profile,omitempty"`
}

// A measure is a value; the five figures of a summary stand beside it.
type measure struct {
	Quantity string   `json:"quantity,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Value    float64  `json:"value"`
	Limit    *float64 `json:"limit,omitempty"`
	*devices.Summary
}

// A credential is a card as the city may know it: hashed under the city's key.
type credential struct {
	HMAC  string `json:"hmac"`
	KeyID string `json:"key_id,omitempty"`
}

// trust is how far the box's clock could be trusted.
type trust struct {
	Source   string `json:"source,omitempty"`
	Synced   bool   `json:"synced"`
	Boot     string `json:"boot,omitempty"`
	UptimeMS int64  `json:"uptime_ms"`
}

// gb28181 holds the standard's own names (GB/T 28181-2022 A.2.5.3), to be
// copied into an alarm there.
type gb28181 struct {
	AlarmPriority    int    `json:"AlarmPriority"`
	AlarmMethod      int    `json:"AlarmMethod"`
	AlarmTime        string `json:"AlarmTime,omitempty"`
	AlarmDescription string `json:"AlarmDescription"`
	AlarmType        int    `json:"AlarmType,omitempty"`
}
