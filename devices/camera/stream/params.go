package stream

import (
	"fmt"
	"math"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"sitepost/devices"
)

// maxSet bounds a parameter set: real ones have 10 to 100 bytes.
const maxSet = 1024

// A meaning is what parameter sets say. What they do not say, or say beyond
// reason, is zero: sizes of 16 to 16,384 pixels and rates of up to 240 frames a
// second are believed (a set with num_units_in_tick zero would give an infinite
// rate).
type meaning struct {
	profile, level string
	width, height  int
	fps            float64
}

// read reads the parameter sets of a codec.
func (c codec) read(vps, sps []byte) (w meaning, ok bool) {
	if len(sps) == 0 || len(sps) > maxSet {
		return w, false
	}
	switch c {
	case h264Codec:
		var p h264.SPS
		if p.Unmarshal(sps) != nil {
			return w, false
		}
		w.profile, w.level = h264Profile(&p), h264Level(&p)
		w.width, w.height = believedSize(p.Width(), p.Height())
		w.fps = believedRate(p.FPS())
		return w, true
	case h265Codec:
		var p h265.SPS
		if p.Unmarshal(sps) != nil {
			return w, false
		}
		w.profile = h265Profile(p.ProfileTierLevel.GeneralProfileIdc)
		w.level = tenths(int(p.ProfileTierLevel.GeneralLevelIdc) / 3) // H.265 A.4.1: 30 times the level
		w.width, w.height = believedSize(p.Width(), p.Height())
		w.fps = believedRate(p.FPS())
		return w, true
	}
	return w, false
}

// describe reads codec facts out of a sequence parameter set into s.
func (c codec) describe(sps []byte, s *devices.Stream) {
	if w, ok := c.read(nil, sps); ok {
		w.tell(s)
	}
}

// tell writes all of a meaning into s, also what is not known.
func (w meaning) tell(s *devices.Stream) {
	s.Profile, s.Level, s.Width, s.Height, s.FPSNominal = w.profile, w.level, w.width, w.height, nil
	if w.fps > 0 {
		s.FPSNominal = &w.fps
	}
}

func believedSize(w, h int) (int, int) {
	if w < 16 || w > 16384 || h < 16 || h > 16384 {
		return 0, 0
	}
	return w, h
}

// believedRate is a rate to a thousandth, 0 if it is none.
func believedRate(fps float64) float64 {
	if fps = math.Round(fps*1000) / 1000; fps > 0 && fps <= 240 {
		return fps
	}
	return 0
}

// h264Profile names a profile by H.264 Annex A.
func h264Profile(p *h264.SPS) string {
	switch p.ProfileIdc {
	case 66:
		if p.ConstraintSet1Flag {
			return "Constrained Baseline"
		}
		return "Baseline"
	case 77:
		return "Main"
	case 88:
		return "Extended"
	case 100:
		return "High"
	case 110:
		return "High 10"
	case 122:
		return "High 4:2:2"
	case 244:
		return "High 4:4:4 Predictive"
	}
	return ""
}

// h264Level names a level by H.264 A.3: ten times the level, and level 1b in two
// spellings.
func h264Level(p *h264.SPS) string {
	if p.LevelIdc == 9 || p.LevelIdc == 11 && p.ConstraintSet3Flag && p.ProfileIdc < 100 {
		return "1b"
	}
	return tenths(int(p.LevelIdc))
}

// h265Profile names a profile by H.265 Annex A.
func h265Profile(idc uint8) string {
	switch idc {
	case 1:
		return "Main"
	case 2:
		return "Main 10"
	case 3:
		return "Main Still Picture"
	case 4:
		return "Range Extensions"
	}
	return ""
}

func tenths(n int) string { return fmt.Sprintf("%d.%d", n/10, n%10) }

// figure is v rounded to so many decimals, or nil where v is no number: nothing
// infinite goes into a message.
func figure(v float64, decimals int) *float64 {
	scale := math.Pow10(decimals)
	v = math.Round(v*scale)/scale + 0 // + 0: nothing is minus nothing
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
