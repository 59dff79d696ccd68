package meter

import (
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
	fields         bool // a picture may be half a frame
}

// read reads the parameter sets of a codec.
func (c Codec) read(vps, sps []byte) (w meaning, ok bool) {
	if len(sps) == 0 || len(sps) > maxSet {
		return w, false
	}
	switch c {
	case H264:
		var p h264.SPS
		if p.Unmarshal(sps) != nil {
			return w, false
		}
		w.profile, w.level = h264Profile(&p), h264Level(&p)
		w.width, w.height = believedSize(p.Width(), p.Height())
		w.fps, w.fields = believedRate(p.FPS()), !p.FrameMbsOnlyFlag
		return w, true
	case H265:
		var p h265.SPS
		if p.Unmarshal(sps) != nil {
			return w, false
		}
		w.profile, w.level = h265Profile(&p.ProfileTierLevel), h265Level(p.ProfileTierLevel.GeneralLevelIdc)
		w.width, w.height = believedSize(p.Width(), p.Height())
		if w.fps = believedRate(p.FPS()); w.fps == 0 {
			w.fps = vpsRate(vps)
		}
		return w, true
	}
	return w, false
}

// describe reads codec facts out of a sequence parameter set into s.
func (c Codec) describe(sps []byte, s *devices.Stream) {
	if w, ok := c.read(nil, sps); ok {
		w.tell(s)
	}
}

// describeVPS adds the nominal rate of a video parameter set to s, where the
// sequence parameter set that was described before has none.
func (c Codec) describeVPS(vps []byte, s *devices.Stream) {
	if c != H265 || s.FPSNominal != nil {
		return
	}
	if fps := vpsRate(vps); fps > 0 {
		s.FPSNominal = &fps
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

// Figure is v rounded to so many decimals, or nil where v is no number: nothing
// infinite goes into a message.
func Figure(v float64, decimals int) *float64 {
	scale := math.Pow10(decimals)
	v = math.Round(v*scale)/scale + 0 // + 0: nothing is minus nothing
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
