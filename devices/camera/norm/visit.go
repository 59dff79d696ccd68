package norm

import (
	"math"
	"time"

	"sitepost/devices"
)

// The subjects that are judged alike: a figure against a level.
const (
	loss       = iota // share of the packets; sample: packets
	jitter            // ms; frames
	fps               // 1/s; seconds
	bitrate           // bit/s; seconds
	firstFrame        // ms; starts
	timestamps        // 1 where frames and time stamps do not match, else 0; visits
	keyFrames         // 1 where no key frame came, else 0; visits
	small             // share of small frames; frames between key frames
	subjects          // so many
)

// A sample is a figure and the weight it has beside others; weight 0 is absent.
type sample struct{ value, weight float64 }

// A visit is what is kept of a [devices.Stream].
type visit struct {
	seconds float64
	of      [subjects]sample

	nominal   float64 // frames a second by the parameter sets; 0 unknown
	transport string  // tcp, udp, multicast or ""
	mode      string  // cbr, vbr or ""
}

// most bounds figures and weights: what is larger was not measured by anybody.
const most = 1e12

// sane is v of p where it is a number within reason.
func sane(p *float64) (v float64, ok bool) {
	if p == nil || math.IsNaN(*p) || *p < 0 || *p > most {
		return 0, false
	}
	return *p, true
}

// weighed is a figure with its sample; both must be there.
func weighed(p *float64, weight float64) sample {
	v, ok := sane(p)
	if !ok || !(weight > 0 && weight <= most) {
		return sample{}
	}
	return sample{v, weight}
}

// seen takes from a stream what can be judged.
func seen(s *devices.Stream) visit {
	seconds, _ := sane(&s.Seconds)
	v := visit{seconds: seconds}
	v.of[loss] = weighed(s.Loss, float64(s.Packets))
	v.of[loss].value = min(v.of[loss].value, 1)
	v.of[jitter] = weighed(s.JitterMS, float64(s.Frames))
	v.of[small] = weighed(s.SmallFrames, float64(s.InterFrames))
	v.of[firstFrame] = weighed(s.FirstFrameMS, 1)
	if s.Frames > 0 {
		v.of[fps] = weighed(s.FPS, seconds)
		v.of[bitrate] = weighed(s.BitrateBPS, seconds)
		v.of[timestamps] = flag(s.Conform, false)
	}
	if keys := s.KeyFrames > 0; s.Frames > 0 && hasKeyFrames(s.Codec) {
		v.of[keyFrames] = flag(&keys, false)
	}
	v.nominal, _ = sane(s.FPSNominal)
	switch s.Transport {
	case "tcp", "udp", "multicast":
		v.transport = s.Transport
	}
	switch s.RateMode {
	case "cbr", "vbr":
		v.mode = s.RateMode
	}
	return v
}

// flag is 1 where a visit says what is bad, with the weight of one visit.
func flag(said *bool, bad bool) sample {
	switch {
	case said == nil:
		return sample{}
	case *said == bad:
		return sample{1, 1}
	}
	return sample{0, 1}
}

// hasKeyFrames says whether key frames of a codec are counted.
func hasKeyFrames(codec string) bool { return codec == "H264" || codec == "H265" }

// A level is what a figure is held against. Between accuse and acquit stands
// what stood.
type level struct {
	on             bool
	below          bool // less is worse
	accuse, acquit float64
}

// bad judges v; was is the judgement before.
func (l level) bad(v float64, was bool) bool {
	accuse, acquit := l.accuse, l.acquit
	if l.below {
		v, accuse, acquit = -v, -accuse, -acquit
	}
	switch {
	case !l.on || v <= acquit:
		return false
	case v > accuse:
		return true
	}
	return was
}

// Who is accused is acquitted within this share of the limit, and a rate at the
// limit itself less what its measuring may be wrong by: clocks differ, and a
// camera that is set to 25 may be seen sending 24.99 for ever.
const (
	within    = 0.8
	tooLow    = 0.95
	rateIsMet = 0.99
)

// levels are the limits as levels.
func levels(l Limits) [subjects]level {
	return [subjects]level{
		loss:       atMost(l.Loss),
		jitter:     atMost(milliseconds(l.Jitter)),
		fps:        atLeast(l.FPS),
		bitrate:    atLeast(float64(l.Bitrate)),
		firstFrame: atMost(milliseconds(l.FirstFrame)),
		timestamps: {on: true, accuse: 0.99, acquit: 0},    // accused by all visits, acquitted by all
		keyFrames:  {on: true, accuse: 0.99, acquit: 0.99}, // acquitted by one key frame
	}
}

// isLimit is false of zero, and of what cannot be meant.
func isLimit(limit float64) bool { return limit >= 1/most && limit <= most }

func atMost(limit float64) level {
	return level{on: isLimit(limit), accuse: limit, acquit: within * limit}
}

func atLeast(limit float64) level {
	return level{on: isLimit(limit), below: true, accuse: tooLow * limit, acquit: rateIsMet * limit}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
