package norm

import (
	"fmt"
	"math"
	"time"

	"sitepost/devices"
)

// What one visit must have seen before it accuses.
const (
	visitSeconds = 2.0  // for rates and jitter
	wholeSeconds = 10.0 // to miss a key frame; or for a mean that holds no whole GOP
)

// Judge holds one visit that saw pictures against the limits, for a person who
// looks at it. A subject of [Subjects] without a finding was judged and is as it
// should be; one whose finding is Open could not be judged. What one visit cannot
// prove it does not accuse: for that, a [Pool] waits.
func Judge(s devices.Stream, l Limits) (findings []Finding) {
	v, all := seen(&s), levels(l)
	for k := loss; k < small; k++ {
		t := v.alone(k)
		why := v.tooSmall(k, &t, l)
		switch {
		case !all[k].on:
			findings = append(findings, open(k, "no limit is set"))
		case t.visits == 0:
			findings = append(findings, open(k, notMeasured(k)))
		case !all[k].bad(t.value, false):
			if why != "" && k == loss { // that none was lost of so few says as little
				findings = append(findings, open(k, why))
			}
		case why != "":
			findings = append(findings, open(k, why))
		default:
			f := t.accuse(k, l, &v)
			if k == firstFrame {
				f.Text += longest(&s)
			}
			findings = append(findings, f)
		}
	}
	return append(findings, notAlike(&s, &v, l)...)
}

// notAlike is what is not a figure against a level.
func notAlike(s *devices.Stream, v *visit, l Limits) (findings []Finding) {
	if off, ok := clockError(s); !ok {
		findings = append(findings, Finding{About: Clock, Open: true, Text: fmt.Sprintf("the camera told no time of day in %s s", number(v.seconds))})
	} else if l.Clock <= 0 {
		findings = append(findings, Finding{About: Clock, Open: true, Text: "no limit is set"})
	} else if f := JudgeClock(off, "RTCP", l); f != nil {
		findings = append(findings, *f)
	}
	if f := judgeHD(s, l); f != nil {
		findings = append(findings, *f)
	}
	t := v.alone(small)
	switch {
	case t.visits == 0:
		findings = append(findings, Finding{About: Static, Open: true, Text: "no frames between key frames were counted"})
	case t.seconds < stillness:
		findings = append(findings, Finding{About: Static, Open: true, Text: fmt.Sprintf("%s s are too short, it takes %s", number(t.seconds), number(stillness))})
	case t.value > mostlySmall:
		findings = append(findings, t.accuse(small, l, v))
	}
	return findings
}

// alone is the sum of one visit.
func (v *visit) alone(k int) (t sum) {
	if s := v.of[k]; s.weight > 0 {
		t.add(s, v.seconds)
	}
	return t
}

// tooSmall says why one visit is too small a sample to accuse, "" where it is not.
func (v *visit) tooSmall(k int, t *sum, l Limits) string {
	switch need := packetsNeeded(l); {
	case k == loss && t.weight < need && !t.isLost(l):
		return fmt.Sprintf("%s of %s packets lost; it takes %s packets to judge", number(math.Round(t.value*t.weight)), number(t.weight), number(need))
	case (k == jitter || k == fps || k == bitrate) && t.seconds < visitSeconds:
		return fmt.Sprintf("%s s are too short, it takes %s", number(t.seconds), number(visitSeconds))
	case k == bitrate && v.of[keyFrames] == sample{1, 1} && t.seconds < wholeSeconds:
		return fmt.Sprintf("no key frame in %s s, so the mean says little", number(t.seconds))
	case k == keyFrames && t.seconds < wholeSeconds:
		return fmt.Sprintf("no key frame in %s s; it takes %s to miss one", number(t.seconds), number(wholeSeconds))
	}
	return ""
}

func open(k int, text string) Finding {
	about := [...]string{Loss, Jitter, FPS, Bitrate, FirstFrame, Timestamps, NoKeyFrame}[k]
	return Finding{About: about, Open: true, Text: text}
}

func notMeasured(k int) string {
	switch k {
	case jitter:
		return "not measured: too few frames, or they do not come in the order of their time stamps (B frames)"
	case keyFrames:
		return "key frames are counted of H.264 and H.265 only"
	}
	return "not measured"
}

// longest names the part of the way to the first picture that took longest.
func longest(s *devices.Stream) string {
	var name string
	var longest float64
	for _, part := range []struct {
		name string
		ms   *float64
	}{
		{"connecting", s.ConnectMS}, {"DESCRIBE", s.DescribeMS}, {"SETUP and PLAY", s.PlayMS},
		{"waiting for the first packet", s.FirstPacketMS}, {"waiting for a whole key frame", s.KeyFrameMS},
	} {
		if ms, ok := sane(part.ms); ok && ms > longest {
			name, longest = part.name, ms
		}
	}
	if name == "" {
		return ""
	}
	return fmt.Sprintf("; %s took %s of it", name, inMS(longest))
}

// clockError is what the camera's sender reports said.
func clockError(s *devices.Stream) (off time.Duration, ok bool) {
	if s.ClockErrorMS == nil {
		return 0, false
	}
	ms := math.Abs(*s.ClockErrorMS)
	if _, ok := sane(&ms); !ok {
		return 0, false
	}
	return time.Duration(*s.ClockErrorMS * float64(time.Millisecond)), true
}

// JudgeClock holds what a camera's clock is off against the limit: nil where it is
// right, or where there is no limit. from says who told of it, RTCP or ONVIF.
func JudgeClock(off time.Duration, from string, l Limits) *Finding {
	if l.Clock <= 0 || off.Abs() <= l.Clock {
		return nil
	}
	return &Finding{
		About: Clock, Text: fmt.Sprintf("%s, more than %s", ClockWords(off, from), distance(l.Clock)),
		Next: "set up NTP in the camera", Source: source(l.Clock, Defaults().Clock, ownLimit),
	}
}
