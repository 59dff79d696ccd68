package meter

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// sane fails unless all figures are such that JSON and a reader can take them.
func sane(t *testing.T, s *devices.Stream) {
	t.Helper()
	if _, err := json.Marshal(s); err != nil { // refuses what is not finite
		t.Error(err)
	}
	for _, p := range []*float64{s.Loss, s.SmallFrames} {
		if p != nil && !(*p >= 0 && *p <= 1) {
			t.Errorf("got the share %v", *p)
		}
	}
	for _, p := range []*float64{s.FPS, s.BitrateBPS, s.PeakBPS, s.JitterMS, s.KeySeconds} {
		if p != nil && !(*p >= 0) {
			t.Errorf("got the figure %v", *p)
		}
	}
	if p := s.FPSNominal; p != nil && !(*p > 0 && *p <= 240) {
		t.Errorf("got a nominal rate of %v", *p)
	}
	if w, h := s.Width, s.Height; w != 0 && (w < 16 || w > 16384) || h != 0 && (h < 16 || h > 16384) || (w == 0) != (h == 0) {
		t.Errorf("got a picture of %dx%d", w, h)
	}
	// A frame is weighed where it ends, which may be behind the border of its window.
	if s.Frames < s.KeyFrames || s.Frames+1 < s.InterFrames || min(s.Packets, s.Frames, s.KeyFrames, s.InterFrames, s.Duplicates, s.Resets, s.SenderReports) < 0 {
		t.Errorf("got the counts %d %d %d %d", s.Packets, s.Frames, s.KeyFrames, s.InterFrames)
	}
}

// FuzzMeter feeds packets and reports of any kind at any pace, in windows: no
// panic, no figure that cannot be, and no packet or frame in two windows or none.
//
//	0 1  2 3  4                     5             6     7
//	seq  ts   marker, report, cut   0.1 s until   size  payload
func FuzzMeter(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 0, 2, 0x67, 1, 0, 2, 0, 0, 0, 9, 3, 28, 0x85, 1}, byte(H264))
	f.Add([]byte{255, 255, 255, 0, 0, 0, 4, 0x60, 1, 0, 3}, byte(H265))
	f.Add([]byte{0, 1, 0, 1, 2, 9, 2, 0x65, 0x80, 0, 3, 0, 1, 4, 30, 2, 0x41, 0x80, 0, 2, 0, 2, 6, 0, 2, 0x41, 0x80, 0, 4, 0, 3, 7, 50, 2, 0x65, 0x80}, byte(H264))
	f.Add([]byte{0, 1, 0, 1, 4, 0, 2, 0x41, 0x80, 0, 2, 0, 1, 4, 0, 2, 0x65, 0x80}, byte(H264)) // turns out to be a key frame behind the border
	f.Add(slices.Concat([]byte{0, 1, 0, 0, 0, 0, byte(len(unhex(f, spsHigh40)))}, unhex(f, spsHigh40), []byte{0, 2, 0, 0, 4, 10, 2, 0x65, 0x80}), byte(H264))
	f.Fuzz(func(t *testing.T, b []byte, kind byte) {
		m, at := Meter{Codec: Codec(kind % 4), Clock: 90000}, t0
		frames := 0
		cut := func() {
			var s devices.Stream
			m.Fill(&s, at)
			sane(t, &s)
			m.Renew(at)
			frames += s.Frames
		}
		for len(b) > 7 {
			size := min(int(b[6]), len(b)-7)
			m.Packet(&rtp.Packet{
				Header: rtp.Header{
					SequenceNumber: uint16(b[0])<<8 | uint16(b[1]),
					Timestamp:      uint32(b[2])<<24 | uint32(b[3])<<8,
					Marker:         b[4]&1 == 1,
				},
				Payload: b[7 : 7+size],
			}, at)
			if b[4]&2 != 0 {
				m.Report(&rtcp.SenderReport{NTPTime: uint64(b[2])<<56 | uint64(b[5])}, at)
			}
			m.Changed()
			at = at.Add(time.Duration(b[5]) * 100 * time.Millisecond)
			if b[4]&4 != 0 {
				cut()
			}
			b = b[7+size:]
		}
		cut()
		if frames != m.frames && m.Codec != Multiplex {
			t.Errorf("got %d frames in windows, want %d", frames, m.frames)
		}
	})
}

// FuzzParameterSets holds the clamps against any bytes.
func FuzzParameterSets(f *testing.F) {
	for _, s := range []string{spsHigh40, spsNoTick, spsTooFast, spsHEVCMain, spsHEVCSilent} {
		f.Add(unhex(f, s), unhex(f, vpsNTSC))
	}
	f.Add(unhex(f, spsHEVCSilent), handVPS(1, 25))
	f.Fuzz(func(t *testing.T, sps, vps []byte) {
		for _, c := range []Codec{Other, H264, H265, Multiplex} {
			var s devices.Stream
			c.describe(sps, &s)
			c.describeVPS(vps, &s)
			sane(t, &s)
		}
	})
}

// FuzzVPS holds the rate of a VPS against any bytes behind its header.
func FuzzVPS(f *testing.F) {
	for _, s := range []string{vpsNone, vpsNTSC, vpsLayers} {
		f.Add(unhex(f, s)[2:])
	}
	f.Add(handVPS(1, 25)[2:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if fps := vpsRate(append([]byte{0x40, 1}, b...)); !(fps >= 0 && fps <= 240) {
			t.Errorf("got %v", fps)
		}
	})
}

// FuzzSee looks into any payload: what it finds lies within.
func FuzzSee(f *testing.F) {
	for _, s := range []string{"", "7c 85 88", "78 0002 6764 00ff 65", "60 01 0003 40010c 0003 420101 0003 2601af", "62 01 93 af", "7d 85"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, c := range []Codec{Other, H264, H265, Multiplex} {
			var s sight
			s.see(c, p)
			if len(s.sps)+len(s.vps) > len(p) || s.firsts > len(p) || s.key && !s.slice || s.firsts > 0 && !s.slice {
				t.Errorf("%x: got %+v", p, s)
			}
		}
	})
}

// BenchmarkMeter is the cost of one packet of a stream, three to a frame. The
// time is read from the clock, as in a visit: such times are subtracted faster.
func BenchmarkMeter(b *testing.B) {
	f := film{gop: 50}
	var packets []*rtp.Packet
	for range 100 {
		packets = append(packets, f.next()...)
	}
	m, start := Meter{Codec: H264, Clock: 90000}, time.Now()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := packets[i%len(packets)]
		p.SequenceNumber, p.Timestamp = uint16(i), uint32(i/3*3600)
		m.Packet(p, start.Add(time.Duration(i)*13*time.Millisecond))
	}
}
