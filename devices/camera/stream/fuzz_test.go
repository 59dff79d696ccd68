package stream

import (
	"math"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// FuzzMeter feeds packets and reports of any kind at any pace: no panic, and no
// figure that JSON or a reader could not take.
func FuzzMeter(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 0, 2, 0x67, 1, 0, 2, 0, 0, 0, 9, 3, 28, 0x85, 1}, byte(h264Codec))
	f.Add([]byte{255, 255, 255, 0, 0, 0, 4, 0x60, 1, 0, 3}, byte(h265Codec))
	f.Fuzz(func(t *testing.T, b []byte, kind byte) {
		m, at := meter{codec: codec(kind % 3), clock: 90000}, t0
		for len(b) > 7 {
			size := min(int(b[6]), len(b)-7)
			m.packet(&rtp.Packet{
				Header: rtp.Header{
					SequenceNumber: uint16(b[0])<<8 | uint16(b[1]),
					Timestamp:      uint32(b[2])<<24 | uint32(b[3])<<8,
					Marker:         b[4]&1 == 1,
				},
				Payload: b[7 : 7+size],
			}, at)
			m.report(&rtcp.SenderReport{NTPTime: uint64(b[2])<<56 | uint64(b[5])}, at)
			at = at.Add(time.Duration(b[5]) * 100 * time.Millisecond)
			b = b[7+size:]
		}
		var s devices.Stream
		m.fill(&s, at)
		for _, p := range []*float64{s.FPS, s.BitrateBPS, s.PeakBPS, s.Loss, s.JitterMS, s.ClockErrorMS, s.FPSNominal} {
			if p != nil && (math.IsNaN(*p) || math.IsInf(*p, 0)) {
				t.Errorf("got the figure %v", *p)
			}
		}
		if s.Loss != nil && (*s.Loss < 0 || *s.Loss > 1) || s.Frames < s.KeyFrames {
			t.Errorf("got %+v", s)
		}
	})
}

// BenchmarkMeter is the cost of one packet of a 4 Mbit/s stream.
func BenchmarkMeter(b *testing.B) {
	f := film{gop: 50}
	var packets []*rtp.Packet
	for range 100 {
		packets = append(packets, f.next()...)
	}
	m := meter{codec: h264Codec, clock: 90000}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := *packets[i%len(packets)]
		p.SequenceNumber = uint16(i)
		p.Timestamp = uint32(i / 3 * 3600)
		m.packet(&p, t0.Add(time.Duration(i)*13*time.Millisecond))
	}
}
