package meter

import (
	"fmt"
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// h264Profile names a profile by H.264 Annex A.2, "" if it is none of there.
func h264Profile(p *h264.SPS) string {
	intra := func(name string) string {
		if p.ConstraintSet3Flag {
			return name + " Intra"
		}
		return name
	}
	switch p.ProfileIdc {
	case 44:
		return "CAVLC 4:4:4 Intra"
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
		switch {
		case p.ConstraintSet4Flag && p.ConstraintSet5Flag:
			return "Constrained High"
		case p.ConstraintSet4Flag:
			return "Progressive High"
		}
		return "High"
	case 110:
		return intra("High 10")
	case 122:
		return intra("High 4:2:2")
	case 244:
		if !p.ConstraintSet3Flag {
			return "High 4:4:4 Predictive"
		}
		return "High 4:4:4 Intra"
	}
	return ""
}

// h264Level names a level by H.264 table A-1: ten times the level, and level 1b
// in two spellings (A.3.1, A.3.2).
func h264Level(p *h264.SPS) string {
	old := p.ProfileIdc == 66 || p.ProfileIdc == 77 || p.ProfileIdc == 88
	if p.LevelIdc == 9 || p.LevelIdc == 11 && p.ConstraintSet3Flag && old {
		return "1b"
	}
	return tenths(int(p.LevelIdc), 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62)
}

// h265Profile names a profile by H.265 Annex A.3. A stream of a profile without
// a name here may still say that it keeps to one that has.
func h265Profile(p *h265.SPS_ProfileTierLevel) string {
	switch {
	case p.GeneralProfileIdc == 3:
		return "Main Still Picture"
	case p.GeneralProfileIdc == 4:
		return rangeExtension(p)
	case p.GeneralProfileIdc == 1, p.GeneralProfileCompatibilityFlag[1]:
		return "Main"
	case p.GeneralProfileIdc == 2, p.GeneralProfileCompatibilityFlag[2]:
		return "Main 10"
	}
	return ""
}

// rangeExtension names the format range extensions (H.265 table A.2) by the
// flags for at most 12, 10 and 8 bits, at most 4:2:2 and 4:2:0, and no colour.
// Those for stills and intra streams only are not told apart.
func rangeExtension(p *h265.SPS_ProfileTierLevel) string {
	flags := [6]bool{
		p.GeneralMax12bitConstraintFlag, p.GeneralMax10bitConstraintFlag, p.GeneralMax8bitConstraintFlag,
		p.GeneralMax422ChromeConstraintFlag, p.GeneralMax420ChromaConstraintFlag, p.GeneralMaxMonochromeConstraintFlag,
	}
	const x, o = true, false
	name, ok := map[[6]bool]string{
		{x, x, x, x, x, x}: "Monochrome",
		{x, x, o, x, x, x}: "Monochrome 10",
		{x, o, o, x, x, x}: "Monochrome 12",
		{o, o, o, x, x, x}: "Monochrome 16",
		{x, o, o, x, x, o}: "Main 12",
		{x, x, o, x, o, o}: "Main 4:2:2 10",
		{x, o, o, x, o, o}: "Main 4:2:2 12",
		{x, x, x, o, o, o}: "Main 4:4:4",
		{x, x, o, o, o, o}: "Main 4:4:4 10",
		{x, o, o, o, o, o}: "Main 4:4:4 12",
	}[flags]
	if !ok || p.GeneralIntraConstraintFlag || p.GeneralOnePictureOnlyConstraintFlag {
		return "Range Extensions"
	}
	return name
}

// h265Level names a level by H.265 table A.8: 30 times the level (A.4.1).
func h265Level(idc uint8) string {
	if idc%3 != 0 {
		return ""
	}
	return tenths(int(idc)/3, 10, 20, 21, 30, 31, 40, 41, 50, 51, 52, 60, 61, 62, 63, 85)
}

// tenths writes a level that there is, "" for any other.
func tenths(level int, there ...int) string {
	if !slices.Contains(there, level) {
		return ""
	}
	return fmt.Sprintf("%d.%d", level/10, level%10)
}
