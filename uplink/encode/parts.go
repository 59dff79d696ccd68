package encode

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// maxWords is the longest text in a message, in characters. It is the bound of
// ExtraInfo in GB/T 28181-2022 A.2.5.3 too.
const maxWords = 1024

// beijing is the zone of every time in a lane: one spelling whatever the box's
// own zone is, so that the bytes of a record do not change with it. Its offset
// has been the same since 1991, and needs no tzdata.
var beijing = time.FixedZone("", 8*60*60)

// Stamp writes a time as RFC 3339 with milliseconds and offset. A time that is
// not known, or has no four-digit year, is "": the key stays absent.
func Stamp(t time.Time) string {
	t = t.In(beijing)
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000-07:00")
}

// words makes a text valid UTF-8 and cuts it to maxWords characters.
func words(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	n := 0
	for i := range s {
		if n == maxWords {
			return s[:i]
		}
		n++
	}
	return s
}

// attribute makes a text fit to be an attribute of CloudEvents 1.0 (section
// "Type System", String), which has no control characters.
func attribute(s string) string {
	return words(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

// measured returns the value as it is sent, nil for none.
func measured(v *devices.Value) *measure {
	if v == nil {
		return nil
	}
	return &measure{Quantity: words(v.Quantity), Unit: words(v.Unit), Value: v.Number, Limit: v.Limit, Summary: v.Summary}
}

// hashed returns the card as it is sent. A card that was not hashed at
// acceptance is not sent at all: its number never leaves.
func hashed(c *devices.Card) *credential {
	if c == nil || c.Hash == "" {
		return nil
	}
	return &credential{HMAC: c.Hash, KeyID: words(c.KeyID)}
}

// figures returns the measurement of a stream as it is sent. The address stays
// away if a login is still in it.
func figures(s *devices.Stream) *devices.Stream {
	if s == nil {
		return nil
	}
	sent := *s
	if !sent.Since.IsZero() {
		sent.Since = sent.Since.In(beijing).Truncate(time.Millisecond)
	}
	if u, err := url.Parse(sent.URI); err != nil || u.User != nil {
		sent.URI = ""
	}
	return &sent
}

// alarmBlock returns what a platform copies into an alarm of GB/T 28181-2022
// A.2.5.3, or nil where it must not make one: the dictionary has no
// AlarmMethod for the code, the device is in another mode than normal (a test
// wakes no duty desk), or the condition has ended (the standard has alarms and
// no endings, so a clearing would ring as a second alarm).
//
// Method 7 never occurs: real platforms keep it off the alarm list, so the
// dictionary knows 2, 5 and 6 only. AlarmTime is absent while the box does not
// know the time; the platform stamps its own.
func alarmBlock(m devices.Meaning, r store.Record) *gb28181 {
	e := r.Event
	ended := m.Form == devices.Condition && e.State == devices.Cleared
	if m.Method == 0 || e.Mode != devices.Normal || ended {
		return nil
	}
	block := gb28181{
		AlarmPriority:    m.Severity.AlarmPriority(),
		AlarmMethod:      m.Method,
		AlarmDescription: describe(m, r),
		AlarmType:        m.Type,
	}
	if r.Clock.Synced && !e.Time.IsZero() {
		block.AlarmTime = e.Time.In(beijing).Format("2006-01-02T15:04:05")
	}
	return &block
}

// describe says an alarm in the words of the duty desk: what, which device,
// which point of it, how much. "可燃/有毒气体高限报警 滚装车道可燃气1 52%LEL"
func describe(m devices.Meaning, r store.Record) string {
	named := r.Place.Device.Title
	if named == "" {
		named = r.Place.Device.Name
	}
	parts := []string{m.Chinese, named}
	if point := attribute(r.Event.Point); point != "" {
		parts = append(parts, point)
	}
	if v := r.Event.Value; v != nil {
		parts = append(parts, strconv.FormatFloat(v.Number, 'f', -1, 64)+v.Unit)
	}
	return words(strings.Join(parts, " "))
}

// JSON writes v as JSON on one line. Characters such as "<" stay what they
// are: nobody puts a message into a web page unread.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
