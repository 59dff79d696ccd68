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

// noteClock says in the stream when the camera's clock is off: by its own RTCP
// reports where there were some, else by what it told over ONVIF. The figure in
// the stream stays that of RTCP: the other one is not of the stream.
func (w *watch) noteClock(s *devices.Stream) {
	off, known := w.client.ClockOffset()
	from := "ONVIF"
	if s.ClockErrorMS != nil {
		off, known, from = time.Duration(*s.ClockErrorMS*float64(time.Millisecond)), true, "RTCP"
	}
	if !known || off.Abs() <= w.options.ClockLimit {
		return
	}
	direction := "ahead"
	if off < 0 {
		direction = "behind"
	}
	s.Why = append(s.Why, fmt.Sprintf("the camera's clock is %v %s (told by %s)", off.Abs().Round(time.Second), direction, from))
}
