// Package encode turns what the store keeps into what goes over the wire: a record into
// a CloudEvents 1.0 event, a retained topic into its document. Both are pure functions:
// the same record is the same bytes, whenever and wherever it is said.
//
// It does not know what a topic is called in full, who sends a message, or when.
package encode

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// Schema is the contract that every document we publish names: major 1, minor
// 0. Minors only add; a change of meaning would be "urn:sitepost:2".
const Schema = "urn:sitepost:1.0"

// MaxPayload is the largest message of a lane, in bytes.
const MaxPayload = 64 << 10

// historicalAfter is how long a record may wait on the site and still be news.
const historicalAfter = 60 * time.Second

// longestName is that of a site or a device.
const longestName = 32

// plainName is the shape of every site and device name, [a-z0-9-]{1,32}: they
// become part of a topic, where "/", "+" and "#" mean something else. It is asked
// twice for each message, and a regular expression would be a tenth of its cost.
func plainName(name string) bool {
	for _, b := range []byte(name) {
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' {
			return false
		}
	}
	return name != "" && len(name) <= longestName
}

// Record turns a record into the message that says it to the city: a CloudEvents 1.0
// event in structured JSON, at most MaxPayload bytes, and the topic below up/, which is
// LANE/DEVICE. It is a pure function, and the bytes of a record never change
// between two sends except for "historical" (it waited longer than 60 s before
// now) and "redelivery" (it may have been sent before).
//
// It says what it can: texts are cut, a device's impossible date is left out.
// An error means that this record can never be said: a word that is not in the
// dictionary, a name that does not fit into a topic, a number that JSON does
// not have, a clearing or a reminder that names no incident. The caller tells it
// as a gap and goes on with the next.
func Record(site string, r store.Record, now time.Time, redelivery bool) (below string, payload []byte, err error) {
	e, err := envelopeOf(site, r)
	if err != nil {
		return "", nil, fmt.Errorf("encode record %q: %w", r.ID(), err)
	}
	e.Historical = now.Sub(r.Accepted) > historicalAfter
	e.Redelivery = redelivery
	if payload, err = JSON(e); err != nil {
		return "", nil, fmt.Errorf("encode record %q: %w", r.ID(), err)
	}
	if len(payload) > MaxPayload {
		return "", nil, fmt.Errorf("encode record %q: %d bytes are more than %d", r.ID(), len(payload), MaxPayload)
	}
	return string(r.Lane) + "/" + r.Place.Device.Name, payload, nil
}

// envelopeOf fills the envelope of a record, all but what depends on the moment.
func envelopeOf(site string, r store.Record) (envelope, error) {
	said, err := statementOf(site, r)
	if err != nil {
		return envelope{}, err
	}
	when := r.Event.Time
	if when.IsZero() {
		when = r.Accepted
	}
	return envelope{
		SpecVersion: "1.0",
		Schema:      Schema,
		ContentType: "application/json",
		ID:          r.ID(),
		Source:      "/sites/" + site + "/devices/" + r.Place.Device.Name,
		Type:        r.Event.Code,
		Subject:     attribute(r.Event.Point),
		Time:        Stamp(when),
		Epoch:       string(r.Epoch),
		Lane:        r.Lane,
		Sequence:    strconv.FormatUint(r.Seq, 10),
		Mode:        r.Event.Mode.String(),
		Volatile:    r.Volatile,
		Said:        said,
	}, nil
}

// statementOf says what happened, where, and how far the clock can be trusted.
func statementOf(site string, r store.Record) (statement, error) {
	meaning, err := sayable(site, r)
	if err != nil {
		return statement{}, err
	}
	e, at := r.Event, r.Place
	said := statement{
		Incident:   cmp.Or(r.Incident, r.ID()),
		Was:        r.Was,
		Severity:   meaning.Severity,
		Site:       at.Site,
		Device:     speaker{at.Device.Name, at.Device.Kind, at.Device.Code, words(at.Device.Profile)},
		Zone:       at.Zone,
		From:       at.From,
		To:         at.To,
		Direction:  e.Direction,
		Value:      measured(e.Value),
		Is:         words(e.Is),
		Until:      Stamp(e.Until),
		Detail:     words(e.Detail),
		Card:       hashed(e.Card),
		Stream:     figures(e.Stream),
		Counts:     e.Day,
		Picture:    e.Picture,
		Clock:      trust(r.Clock),
		DeviceTime: Stamp(e.DeviceTime),
		GB28181:    alarmBlock(meaning, r),
		Text:       words(e.Text),
	}
	if at.From != nil || at.To != nil {
		said.Zone = nil // a gate stands between two zones, not in one
	}
	if e.Count != nil {
		said.Count, said.Counter = e.Count.Step, &e.Count.Raw
	}
	if meaning.Form == devices.Condition {
		said.State, said.Reminder = e.State, e.Reminder
	}
	switch {
	case said.State == devices.Cleared:
		said.Since, said.ClearedBy = Stamp(r.Since), r.ClearedBy
	case said.Reminder > 0:
		said.Since = Stamp(r.Since)
	}
	said.Site.Name = site
	return said, nil
}

// sayable finds the reasons for which a record can never be said, and what its
// code means.
func sayable(site string, r store.Record) (devices.Meaning, error) {
	e := r.Event
	meaning, known := e.Code.Meaning()
	condition := meaning.Form == devices.Condition
	cleared := condition && e.State == devices.Cleared
	switch {
	case !known:
		return meaning, fmt.Errorf("code %q is not in the dictionary", e.Code)
	case !plainName(site):
		return meaning, fmt.Errorf("site %q is not a name ([a-z0-9-], 1 to 32 characters)", site)
	case !plainName(r.Place.Device.Name):
		return meaning, fmt.Errorf("device %q is not a name ([a-z0-9-], 1 to 32 characters)", r.Place.Device.Name)
	case r.Place.Site.Name != "" && r.Place.Site.Name != site:
		return meaning, fmt.Errorf("accepted at site %q, which is not %q", r.Place.Site.Name, site)
	case !slices.Contains(devices.Lanes(), r.Lane):
		return meaning, fmt.Errorf("lane %q does not exist", r.Lane)
	case condition && e.State != devices.Raised && !cleared:
		return meaning, fmt.Errorf("condition %q is neither raised nor cleared", e.Code)
	case cleared && (r.Incident == "" || r.Since.IsZero() || r.ClearedBy == ""):
		return meaning, fmt.Errorf("clearing of %q without incident, since or cleared_by", e.Code)
	case e.Reminder < 0 || e.Reminder > 0 && (!condition || cleared || r.Incident == "" || r.Since.IsZero()):
		return meaning, fmt.Errorf("reminder %d of %q that is not raised, or without incident or since", e.Reminder, e.Code)
	case (e.Code == devices.DeviceCounts) != (e.Day != nil):
		return meaning, fmt.Errorf("code %q with the counts of a day %t", e.Code, e.Day != nil)
	case (e.Code == devices.SnapshotTaken) != (e.Picture != nil):
		return meaning, fmt.Errorf("code %q with a picture %t", e.Code, e.Picture != nil)
	}
	return meaning, nil
}
