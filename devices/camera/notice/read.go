package notice

import (
	"strings"
	"time"

	"sitepost/devices/camera/onvif"
)

// What of one answer is read.
const (
	maxMessages = 1000
	maxItems    = 64   // of one message
	maxValue    = 1024 // characters of a value
	maxTopic    = 256  // characters
)

// Messages is the part of an answer that holds notifications. Embed it in the
// struct of an answer to PullMessages, or in that of a metadata stream's tt:Event.
type Messages struct {
	NotificationMessage []holder
}

// A holder is a NotificationMessageHolderType of WS-BaseNotification:
//
//	<wsnt:NotificationMessage>
//	  <wsnt:Topic Dialect="…ConcreteSet">tns1:VideoSource/MotionAlarm</wsnt:Topic>
//	  <wsnt:Message>
//	    <tt:Message UtcTime="2026-11-21T14:40:00Z" PropertyOperation="Changed">
//	      <tt:Source><tt:SimpleItem Name="Source" Value="VideoSource_1"/></tt:Source>
//	      <tt:Key/>
//	      <tt:Data><tt:SimpleItem Name="State" Value="true"/></tt:Data>
//
// (ONVIF Core 9.4.1.) Some firmwares leave the inner Message out.
type holder struct {
	Topic   string
	Message message
}

type message struct {
	UtcTime           string `xml:",attr"`
	PropertyOperation string `xml:",attr"`
	Source, Key, Data list
	Message           *message
}

type list struct{ SimpleItem []simpleItem }

type simpleItem struct {
	Name  string `xml:",attr"`
	Value string `xml:",attr"`
	Text  string `xml:",chardata"` // where a firmware writes the value between the tags
}

// Beyond is how many messages of the answer [Messages.Read] leaves out: those
// beyond its bound. We never ask for so many.
func (m Messages) Beyond() int { return max(0, len(m.NotificationMessage)-maxMessages) }

// Read returns the notifications in the order they came.
func (m Messages) Read() []Notification {
	holders := m.NotificationMessage[:min(len(m.NotificationMessage), maxMessages)]
	var all []Notification
	for _, h := range holders {
		all = append(all, h.read())
	}
	return all
}

func (h holder) read() Notification {
	inner := h.Message
	for inner.Message != nil {
		inner = *inner.Message
	}
	n := Notification{
		Topic:     Canonical(h.Topic),
		Raw:       onvif.WordsOf(h.Topic, maxTopic),
		Operation: readOperation(inner.PropertyOperation),
		Time:      readTime(inner.UtcTime),
	}
	room := maxItems
	n.Source = inner.Source.read(&room)
	n.Key = inner.Key.read(&room)
	n.Data = inner.Data.read(&room)
	return n
}

func (l list) read(room *int) []Item {
	var items []Item
	for _, s := range l.SimpleItem {
		if *room == 0 {
			break
		}
		*room--
		value := s.Value
		if value == "" {
			value = s.Text
		}
		items = append(items, Item{Name: onvif.Words(s.Name), Value: onvif.WordsOf(value, maxValue)})
	}
	return items
}

func readOperation(word string) Operation {
	for _, o := range []Operation{Initialized, Changed, Deleted} {
		if strings.EqualFold(strings.TrimSpace(word), string(o)) {
			return o
		}
	}
	return ""
}

// timeForms are the ways in which cameras write UtcTime. Without a zone it is UTC,
// as its name says.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700"}

// firstYear is the first in which a camera may say that something happened. A
// camera that lost its clock counts from 1970 or 2000, and one that was never set
// back says 1970-01-01 (Core 8.9.4).
const firstYear = 2001

// readTime is lenient: what cannot be meant (quirk 38: "0000-00-00T00:00:00Z",
// minute 61 of HA#124086, "2023-05-15T-07:10:32Z") is the zero time.
func readTime(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil && t.Year() >= firstYear && t.Year() < 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}
