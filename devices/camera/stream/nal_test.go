package stream

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
		codec   codec
		payload string
		want    sight
	}{
		{"H.264 slice", h264Codec, "41 9a", sight{slice: true}},
		{"H.264 IDR", h264Codec, "65 88", sight{slice: true, key: true}},
		{"H.264 SPS", h264Codec, "67 64 00", sight{sps: []byte{0x67, 0x64, 0}}},
		{"H.264 SEI", h264Codec, "06 05", sight{}},
		{"H.264 STAP-A with SPS, PPS, IDR", h264Codec, "78 0002 6764 0002 68eb 0002 6588", sight{slice: true, key: true, sps: []byte{0x67, 0x64}}},
		{"H.264 STAP-B", h264Codec, "79 0000 0002 6588", sight{slice: true, key: true}},
		{"H.264 STAP-A torn", h264Codec, "78 0002 6764 00ff 65", sight{sps: []byte{0x67, 0x64}}},
		{"H.264 STAP-A with an empty unit", h264Codec, "78 0000 0002 6588", sight{}},
		{"H.264 FU-A start of IDR", h264Codec, "7c 85 88", sight{slice: true, key: true}},
		{"H.264 FU-A middle of IDR", h264Codec, "7c 05 88", sight{slice: true, key: true}},
		{"H.264 FU-A of a slice", h264Codec, "5c 81 9a", sight{slice: true}},
		{"H.264 FU-A of an SPS is not an SPS", h264Codec, "7c 87 64", sight{}},
		{"H.265 slice", h265Codec, "02 01 d0", sight{slice: true}},
		{"H.265 IDR", h265Codec, "26 01 af", sight{slice: true, key: true}},
		{"H.265 CRA", h265Codec, "2a 01 af", sight{slice: true, key: true}},
		{"H.265 SPS", h265Codec, "42 01 01", sight{sps: []byte{0x42, 1, 1}}},
		{"H.265 AP with VPS, SPS, IDR", h265Codec, "60 01 0003 40010c 0003 420101 0003 2601af", sight{slice: true, key: true, vps: []byte{0x40, 1, 0x0c}, sps: []byte{0x42, 1, 1}}},
		{"H.265 FU of IDR", h265Codec, "62 01 93 af", sight{slice: true, key: true}},
		{"H.265 FU of a slice", h265Codec, "62 01 81 d0", sight{slice: true}},
		{"nothing", h264Codec, "", sight{}},
		{"one byte", h265Codec, "26", sight{}},
		{"another codec", other, "00", sight{slice: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := c.codec.see(unhex(t, c.payload))
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(sight{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.payload, diff)
			}
		})
	}
}

// Parameter sets of 1080p25 as encoders write them; spsNoTick is the first with
// its num_units_in_tick set to 0.
const (
	spsHigh40   = "67640028acb200f0044fcb80880000030008000003019078c19240"                               // x264
	spsNoTick   = "67640028acb200f0044fcb8088000003000003000003019078c19240"                             // x264, broken
	spsTooFast  = "67640028acb200f0044fcb80880000030008000003919078c19240"                               // x264, with time_scale 4,658: 2,329 frames a second
	spsHEVCMain = "420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c84" // x265
)

// TestParameterSets reads profile, level, size and rate, and believes no
// impossible rate.
func TestParameterSets(t *testing.T) {
	t.Parallel()
	fps := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		name  string
		codec codec
		sps   string
		want  devices.Stream
	}{
		{"H.264 High", h264Codec, spsHigh40, devices.Stream{Profile: "High", Level: "4.0", Width: 1920, Height: 1080, FPSNominal: fps(25)}},
		{"H.264 with an infinite rate", h264Codec, spsNoTick, devices.Stream{Profile: "High", Level: "4.0", Width: 1920, Height: 1080}},
		{"H.264 with an absurd rate", h264Codec, spsTooFast, devices.Stream{Profile: "High", Level: "4.0", Width: 1920, Height: 1080}},
		{"H.265 Main", h265Codec, spsHEVCMain, devices.Stream{Profile: "Main", Level: "4.0", Width: 1920, Height: 1080, FPSNominal: fps(25)}},
		{"rubbish", h264Codec, "67ff", devices.Stream{}},
		{"none", h264Codec, "", devices.Stream{}},
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

// FuzzParameterSets holds the clamps against any bytes.
func FuzzParameterSets(f *testing.F) {
	for _, s := range []string{spsHigh40, spsNoTick, spsTooFast, spsHEVCMain} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, sps []byte) {
		for _, c := range []codec{other, h264Codec, h265Codec} {
			var s devices.Stream
			c.describe(sps, &s)
			if s.Width < 0 || s.Width > 16384 || s.Height < 0 || s.Height > 16384 || s.FPSNominal != nil && !(*s.FPSNominal >= 0 && *s.FPSNominal <= 240) {
				t.Errorf("got %+v", s)
			}
		}
	})
}

// TestFigure lets no number out that JSON cannot carry.
func TestFigure(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := figure(v, 1); got != nil {
			t.Errorf("%v: got %v, want none", v, *got)
		}
	}
	if got := figure(25.0449, 2); got == nil || *got != 25.04 {
		t.Errorf("got %v, want 25.04", got)
	}
}
