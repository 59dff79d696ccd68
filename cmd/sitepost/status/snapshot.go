// Package status is one snapshot of the running daemon and its faces: a JSON
// document, a screen of words, and figures for Prometheus. All of them are made of
// the same [Snapshot], so that none can say what another denies.
//
//	daemon ──► Snapshot ──┬──► JSON     GET /status, sitepost status --json
//	                      ├──► words    sitepost status
//	                      └──► figures  GET /metrics
//
// What is wrong comes first; what is looked for stands in one list (checks.go). The
// words stand in one file (words.go), and a Speaker says them in the language of the
// person at the screen.
//
// It does not know how a snapshot is taken or who asks for one.
package status

import (
	"time"

	"sitepost/cmd/sitepost/box"
	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
)

// Schema names the shape of the JSON document. Keys are added, never renamed.
const Schema = "urn:sitepost:status:1.0"

// A Snapshot is how a site stands at one moment.
type Snapshot struct {
	Schema  string    `json:"schema"`
	Time    time.Time `json:"time"`
	Site    string    `json:"site"`
	Title   string    `json:"title,omitempty"`
	Version string    `json:"version"`
	Config  string    `json:"config_hash"` // of the site file that is in force

	box.State // started, cause, before, clock, power, wear

	Refused   *Refused `json:"config_rejected,omitempty"` // a newer site file; nil: none since one was accepted
	AtRestart []string `json:"at_restart,omitempty"`      // keys of the site file that count from the next restart on

	Findings []Finding `json:"findings"` // what is wrong, the worst first; empty: all is well
	Uplink   *Uplink   `json:"uplink"`   // null: the site has no city yet
	Store    Store     `json:"store"`
	Open     []Open    `json:"open"`    // conditions that are open
	Devices  []Device  `json:"devices"` // by name
	Lines    []Device  `json:"lines"`
	Page     *Page     `json:"page,omitempty"` // absent: there is none
}

// A Refused is a site file that was not accepted: the one before stays in force.
type Refused struct {
	Why string    `json:"why"` // FILE:LINE:COLUMN: the first mistake, and how many there are
	By  string    `json:"by"`
	At  time.Time `json:"at"`
}

// An Uplink is the link to the city.
type Uplink struct {
	uplink.Status
	Brokers []string `json:"brokers,omitempty"` // that it may use, the preferred one first
}

// A Store is what is on disk.
type Store struct {
	Epoch    store.Epoch           `json:"epoch"`
	Bytes    int64                 `json:"bytes"`   // in use
	Size     int64                 `json:"size"`    // that it may use
	Shares   []Share               `json:"shares"`  // of both
	Failing  bool                  `json:"failing"` // the disk refuses
	Commits  int                   `json:"commits"`
	Lanes    map[devices.Lane]Lane `json:"lanes"`
	Dropped  []Dropped             `json:"dropped"`   // since the start
	SetAside []string              `json:"set_aside"` // damaged files that were replaced, until somebody moves them away
}

// A Share is a part of the store: store.db, readings, history, pictures.
type Share struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Most  int64  `json:"size"`
}

// A Lane is how far one lane is.
type Lane struct {
	store.Marks
	Waiting uint64    `json:"waiting"`                // records that are not done
	Bytes   int64     `json:"bytes"`                  // that its records weigh
	Oldest  time.Time `json:"waiting_since,omitzero"` // when the oldest of them was accepted
}

// A Dropped is what had to be dropped, and why.
type Dropped struct {
	Lane    devices.Lane `json:"lane"`
	Why     string       `json:"why"`
	Records uint64       `json:"records"`
}

// An Open is a condition that is open.
type Open struct {
	Incident    string           `json:"incident"`
	Type        devices.Code     `json:"type"`
	Device      string           `json:"device"`
	Subject     string           `json:"subject,omitempty"`
	Since       time.Time        `json:"since"`
	Severity    devices.Severity `json:"severity"`
	Unconfirmed bool             `json:"unconfirmed,omitempty"`
}

// A Device is how a device or a line stands.
type Device struct {
	Name  string       `json:"name"`
	Kind  devices.Kind `json:"kind,omitempty"`
	State string       `json:"state"` // online, silent, offline, faulty, maintenance, disabled; unknown before it was heard or missed
	Since time.Time    `json:"since,omitzero"`
	Why   string       `json:"why,omitempty"`
	Next  string       `json:"next_step,omitempty"`

	Title   string       `json:"title,omitempty"`
	Line    string       `json:"line,omitempty"`     // that it hangs on; of a camera its recorder
	Address string       `json:"address,omitempty"`  // there, or in the network; of a line its port
	Heard   time.Time    `json:"last_said,omitzero"` // in this run
	Today   *devices.Day `json:"today,omitempty"`    // what was heard of it since midnight
}

// Unknown is the state of a device that was neither heard nor missed yet.
const Unknown = "unknown"
