package cameratest

import (
	"fmt"
	"net/http"
	"time"
)

// now is the camera's own clock, by which it checks logins.
func (v *Camera) now() time.Time { return time.Now().Add(time.Duration(v.ahead.Load())) }

// SetClock sets how far the camera's clock is ahead of ours, as somebody on its
// own page does, or a reboot without a battery (home-assistant/core#121952).
func (v *Camera) SetClock(ahead time.Duration) { v.ahead.Store(int64(ahead)) }

// SetTold sets how far the time it tells is ahead of its clock, as the end of
// summer time does.
func (v *Camera) SetTold(ahead time.Duration) { v.toldAhead.Store(int64(ahead)) }

func (v *Camera) dateAndTime() string {
	t := v.now().Add(time.Duration(v.toldAhead.Load())).UTC()
	return fmt.Sprintf(`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>`+
		`<tt:DaylightSavings>%t</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone><tt:UTCDateTime>`+
		`<tt:Time><tt:Hour>%d</tt:Hour><tt:Minute>%d</tt:Minute><tt:Second>%d</tt:Second></tt:Time>`+
		`<tt:Date><tt:Year>%d</tt:Year><tt:Month>%d</tt:Month><tt:Day>%d</tt:Day></tt:Date></tt:UTCDateTime>`+
		`</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
		v.options.Summer, t.Hour(), t.Minute(), t.Second(), t.Year(), t.Month(), t.Day())
}

// stamp writes the Date header by the camera's clock.
func (v *Camera) stamp(w http.ResponseWriter) {
	if v.options.NoDate {
		w.Header()["Date"] = nil // or net/http writes one
		return
	}
	w.Header().Set("Date", v.now().UTC().Format(http.TimeFormat))
}
