package meter

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSee finds slices, key frames and parameter sets in every way in which
// RFC 6184 and RFC 7798 put them into packets, and stays calm at torn ones.
func TestSee(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		codec   Codec
		payload string
		want    sight
	}{
		{"H.264 slice", H264, "41 9a", sight{slice: true, firsts: 1}},
		{"H.264 slice that is not the first", H264, "41 5a", sight{slice: true}},
		{"H.264 slice partitions A and B", H264, "78 0002 429a 0002 439a", sight{slice: true, firsts: 1}},
		{"H.264 IDR", H264, "65 88", sight{slice: true, key: true, firsts: 1}},
		{"H.264 SPS", H264, "67 64 00", sight{sps: []byte{0x67, 0x64, 0}}},
		{"H.264 SEI", H264, "06 05", sight{}},
		{"H.264 STAP-A with SPS, PPS, IDR", H264, "78 0002 6764 0002 68eb 0002 6588", sight{slice: true, key: true, firsts: 1, sps: []byte{0x67, 0x64}}},
		{"H.264 STAP-A with two SPS", H264, "78 0002 6764 0002 6742", sight{sps: []byte{0x67, 0x64}}},
		{"H.264 STAP-A with two pictures", H264, "78 0002 419a 0002 419a", sight{slice: true, firsts: 2}},
		{"H.264 STAP-B", H264, "79 0000 0002 6588", sight{slice: true, key: true, firsts: 1}},
		{"H.264 STAP-A torn", H264, "78 0002 6764 00ff 65", sight{sps: []byte{0x67, 0x64}}},
		{"H.264 STAP-A with an empty unit", H264, "78 0000 0002 6588", sight{}},
		{"H.264 FU-A start of IDR", H264, "7c 85 88", sight{slice: true, key: true, firsts: 1, open: true}},
		{"H.264 FU-A middle of IDR", H264, "7c 05 88", sight{slice: true, key: true, goes: true, open: true}},
		{"H.264 FU-A end of IDR", H264, "7c 45 88", sight{slice: true, key: true, goes: true}},
		{"H.264 FU-A of a slice", H264, "5c 81 9a", sight{slice: true, firsts: 1, open: true}},
		{"H.264 FU-A of a slice that is not the first", H264, "5c 81 5a", sight{slice: true, open: true}},
		{"H.264 FU-A without a body", H264, "5c 81", sight{slice: true, open: true}},
		{"H.264 FU-A of an SPS is not an SPS", H264, "7c 87 64", sight{open: true}},
		{"H.264 FU-B", H264, "7d 85 0000 88", sight{slice: true, key: true, firsts: 1, open: true}},
		{"H.264 FU-B torn", H264, "7d 85 80", sight{slice: true, key: true, open: true}},
		{"H.265 slice", H265, "02 01 d0", sight{slice: true, firsts: 1}},
		{"H.265 slice that is not the first", H265, "02 01 50", sight{slice: true}},
		{"H.265 slice of another layer", H265, "02 09 d0", sight{slice: true}},
		{"H.265 IDR", H265, "26 01 af", sight{slice: true, key: true, firsts: 1}},
		{"H.265 CRA", H265, "2a 01 af", sight{slice: true, key: true, firsts: 1}},
		{"H.265 SPS", H265, "42 01 01", sight{sps: []byte{0x42, 1, 1}}},
		{"H.265 VPS", H265, "40 01 0c", sight{vps: []byte{0x40, 1, 0x0c}}},
		{"H.265 AP with VPS, SPS, IDR", H265, "60 01 0003 40010c 0003 420101 0003 2601af", sight{slice: true, key: true, firsts: 1, vps: []byte{0x40, 1, 0x0c}, sps: []byte{0x42, 1, 1}}},
		{"H.265 AP with a unit of one byte", H265, "60 01 0001 02", sight{slice: true}},
		{"H.265 FU of IDR", H265, "62 01 93 af", sight{slice: true, key: true, firsts: 1, open: true}},
		{"H.265 FU of a slice", H265, "62 01 81 d0", sight{slice: true, firsts: 1, open: true}},
		{"H.265 FU, the end of a slice", H265, "62 01 41 d0", sight{slice: true, goes: true}},
		{"nothing", H264, "", sight{}},
		{"one byte", H265, "26", sight{}},
		{"another codec", Other, "00", sight{slice: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got sight
			got.see(c.codec, unhex(t, c.payload))
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(sight{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.payload, diff)
			}
		})
	}
}

// Parameter sets of 1080p25 as encoders write them, and further below of 360p15
// in each profile; ffprobe names profile and level alike, where it knows them.
// spsNoTick is the first with
// its num_units_in_tick set to 0.
const (
	spsHigh40     = "67640028acb200f0044fcb80880000030008000003019078c19240"                               // x264
	spsNoTick     = "67640028acb200f0044fcb8088000003000003000003019078c19240"                             // x264, broken
	spsTooFast    = "67640028acb200f0044fcb80880000030008000003919078c19240"                               // x264, with time_scale 4,658: 2,329 frames a second
	spsHEVCMain   = "420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c84" // x265
	spsHEVCSilent = "42010101600000030090000003000003003fa00502016965959a4932bc05a002"                     // x265, 640x360, says no rate
)

// TestParameterSets reads profile, level, size and rate, and believes no
// impossible rate.
func TestParameterSets(t *testing.T) {
	t.Parallel()
	fps := func(v float64) *float64 { return &v }
	small := func(profile, level string) devices.Stream {
		return devices.Stream{Profile: profile, Level: level, Width: 640, Height: 360, FPSNominal: fps(15)}
	}
	for _, c := range []struct {
		name  string
		codec Codec
		sps   string
		want  devices.Stream
	}{
		{"H.264 High", H264, spsHigh40, devices.Stream{Profile: "High", Level: "4.0", Width: 1920, Height: 1080, FPSNominal: fps(25)}},
		{"H.264 with an infinite rate", H264, spsNoTick, devices.Stream{Profile: "High", Level: "4.0", Width: 1920, Height: 1080}},
		{"H.264 with an absurd rate", H264, spsTooFast, devices.Stream{Profile: "High", Level: "4.0", Width: 1920, Height: 1080}},
		{"H.265 Main", H265, spsHEVCMain, devices.Stream{Profile: "Main", Level: "4.0", Width: 1920, Height: 1080, FPSNominal: fps(25)}},
		{"H.264 Constrained Baseline", H264, "6742c016d900a02ff970110000030001000003001e0f162e48", small("Constrained Baseline", "2.2")},
		{"H.264 Main", H264, "674d4016eca05017fcb80880000003008000000f078b16cb", small("Main", "2.2")},
		{"H.264 High 10", H264, "676e0016a6cd940a02ff970110000003001000000301e0f162d960", small("High 10", "2.2")},
		{"H.264 High 4:2:2, key frames only", H264, "677a1016bcb81405ff138088000003000800000300f020", small("High 4:2:2 Intra", "2.2")},
		{"H.264 High 4:4:4", H264, "67f40016919b281405ff138088000003000800000300f078b16cb0", small("High 4:4:4 Predictive", "2.2")},
		{"H.264 interlaced", H264, "67640016acd940a063f3e0220000030002000003003c3e28532c", small("High", "2.2")},
		{"H.265 Main 10", H265, "42010102200000030090000003000003003fa005020169365959a4932bc05a020000030002000003001e10", small("Main 10", "2.1")},
		{"H.265 4:0:0", H265, "4201010408000003009fc800000300003fc0140805a596566924caf016c080000003008000000784", small("Monochrome", "2.1")},
		{"H.265 4:2:0 of 12 bits", H265, "420101040800000300998800000300003fa00502016914a5959a4932bc05a020000003002000000301e1", small("Main 12", "2.1")},
		{"H.265 4:2:2 of 10 bits", H265, "4201010408000003009d0800000300003fb005020169365959a4932bc05a020000030002000003001e10", small("Main 4:2:2 10", "2.1")},
		{"H.265 4:4:4", H265, "4201010408000003009e0800000300003f9000a0402d2cb2b349265780b4040000030004000003003c20", small("Main 4:4:4", "2.1")},
		{"rubbish", H264, "67ff", devices.Stream{}},
		{"none", H264, "", devices.Stream{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got devices.Stream
			c.codec.describe(unhex(t, c.sps), &got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.sps, diff)
			}
		})
	}
}

// TestFigure lets no number out that JSON cannot carry.
func TestFigure(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := Figure(v, 1); got != nil {
			t.Errorf("%v: got %v, want none", v, *got)
		}
	}
	if got := Figure(25.0449, 2); got == nil || *got != 25.04 {
		t.Errorf("got %v, want 25.04", got)
	}
}
