package store

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// keyOpen is the retained topic that the store writes itself:
//
//	{"open":[{"incident":…,"type":"gas.alarm.high","device":"gas-1","subject":…,
//	          "since":"2026-11-21T22:40:00.123+08:00","severity":"critical","unconfirmed":true}]}
//
// sorted by since, then incident; subject and unconfirmed are absent if empty.
// It has no bound of its own: an alarm is not refused because many are open.
const keyOpen = "open"

// An openEntry is a line of the retained topic "open".
type openEntry struct {
	Incident    string           `json:"incident"`
	Type        devices.Code     `json:"type"`
	Device      string           `json:"device"`
	Subject     string           `json:"subject,omitempty"` // the point
	Since       time.Time        `json:"since"`
	Severity    devices.Severity `json:"severity"`
	Unconfirmed bool             `json:"unconfirmed,omitempty"`
}

// saveOpen writes the retained topic anew, from what is open in the transaction.
func (c *change) saveOpen() error {
	read := c.s.open.now
	if c.s.stale { // only the writer says so
		read = c.s.open.all
	}
	all, err := read(c.tx)
	if err != nil {
		return err
	}
	doc, err := openDoc(all)
	if err != nil {
		return err
	}
	return c.putCurrent(keyOpen, doc)
}

// openDoc is what the topic says of open conditions.
func openDoc(all map[string]opened) (json.RawMessage, error) {
	entries := make([]openEntry, 0, len(all))
	for _, o := range all {
		r := o.Record
		meaning, _ := r.Event.Code.Meaning()
		entries = append(entries, openEntry{
			Incident: r.Incident, Type: r.Event.Code, Device: r.Place.Device.Name, Subject: r.Event.Point,
			Since: r.Event.Time, Severity: meaning.Severity, Unconfirmed: o.Unconfirmed,
		})
	}
	slices.SortFunc(entries, func(a, b openEntry) int {
		if n := a.Since.Compare(b.Since); n != 0 {
			return n
		}
		return strings.Compare(a.Incident, b.Incident)
	})
	return json.Marshal(map[string][]openEntry{"open": entries})
}

// A Standing is a condition that is open.
type Standing struct {
	Device   string
	Code     devices.Code
	Point    string
	Since    time.Time
	Incident string
}

func (r Record) standing() Standing {
	return Standing{r.Place.Device.Name, r.Event.Code, r.Event.Point, r.Event.Time, r.Incident}
}

// Standings lists what is open as of the last commit, sorted by since, then
// incident. It asks no disk.
func (s *Store) Standings() []Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Standing
	for _, o := range s.open.kept {
		all = append(all, o.Record.standing())
	}
	slices.SortFunc(all, func(a, b Standing) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Incident, b.Incident))
	})
	return all
}
