package onvif

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestClockThatCannotBeMeant promises that a date which nobody can mean, or that is
// none, is not taken for the camera's clock, and does not cost the answer.
func TestClockThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	const document = `<Envelope><Body><GetSystemDateAndTimeResponse><SystemDateAndTime><UTCDateTime><Time><Hour>%s</Hour><Minute>7</Minute><Second>9.5</Second></Time>` +
		`<Date><Year>%s</Year><Month>%s</Month><Day>%s</Day></Date></UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse></Body></Envelope>`
	for _, c := range []struct{ hour, year, month, day, want string }{
		{"12", "2026", "11", "21", "2026-11-21T12:07:09Z"},
		{" 0 ", "1970", "1", "1", "1970-01-01T00:07:09Z"},
		{"12", "1969", "12", "31", ""},
		{"12", "2200", "1", "1", ""},
		{"12", "2026", "13", "1", ""},
		{"12", "2026", "x", "1", ""},
		{"12", "2026", "1", "", ""},
		{"900000000", "2026", "1", "1", ""},
		{"9000000000000000000", "2026", "9000000000000000000", "9000000000000000000", ""},
	} {
		var a dateAndTime
		if err := Decode(fmt.Appendf(nil, document, c.hour, c.year, c.month, c.day), &a); err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		got := ""
		if told, ok := a.time(); ok {
			got = told.Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%v: got %q, want %q", c, got, c.want)
		}
	}
	for stamp, want := range map[string]bool{"Fri, 31 Dec 9999 23:59:59 GMT": false, "Mon, 01 Jan 0001 00:00:00 GMT": false, "Thu, 01 Jan 1970 00:00:09 GMT": true} {
		var c Client
		c.noteDate(&reply{header: http.Header{"Date": {stamp}}, middle: time.Now()})
		if c.clock.dated != want {
			t.Errorf("%q: got %v, want %v", stamp, c.clock.dated, want)
		}
	}
}
