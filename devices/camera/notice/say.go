package notice

import (
	"strings"
	"unicode"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
)

// stood is the text of what was so before we listened.
const stood = "it stood when we began to listen"

// sources are the items that say which video source a message is about, the surest
// first. Firmwares have all of these names for it.
var sources = []string{"VideoSourceToken", "VideoSource", "VideoSourceConfigurationToken", "VideoSourceConfiguration", "Source",
	"VideoAnalyticsConfigurationToken", "AnalyticsConfiguration", "VideoChannel", "Channel"}

// Say returns what a notification means: mostly one saying, of a door's alarm two,
// none where it says nothing new. It has no memory; [Edges] has.
func (n Notification) Say() []Saying {
	var all []Saying
	for _, r := range n.read() {
		if r.told {
			all = append(all, r.saying)
		}
	}
	return all
}

// A reading is what one row makes of a notification.
type reading struct {
	saying Saying
	truth  truth
	told   bool // by itself, without a memory
	pulse  bool // of something that happens and has a yes and a no, which some cameras repeat
}

// read returns what the rows of the topic make of a notification, or the message
// as it came where none of them can read it.
func (n Notification) read() []reading {
	rows, rest := find(n.Topic)
	var all []reading
	for _, row := range rows {
		if r := n.by(&row, rest); r.truth != unread {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return n.keep()
	}
	return all
}

// keep says a message as it came. How things stand is no news without a word for it.
func (n Notification) keep() []reading {
	items := append(append([]Item(nil), n.Key...), n.Data...)
	if n.Operation == Initialized || n.Operation == Deleted || n.Raw == "" && len(items) == 0 {
		return nil
	}
	s := n.saying(&Row{Code: devices.CameraEvent}, "")
	s.Event.Detail, s.Event.Text = n.Raw, n.text(items)
	return []reading{{saying: s, truth: unread, told: true}}
}

// by reads a message by one row.
func (n Notification) by(row *Row, rest string) reading {
	if row.Silent() {
		return reading{truth: neither}
	}
	said, carriers := row.truthOf(n.Data)
	r := reading{saying: n.saying(row, rest), truth: said, pulse: said != absent}
	switch row.Code.Form() {
	case devices.Condition:
		n.readCondition(row, &r, carriers)
	case devices.StateForm:
		n.readState(row, &r, carriers)
	default:
		n.readMoment(row, &r, carriers)
	}
	return r
}

// readMoment reads that something happened.
func (n Notification) readMoment(row *Row, r *reading, carriers []Item) {
	if r.truth == absent {
		r.truth = bare(row)
	}
	if n.Operation == Deleted {
		r.truth = no
	}
	e := &r.saying.Event
	e.Text, e.Card = n.text(without(n.Data, carriers)), n.card(row.Card)
	if row.Code == devices.CameraEvent {
		e.Detail, e.Text = n.Raw, n.text(n.Data)
	}
	r.told = r.truth == yes && n.Operation != Initialized
}

func bare(row *Row) truth {
	if row.Bare {
		return yes
	}
	return unread
}

// readCondition reads that something begins or ends.
func (n Notification) readCondition(row *Row, r *reading, carriers []Item) {
	r.pulse = false
	switch {
	case n.Operation == Deleted, r.truth == absent && row.Bare && n.isEmpty():
		r.truth = no
	case r.truth == absent:
		r.truth = bare(row)
	}
	e := &r.saying.Event
	switch r.truth {
	case no:
		e.State, r.told = devices.Cleared, true
	case yes:
		e.State, r.told, r.saying.Lasts = devices.Raised, true, row.Lasts
		e.Text = n.text(without(n.Data, carriers))
		if n.Operation == Initialized {
			e.Text = onvif.WordsOf(strings.TrimSuffix(stood+"; "+e.Text, "; "), maxValue)
		}
	}
}

// isEmpty says that a message without a truth names nothing that it could be true
// of: a list of objects without an object.
func (n Notification) isEmpty() bool {
	for _, item := range n.Data {
		if item.Value != "" {
			return false
		}
	}
	return len(n.Data) > 0 || n.Operation == Initialized
}

// readState reads how something now is.
func (n Notification) readState(row *Row, r *reading, carriers []Item) {
	r.truth, r.pulse = unread, false
	if n.Operation == Deleted {
		r.truth = no
		return
	}
	for _, item := range carriers {
		if is := row.stateWord(item.Value); is != "" {
			r.saying.Event.Is, r.truth, r.told = is, yes, true
			return
		}
	}
}

// stateWord is our word for a camera's: on and off, or its own in small letters,
// "LockedDown" as "locked-down".
func (r *Row) stateWord(word string) string {
	if len(r.Words) > 0 {
		for _, known := range r.Words {
			if strings.EqualFold(known, word) {
				return hyphened(known)
			}
		}
		return ""
	}
	switch readBool(word) {
	case yes:
		return "on"
	case no:
		return "off"
	}
	return ""
}

func hyphened(word string) string {
	var b strings.Builder
	for i, letter := range word {
		if i > 0 && unicode.IsUpper(letter) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(letter))
	}
	return b.String()
}

// saying is what all sayings of a row have in common.
func (n Notification) saying(r *Row, rest string) Saying {
	s := Saying{Event: devices.Event{Code: r.Code, DeviceTime: n.Time, Point: r.point(n, rest), Detail: r.Kind}}
	s.Source = n.About()
	for _, item := range named(n.Key, "ObjectId") {
		s.Object = short(item.Value)
	}
	for _, item := range named(n.Data, r.Detail...) {
		s.Event.Detail = reasonOf(item.Value)
	}
	return s
}

// About is the token of the video source, of its configuration or of the analytics
// that a notification is about, "" where it tells none; see [Saying.Source].
func (n Notification) About() string {
	for _, name := range sources {
		if token := n.about(name); token != "" {
			return token
		}
	}
	return ""
}

// about is the value of an item of Source, or of Key, where some firmwares put it.
func (n Notification) about(name string) string {
	for _, items := range [][]Item{n.Source, n.Key} {
		for _, item := range named(items, name) {
			if item.Value != "" {
				return item.Value
			}
		}
	}
	return ""
}

// without returns the items but some of them, and but the list of objects, which
// says nothing to a person.
func without(items, some []Item) []Item {
	var left []Item
	for _, item := range items {
		if !isOneOf(item.Name, names(some)) && !strings.EqualFold(item.Name, "ObjectId") {
			left = append(left, item)
		}
	}
	return left
}

func names(items []Item) []string {
	var all []string
	for _, item := range items {
		all = append(all, item.Name)
	}
	return all
}

// short bounds what is remembered: a point, an object.
func short(s string) string { return onvif.Words(s) }
