package norm_test

import (
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
)

// TestNext promises advice that fits what was seen.
func TestNext(t *testing.T) {
	t.Parallel()
	own := norm.Defaults()
	own.FPS, own.Loss = 15, 0.01
	for _, c := range []struct {
		s            devices.Stream
		l            norm.Limits
		next, source string
	}{
		{window(lost(90)), norm.Defaults(), "TCP repairs what a network loses, so the camera itself dropped them: lower its bit rate, or the number of its viewers", "GB/T 28181-2016, chapter 5"},
		{window(lost(900), over("udp")), own, "look at cable, plugs and the error counters of the switch ports between the camera and here; compare with TCP", "the site's [stream]"},
		{window(fps(12), nominal(12)), norm.Defaults(), "set the frame rate of the main stream in the camera to 25 (it is set to 12), or [stream] fps to what is enough here", "GB/T 28181-2016, chapter 5"},
		{window(fps(12.5)), own, "if it is so in the dark only, limit the exposure time in the camera to 1/15 s; else it serves too many viewers or streams; where fewer are enough, set [stream] fps lower", "the site's [stream]"},
	} {
		var p norm.Pool
		p.Add(c.s)
		degraded, _ := p.Judge(c.l)
		if len(degraded) != 1 {
			t.Errorf("got %d findings, want one: %v", len(degraded), texts(degraded))
			continue
		}
		if got := degraded[0]; got.Next != c.next || got.Source != c.source || got.Open {
			t.Errorf("got  %+v\nwant %s (%s)", got, c.next, c.source)
		}
	}
}

// TestClockWords names a distance, a direction and who told.
func TestClockWords(t *testing.T) {
	t.Parallel()
	for off, want := range map[time.Duration]string{
		-8 * time.Hour:                          "the camera's clock is 8h0m0s behind (told by ONVIF)",
		7234 * time.Millisecond:                 "the camera's clock is 7.2s ahead (told by ONVIF)",
		-848616000895 * time.Millisecond:        "the camera's clock is 9821 days behind (told by ONVIF)",
		time.Duration(-1 << 63):                 "the camera's clock is 106751 days behind (told by ONVIF)",
		120*time.Millisecond + time.Microsecond: "the camera's clock is 120ms ahead (told by ONVIF)",
	} {
		if got := norm.ClockWords(off, "ONVIF"); got != want {
			t.Errorf("%v: got %q, want %q", off, got, want)
		}
	}
}
