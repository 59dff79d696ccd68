package store

import (
	"encoding/json"
	"fmt"
	"regexp"

	"sitepost/devices"
	"sitepost/ingest/store/album"
)

// bounds on what is stored.
const (
	mostEvent = 64 << 10  // bytes of an event and its place as JSON
	mostDoc   = 256 << 10 // bytes of a retained document
	mostKnown = 64 << 10  // bytes of what is known of a device
	mostName  = 1 << 10   // bytes of a device or a point, which are keys
)

// identity is the shape of [Record.ID], and so of an incident.
var identity = regexp.MustCompile(`^[0-9a-f]{16}-(alarm|event|reading)-[1-9][0-9]{0,19}$`)

// admit finds the reasons for which an event can never be stored, and returns
// its form and its JSON. Event and place are encoded here, by the one who says
// it: the writer must not fail on a number that JSON cannot say.
//
// An urgent occurrence has the form of a momentary alarm.
func admit(p devices.Place, e devices.Event) (devices.Form, []byte, int, error) {
	form, name := e.Code.Form(), p.Device.Name
	refuse := func(why string, args ...any) (devices.Form, []byte, int, error) {
		return "", nil, 0, fmt.Errorf("%q of %q: %w: %s", e.Code, name, ErrRefused, fmt.Sprintf(why, args...))
	}
	switch {
	case form == "":
		return refuse("the code is not in the dictionary")
	case name == "" || len(name) > mostName || len(e.Point) > mostName:
		return refuse("a device has a name, and neither name nor point is longer than %d bytes", mostName)
	}
	for _, wrong := range []string{misfit(form, e), misfitOfPicture(e)} {
		if wrong != "" {
			return refuse("%s", wrong)
		}
	}
	event, err := json.Marshal(e)
	if err != nil {
		return refuse("%v", err)
	}
	place, err := json.Marshal(p)
	if err != nil {
		return refuse("%v", err)
	}
	if n := len(event) + len(place); n > mostEvent {
		return refuse("%d bytes are more than %d", n, mostEvent)
	}
	if e.Urgent {
		form = devices.Alarm
	}
	return form, event, len(event) + len(place), nil
}

// misfit says what an event of a form cannot be, "" if all of it fits.
func misfit(form devices.Form, e devices.Event) string {
	switch {
	case form == devices.Condition && e.State != devices.Raised && e.State != devices.Cleared:
		return fmt.Sprintf("a condition is raised or cleared, not %q", e.State)
	case form != devices.Condition && e.State != "":
		return fmt.Sprintf("only a condition is %q", e.State)
	case e.Reminder < 0 || e.Reminder > 0 && e.State != devices.Raised:
		return fmt.Sprintf("reminder %d of what is %q: only what is raised is told again, from 1 on", e.Reminder, e.State)
	case e.TimedOut && e.State != devices.Cleared:
		return fmt.Sprintf("what is %q has not timed out: only what is cleared can", e.State)
	case !e.Until.IsZero() && form != devices.StateForm:
		return fmt.Sprintf("only a state ends by itself, not what is of form %q", form)
	case e.Urgent && form != devices.Occurrence:
		return fmt.Sprintf("only what happens once can be made urgent, not what is of form %q", form)
	}
	return ""
}

// misfitOfPicture says what is wrong with the picture of an event, or with what
// it is of. Only snapshot.taken has them, and always both.
func misfitOfPicture(e devices.Event) string {
	taken, p := e.Code == devices.SnapshotTaken, e.Picture
	switch {
	case taken != (p != nil) || taken != (e.Incident != ""):
		return fmt.Sprintf("only %q has a picture and the incident it is of, and always both", devices.SnapshotTaken)
	case !taken:
		return ""
	case e.Urgent:
		return "a picture is not urgent: what it is of is"
	case !identity.MatchString(e.Incident):
		return fmt.Sprintf("incident %.64q is no id of a record", e.Incident)
	case !sha256Hex.MatchString(p.SHA256) || p.Bytes < 1 || p.Bytes > album.MostBytes || p.Type != album.JPEG || p.Width < 0 || p.Height < 0:
		return fmt.Sprintf("a picture of %d bytes and %d x %d points, type %.32q, hash %.80q", p.Bytes, p.Width, p.Height, p.Type, p.SHA256)
	}
	return ""
}

// sha256Hex is the shape of a hash of a picture.
var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)
