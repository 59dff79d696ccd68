package camera

import (
	"fmt"
	"time"

	"sitepost/devices"
)

// rateSlack is how much a measured frame rate may be below the site's figure:
// what a visit of four seconds can be wrong by.
const rateSlack = 0.5

// judgeHD compares what was measured with the site's figures and says it in the
// stream. nil = the site has none, or nothing was measured.
func (w *watch) judgeHD(s *devices.Stream) *bool {
	o := w.options
	if o.HDWidth == 0 || o.HDHeight == 0 || s.Width == 0 || s.Height == 0 {
		return nil
	}
	// A camera turned upright (a corridor) is as good.
	long, short := max(s.Width, s.Height), min(s.Width, s.Height)
	hd := long >= max(o.HDWidth, o.HDHeight) && short >= min(o.HDWidth, o.HDHeight)
	if fps, ok := rate(s); ok && fps < o.HDFPS-rateSlack {
		hd = false
	}
	s.HD = &hd
	return s.HD
}

// rate is the frame rate as measured, as coded where it could not be measured.
func rate(s *devices.Stream) (fps float64, ok bool) {
	switch {
	case s.FPS != nil:
		return *s.FPS, true
	case s.FPSNominal != nil:
		return *s.FPSNominal, true
	}
	return 0, false
}

func (w *watch) tellHD(s *devices.Stream, hd *bool) {
	switch {
	case hd == nil:
	case *hd:
		w.clear(devices.StreamBelowHD)
	default:
		text := fmt.Sprintf("%dx%d", s.Width, s.Height)
		if fps, ok := rate(s); ok {
			text += fmt.Sprintf(" at %.3g frames a second", fps)
		}
		o := w.options
		w.raise(devices.StreamBelowHD, fmt.Sprintf("%s, the site wants %dx%d at %.3g", text, o.HDWidth, o.HDHeight, o.HDFPS))
	}
}

// clockError is how far the camera's clock is off: by its own RTCP reports where
// there were some, else by what it told over ONVIF.
func (w *watch) clockError(s *devices.Stream) (off time.Duration, known bool, from string) {
	if s.ClockErrorMS != nil {
		return time.Duration(*s.ClockErrorMS * float64(time.Millisecond)), true, "RTCP"
	}
	off, known = w.client.ClockOffset()
	return off, known, "ONVIF"
}

// clockWords says it in words, "" for a clock that is right or not known.
func (w *watch) clockWords(s *devices.Stream) string {
	off, known, from := w.clockError(s)
	if !known || off.Abs() <= w.options.ClockLimit {
		return ""
	}
	direction := "ahead"
	if off < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("the camera's clock is %v %s (told by %s)", off.Abs().Round(time.Second), direction, from)
}

// noteClock says in the stream when the camera's clock is off. The figure in the
// stream stays that of RTCP: the other one is not of the stream.
func (w *watch) noteClock(s *devices.Stream) {
	if words := w.clockWords(s); words != "" {
		s.Why = append(s.Why, words)
	}
}

// tellClock raises and clears stream.clock_skew, for who reads recordings must
// know that their times are wrong.
func (w *watch) tellClock(s *devices.Stream) {
	_, known, _ := w.clockError(s)
	switch words := w.clockWords(s); {
	case words != "":
		w.raise(devices.StreamClockSkew, words+": set up NTP in the camera")
	case known:
		w.clear(devices.StreamClockSkew)
	}
}
