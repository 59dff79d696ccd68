package norm

import (
	"fmt"

	"sitepost/devices"
)

// rateSlack is how much a measured frame rate may be below the site's figure for
// HD: what a visit of four seconds can be wrong by.
const rateSlack = 0.5

// IsHD holds a stream against the site's figures: nil where the site has none, or
// nothing was measured.
func IsHD(s devices.Stream, l Limits) *bool {
	if l.HDWidth <= 0 || l.HDHeight <= 0 || s.Width <= 0 || s.Height <= 0 {
		return nil
	}
	// A camera turned upright (a corridor) is as good.
	long, short := max(s.Width, s.Height), min(s.Width, s.Height)
	hd := long >= max(l.HDWidth, l.HDHeight) && short >= min(l.HDWidth, l.HDHeight)
	if fps, ok := rate(&s); ok && fps < l.HDFPS-rateSlack {
		hd = false
	}
	return &hd
}

// HD holds the camera that s is the newest visit to against the site's figures: its
// size as it is now, its rate over several visits. It is nil where the site has none,
// or where that is not known yet; words are for a camera that is not HD.
func (p *Pool) HD(s devices.Stream, l Limits) (hd *bool, words string) {
	size := l
	size.HDFPS = 0
	if hd = IsHD(s, size); hd == nil || !*hd || !isLimit(l.HDFPS) {
		return hd, HDWords(s, l)
	}
	t := p.gather(fps, l)
	switch {
	case t.visits == 0: // it has no rate but the one it is set to
		return IsHD(s, l), HDWords(s, l)
	case !t.enough:
		return nil, ""
	case t.value < l.HDFPS-rateSlack:
		p.slow = true
	case t.value >= rateIsMet*l.HDFPS:
		p.slow = false
	}
	s.FPS = &t.value
	fast := !p.slow
	return &fast, HDWords(s, l)
}

// HDWords says what a stream is and what the site wants, for one that is not HD.
func HDWords(s devices.Stream, l Limits) string {
	text := fmt.Sprintf("%dx%d", s.Width, s.Height)
	if fps, ok := rate(&s); ok {
		text += fmt.Sprintf(" at %s frames a second", number(fps))
	}
	text += fmt.Sprintf(", the site wants %dx%d", l.HDWidth, l.HDHeight)
	if isLimit(l.HDFPS) {
		text += " at " + number(l.HDFPS)
	}
	return text
}

// rate is the frame rate as measured, as coded where it could not be measured.
func rate(s *devices.Stream) (fps float64, ok bool) {
	if fps, ok = sane(s.FPS); ok {
		return fps, true
	}
	return sane(s.FPSNominal)
}

// judgeHD is nil for a stream that is HD.
func judgeHD(s *devices.Stream, l Limits) *Finding {
	switch hd := IsHD(*s, l); {
	case hd != nil && *hd:
		return nil
	case hd != nil:
		return &Finding{
			About: HD, Text: HDWords(*s, l), Source: siteHD,
			Next: "choose this size and rate for the main stream in the camera, or a camera that has them",
		}
	case l.HDWidth <= 0 || l.HDHeight <= 0:
		return &Finding{About: HD, Open: true, Text: "the site has no figure"}
	}
	return &Finding{About: HD, Open: true, Text: "the size of the picture is not known"}
}
