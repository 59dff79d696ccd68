package meter

import (
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// TestH264Names names what H.264 Annex A tells apart by the constraint flags.
func TestH264Names(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sps            h264.SPS
		profile, level string
	}{
		{h264.SPS{ProfileIdc: 66, LevelIdc: 30}, "Baseline", "3.0"},
		{h264.SPS{ProfileIdc: 66, LevelIdc: 11, ConstraintSet1Flag: true, ConstraintSet3Flag: true}, "Constrained Baseline", "1b"},
		{h264.SPS{ProfileIdc: 100, LevelIdc: 9}, "High", "1b"},
		{h264.SPS{ProfileIdc: 100, LevelIdc: 11, ConstraintSet3Flag: true}, "High", "1.1"},
		{h264.SPS{ProfileIdc: 44, LevelIdc: 11, ConstraintSet3Flag: true}, "CAVLC 4:4:4 Intra", "1.1"},
		{h264.SPS{ProfileIdc: 77, LevelIdc: 51}, "Main", "5.1"},
		{h264.SPS{ProfileIdc: 88, LevelIdc: 62}, "Extended", "6.2"},
		{h264.SPS{ProfileIdc: 100, LevelIdc: 41, ConstraintSet4Flag: true}, "Progressive High", "4.1"},
		{h264.SPS{ProfileIdc: 100, LevelIdc: 31, ConstraintSet4Flag: true, ConstraintSet5Flag: true}, "Constrained High", "3.1"},
		{h264.SPS{ProfileIdc: 110, LevelIdc: 52, ConstraintSet3Flag: true}, "High 10 Intra", "5.2"},
		{h264.SPS{ProfileIdc: 244, LevelIdc: 40, ConstraintSet3Flag: true}, "High 4:4:4 Intra", "4.0"},
		{h264.SPS{ProfileIdc: 99, LevelIdc: 45}, "", ""},
		{h264.SPS{}, "", ""},
	} {
		if p, l := h264Profile(&c.sps), h264Level(&c.sps); p != c.profile || l != c.level {
			t.Errorf("%d %d: got %q %q, want %q %q", c.sps.ProfileIdc, c.sps.LevelIdc, p, l, c.profile, c.level)
		}
	}
}

// TestH265Names names profiles and levels of H.265, also where only the
// compatibility flags say one.
func TestH265Names(t *testing.T) {
	t.Parallel()
	keeps := func(n int) (f [32]bool) { f[n] = true; return f }
	for _, c := range []struct {
		ptl            h265.SPS_ProfileTierLevel
		profile, level string
	}{
		{h265.SPS_ProfileTierLevel{GeneralProfileIdc: 1, GeneralLevelIdc: 123}, "Main", "4.1"},
		{h265.SPS_ProfileTierLevel{GeneralProfileIdc: 2, GeneralLevelIdc: 153}, "Main 10", "5.1"},
		{h265.SPS_ProfileTierLevel{GeneralProfileIdc: 3, GeneralLevelIdc: 255}, "Main Still Picture", "8.5"},
		{h265.SPS_ProfileTierLevel{GeneralProfileIdc: 4, GeneralLevelIdc: 93}, "Range Extensions", "3.1"},
		{h265.SPS_ProfileTierLevel{GeneralLevelIdc: 90, GeneralProfileCompatibilityFlag: keeps(1)}, "Main", "3.0"},
		{h265.SPS_ProfileTierLevel{GeneralProfileIdc: 31, GeneralLevelIdc: 91, GeneralProfileCompatibilityFlag: keeps(2)}, "Main 10", ""},
		{h265.SPS_ProfileTierLevel{GeneralProfileIdc: 31, GeneralLevelIdc: 33}, "", ""},
		{h265.SPS_ProfileTierLevel{}, "", ""},
	} {
		if p, l := h265Profile(&c.ptl), h265Level(c.ptl.GeneralLevelIdc); p != c.profile || l != c.level {
			t.Errorf("%d %d: got %q %q, want %q %q", c.ptl.GeneralProfileIdc, c.ptl.GeneralLevelIdc, p, l, c.profile, c.level)
		}
	}
}
