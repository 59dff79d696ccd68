package norm

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// accuse is the finding of what a sum of visits is accused of; v is the newest of
// them. A figure that came back within the limit, and not yet far enough to be
// acquitted, is said so.
func (t *sum) accuse(k int, l Limits, v *visit) Finding {
	f, d := Finding{Next: next(k, l, v)}, Defaults()
	switch k {
	case loss:
		f.About, f.Source = Loss, source(l.Loss, d.Loss, norm2016)
		f.Text = fmt.Sprintf("%s of %s packets lost (%s)%s", number(math.Round(t.value*t.weight)), number(t.weight), percent(t.value), t.above(l.Loss, percent(l.Loss)))
	case jitter:
		f.About, f.Source = Jitter, source(l.Jitter, d.Jitter, norm2016)
		f.Text = fmt.Sprintf("jitter %s over %s frames%s", inMS(t.value), number(t.weight), t.above(milliseconds(l.Jitter), inMS(milliseconds(l.Jitter))))
	case fps:
		f.About, f.Source = FPS, source(l.FPS, d.FPS, norm2016)
		f.Text = fmt.Sprintf("%s frames a second %s, wanted are %s", number(t.value), t.span(), number(l.FPS))
	case bitrate:
		f.About, f.Source = Bitrate, source(l.Bitrate, d.Bitrate, norm2016)
		f.Text = fmt.Sprintf("%s %s, wanted are %s", bits(t.value), t.span(), bits(float64(l.Bitrate)))
	case firstFrame:
		f.About, f.Source = FirstFrame, source(l.FirstFrame, d.FirstFrame, ownLimit)
		f.Text = fmt.Sprintf("first picture after %s%s%s", inMS(t.value), t.ofStarts(), t.above(milliseconds(l.FirstFrame), inMS(milliseconds(l.FirstFrame))))
	case timestamps:
		f.About, f.Source = Timestamps, norm2022
		f.Text = "frames share an RTP time stamp or have several, " + t.span()
	case keyFrames:
		f.About = NoKeyFrame
		f.Text = "no key frame " + t.span()
	case small:
		f.About, f.Text = Static, fmt.Sprintf("%s of %s frames hold next to nothing%s: the picture does not move, or is none", percent(t.value), number(t.weight), underMode(v.mode))
	}
	return f
}

// above is the end of a clause about a figure that has a limit above.
func (t *sum) above(limit float64, words string) string {
	if t.value > limit {
		return ", more than " + words
	}
	return ", not yet well within " + words
}

// span says how long and how often was looked.
func (t *sum) span() string {
	if t.visits == 1 {
		return "in " + number(t.seconds) + " s"
	}
	return fmt.Sprintf("in %d visits of together %s s", t.visits, number(t.seconds))
}

func (t *sum) ofStarts() string {
	if t.visits == 1 {
		return ""
	}
	return fmt.Sprintf(" (median of %d starts)", t.visits)
}

func underMode(mode string) string {
	if mode == "" {
		return ""
	}
	return " under " + mode
}

// next is what to do about a subject.
func next(k int, l Limits, v *visit) string {
	switch k {
	case loss:
		return nextOfLoss(v.transport)
	case jitter:
		return "look for a full or half-duplex port between the camera and here, and for a camera that serves too many viewers"
	case fps:
		return nextOfRate(l, v.nominal)
	case bitrate:
		return "raise the bit rate (the upper limit under VBR) of the main stream in the camera; where it saves bits on purpose, by smart coding or at night, set [stream] bitrate lower"
	case firstFrame:
		return "shorten the I-frame interval in the camera to 2 s or less; if connecting or asking takes the time, look for other viewers and a slow network"
	case timestamps:
		return "update the camera's firmware: other players and the city's platform may show torn pictures"
	case keyFrames:
		return "set the I-frame interval in the camera to 2 s or less, and switch smart coding off"
	case small:
		return nextOfStatic(v.mode)
	}
	return ""
}

func nextOfLoss(transport string) string {
	switch transport {
	case "tcp":
		return "TCP repairs what a network loses, so the camera itself dropped them: lower its bit rate, or the number of its viewers"
	case "udp", "multicast":
		return "look at cable, plugs and the error counters of the switch ports between the camera and here; compare with TCP"
	}
	return "look at cable, plugs and switch ports between the camera and here, and for a camera that serves too many viewers"
}

// nextOfRate tells a camera that is set too low from one that does less than it
// is set to: mostly an exposure that is longer than a frame, at night.
func nextOfRate(l Limits, nominal float64) string {
	if nominal > 0 && nominal < tooLow*l.FPS {
		return fmt.Sprintf("set the frame rate of the main stream in the camera to %s (it is set to %s), or [stream] fps to what is enough here", number(l.FPS), number(nominal))
	}
	return fmt.Sprintf("if it is so in the dark only, limit the exposure time in the camera to 1/%s s; else it serves too many viewers or streams; where fewer are enough, set [stream] fps lower", number(math.Ceil(l.FPS)))
}

// nextOfStatic says what a hint is worth: a constant bit rate fills even a
// picture that does not move with bits, all but a made one.
func nextOfStatic(mode string) string {
	if mode == "cbr" {
		return `look at the picture: under a constant bit rate only a made one, such as "no video", is so small`
	}
	return `look at the picture: it may be frozen, covered, dark, or a made one such as "no video"; an empty scene under strong noise reduction looks the same`
}

// ClockWords says how far a camera's clock is off, and who told.
func ClockWords(off time.Duration, from string) string {
	direction := "ahead"
	if off < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("the camera's clock is %s %s (told by %s)", distance(off.Abs()), direction, from)
}

// distance is a time in words, as exact as is of use.
func distance(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < 72*time.Hour:
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// inMS is a time given in milliseconds, in words.
func inMS(ms float64) string {
	if ms < 1000 {
		return number(ms) + " ms"
	}
	return number(ms/1000) + " s"
}

func percent(share float64) string { return number(share*100) + " %" }

func bits(rate float64) string {
	if rate < 1e6 {
		return number(rate/1e3) + " kbit/s"
	}
	return number(rate/1e6) + " Mbit/s"
}

// number is v with three significant digits, or all before the point.
func number(v float64) string {
	if v == 0 {
		return "0"
	}
	decimals := max(0, min(9, 2-int(math.Floor(math.Log10(math.Abs(v))))))
	scale := math.Pow10(decimals)
	return strconv.FormatFloat(math.Round(v*scale)/scale, 'f', -1, 64)
}
