package meter

import (
	"math"
	"testing"

	"sitepost/devices"
)

// Video parameter sets of x265, with the rate that ffmpeg wrote into them and
// reads in them; vpsNone is as x265 wrote it.
const (
	vpsNone   = "40010c01ffff01600000030090000003000003003f959809"
	vpsNTSC   = "40010c01ffff01600000030090000003000003003f95980c00000fa40001d4c3a0"           // 30000/1001
	vpsLayers = "40010c02ffff01600000030090000003000003003f00009598acc0600000030020000003032a" // 25/1, two temporal sub-layers
)

// A pen writes bits, for sets that no encoder at hand writes.
type pen struct {
	b    []byte
	left int
}

func (p *pen) put(n int, v uint64) *pen {
	for n--; n >= 0; n-- {
		if p.left == 0 {
			p.b, p.left = append(p.b, 0), 8
		}
		p.left--
		p.b[len(p.b)-1] |= byte(v>>n&1) << p.left
	}
	return p
}

// handVPS is a set with what vpsLayers has not: a profile and a level of the
// lower sub-layer, ordering for the highest only, layer sets, and numbers of
// several bits.
func handVPS(tick, scale uint64) []byte {
	p := new(pen).put(16, 0x4001).put(12, 0x0c0).put(3, 1).put(1, 1).put(16, 0xffff)
	p.put(64, math.MaxUint64).put(24, 0xffffff).put(8, 123) // general
	p.put(1, 1).put(1, 1).put(14, 0)                        // a profile, a level; seven pairs of nothing
	p.put(64, math.MaxUint64).put(24, 0xffffff).put(8, 90)
	p.put(1, 0).put(1, 1).put(3, 0b010).put(5, 0b00110) // 0, 1, 5
	p.put(6, 2).put(3, 0b011).put(3, 5).put(3, 7)       // layers to 2; 2 sets more, of 3 bits each
	return p.put(1, 1).put(32, tick).put(32, scale).put(8, 0x80).b
}

// TestVPSRate reads the rate of a video parameter set, and believes no
// impossible one.
func TestVPSRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		vps  []byte
		want float64
	}{
		{"none", unhex(t, vpsNone), 0},
		{"30000/1001", unhex(t, vpsNTSC), 29.97},
		{"25 with sub-layers", unhex(t, vpsLayers), 25},
		{"sub-layers and layer sets", handVPS(0x01010101, 0x0c0c0c0c), 12},
		{"no tick", handVPS(0, 0x8c8c8c8c), 0},
		{"too fast", handVPS(0x01010101, 0xf2f2f2f2), 0},
		{"just not", handVPS(0x01010101, 0xf0f0f0f0), 240},
		{"too slow to be told", handVPS(math.MaxUint32, 1), 0},
		{"not a VPS", append([]byte{0x42}, unhex(t, vpsNTSC)[1:]...), 0},
		{"nothing", nil, 0},
		{"zeros only", append(unhex(t, "4001"), make([]byte, 100)...), 0},
		{"too long", append(unhex(t, vpsNTSC), make([]byte, maxSet)...), 0},
	} {
		if got := vpsRate(c.vps); got != c.want {
			t.Errorf("%s: %x: got %v, want %v", c.name, c.vps, got, c.want)
		}
	}
	whole := unhex(t, vpsNTSC)
	for n := range len(whole) - 1 { // the last bits of the time scale are in the last byte but one
		if got := vpsRate(whole[:n]); got != 0 {
			t.Errorf("torn after %d bytes: got %v, want none", n, got)
		}
	}
}

// TestVPSFillsIn takes the rate of the VPS only where the SPS has none, from a
// description and in the stream.
func TestVPSFillsIn(t *testing.T) {
	t.Parallel()
	vps := unhex(t, vpsNTSC)
	silent := unhex(t, spsHEVCSilent)
	for _, c := range []struct {
		name string
		sps  []byte
		want float64
	}{
		{"the SPS has none", silent, 29.97},
		{"the SPS has one", unhex(t, spsHEVCMain), 25},
	} {
		var s devices.Stream
		H265.describe(c.sps, &s)
		H265.describeVPS(vps, &s)
		if s.FPSNominal == nil || *s.FPSNominal != c.want {
			t.Errorf("%s, in a description: got %v, want %v", c.name, s.FPSNominal, c.want)
		}
		r := roll{Meter: Meter{Codec: H265, Clock: 90000}}
		for _, p := range [][]byte{vps, c.sps, {0x26, 1, 0xaf}} {
			r.send(p)
		}
		r.Fill(&s, t0)
		if s.FPSNominal == nil || *s.FPSNominal != c.want || s.Parameters != "stream" {
			t.Errorf("%s, in the stream: got %v from the %s, want %v", c.name, s.FPSNominal, s.Parameters, c.want)
		}
	}
	r := roll{Meter: Meter{Codec: H265, Clock: 90000}}
	for _, p := range [][]byte{vps, silent, {0x26, 1, 0xaf}, unhex(t, vpsLayers), silent, {0x26, 1, 0xaf}} {
		r.send(p)
	}
	if !r.Changed() {
		t.Error("the VPS says another rate: got no change, want one")
	}
	var s devices.Stream
	H264.describeVPS(vps, &s)
	if s.FPSNominal != nil {
		t.Errorf("H.264 has no VPS: got %v", *s.FPSNominal)
	}
}
