package stream

import (
	"fmt"
	"math"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"sitepost/devices"
)

// maxSPS bounds a parameter set: real ones have 10 to 100 bytes.
const maxSPS = 1024

// describe reads codec facts out of a sequence parameter set into s. What the
// set does not say, or says beyond reason, stays absent: sizes of 16 to 16,384
// pixels and rates of up to 240 frames a second are believed (a set with
// num_units_in_tick zero would give an infinite rate).
func (c codec) describe(sps []byte, s *devices.Stream) {
	if len(sps) == 0 || len(sps) > maxSPS {
		return
	}
	switch c {
	case h264Codec:
		var p h264.SPS
		if p.Unmarshal(sps) != nil {
			return
		}
		s.Profile, s.Level = h264Profile(&p), h264Level(&p)
		pictureSize(s, p.Width(), p.Height())
		nominalRate(s, p.FPS())
	case h265Codec:
		var p h265.SPS
		if p.Unmarshal(sps) != nil {
			return
		}
		s.Profile = h265Profile(p.ProfileTierLevel.GeneralProfileIdc)
		s.Level = tenths(int(p.ProfileTierLevel.GeneralLevelIdc) / 3) // H.265 A.4.1: 30 times the level
		pictureSize(s, p.Width(), p.Height())
		nominalRate(s, p.FPS())
	}
}

func pictureSize(s *devices.Stream, w, h int) {
	if w < 16 || w > 16384 || h < 16 || h > 16384 {
		return
	}
	s.Width, s.Height = w, h
}

func nominalRate(s *devices.Stream, fps float64) {
	if fps > 0 && fps <= 240 {
		s.FPSNominal = figure(fps, 3)
	}
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
