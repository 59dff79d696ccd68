package meter

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// A scene is a picture as an encoder sends it: 25 frames a second, each in one
// packet. The figures are those of x264 at 720p (facts: bit rate, mean and
// coefficient of variation of the frames between key frames); the key frame has
// what is left of the bit rate.
type scene struct {
	mbits  float64
	inter  float64
	cv     float64
	gop    int                     // frames, 50 if 0
	moves  func(s float64) float64 // how much more or less there is to send at s seconds
	refine bool                    // the bytes sink after each key frame, as under CBR before a still picture
}

// play sends seconds of the scene and returns the figures.
func (c scene) play(seconds float64, seed uint64) devices.Stream {
	random := rand.New(rand.NewPCG(seed, 1))
	if c.gop == 0 {
		c.gop = 50
	}
	m := Meter{Codec: H264, Clock: 90000}
	key := c.mbits*1e6/8*float64(c.gop)/25 - c.inter*float64(c.gop-1)
	at, buffer := t0, make([]byte, int(max(key, 10*c.inter))+2)
	for i := range int(seconds*25) + 1 {
		size, kind := c.inter*(1+c.cv*random.NormFloat64()), byte(0x41)
		if c.refine {
			size = c.inter * 2 * (1 - float64(i%c.gop)/float64(c.gop))
		}
		if i%c.gop == 0 {
			size, kind = key, 0x65
		}
		if c.moves != nil {
			size *= c.moves(float64(i) / 25)
		}
		payload := buffer[:min(max(2, int(size)), len(buffer))]
		payload[0] = kind
		at = t0.Add(time.Duration(i)*40*time.Millisecond + time.Duration(random.IntN(10))*time.Millisecond)
		m.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i) * 3600}, Payload: payload}, at)
	}
	var s devices.Stream
	m.Fill(&s, at)
	m.Renew(at)
	var next devices.Stream
	if m.Fill(&next, at); next.RateMode != "" {
		s.RateMode += ", and " + next.RateMode + " of the window before"
	}
	return s
}

// TestRateMode tells a rate that is kept from one that follows the picture, and
// says nothing where nothing can be said.
func TestRateMode(t *testing.T) {
	t.Parallel()
	passing := func(s float64) float64 { return 1 + 0.8*math.Max(0, math.Sin(s/3)) } // somebody walks by, every 19 s
	dusk := func(s float64) float64 { return math.Exp(-s / 40) }
	for _, c := range []struct {
		name    string
		scene   scene
		seconds float64
		want    string
	}{
		{"live under CBR", scene{mbits: 3.15, inter: 7337, cv: .15}, 30, "cbr"},
		{"empty hall under CBR", scene{mbits: 3.12, inter: 6854, cv: .26}, 30, "cbr"},
		{"frozen under CBR", scene{mbits: 2.85, inter: 5192, refine: true}, 30, "cbr"},
		{"covered under CBR", scene{mbits: 3.11, inter: 6940, cv: .36}, 30, "cbr"},
		{"GOP of 4 s under CBR", scene{mbits: 3.15, inter: 11000, cv: .15, gop: 100}, 30, "cbr"},
		{"GOP of 10 s under CBR", scene{mbits: 3.15, inter: 13000, cv: .15, gop: 250}, 60, "cbr"},
		{"GOP of half a second under CBR", scene{mbits: 3.15, inter: 7337, cv: .15, gop: 12}, 30, "cbr"},
		{"key frames only, under CBR", scene{mbits: 3.15, gop: 1}, 30, "cbr"},
		{"live under VBR", scene{mbits: 3.21, inter: 7301, cv: .15, moves: passing}, 60, "vbr"},
		{"GOP of 4 s under VBR", scene{mbits: 3.21, inter: 9000, cv: .15, gop: 100, moves: passing}, 60, "vbr"},
		{"dusk falls under VBR", scene{mbits: 1.56, inter: 2585, cv: .2, moves: dusk}, 60, "vbr"},
		{"empty hall under VBR: nothing changes, so it cannot be told", scene{mbits: 1.56, inter: 2585, cv: .2}, 30, "cbr"},
		{"covered under VBR", scene{mbits: 0.20, inter: 79, cv: .3}, 30, ""},
		{"no video", scene{mbits: 0.013, inter: 24}, 30, ""},
		{"too short", scene{mbits: 3.15, inter: 7337, cv: .15}, 7, ""},
		{"too short, with a key frame each second", scene{mbits: 3.15, inter: 7337, cv: .15, gop: 25}, 7.1, ""},
		{"just long enough", scene{mbits: 3.15, inter: 7337, cv: .15}, 8.1, "cbr"},
		{"two GOPs only", scene{mbits: 3.15, inter: 11000, cv: .15, gop: 100}, 9, ""},
		{"no second key frame", scene{mbits: 3.15, inter: 11000, cv: .15, gop: 100000}, 30, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				if s := c.scene.play(c.seconds, seed); s.RateMode != c.want {
					t.Errorf("seed %d: got %q, want %q", seed, s.RateMode, c.want)
				}
			}
		})
	}
}

// TestRateModeAndStalls takes no stall for a change of the rate.
func TestRateModeAndStalls(t *testing.T) {
	t.Parallel()
	var y steady
	at := t0
	for i := range 750 {
		if i%150 == 70 {
			at = at.Add(4 * time.Second)
		}
		y.frame(at, map[bool]int64{true: 40000, false: 8000}[i%25 == 0], i%25 == 0)
		at = at.Add(40 * time.Millisecond)
	}
	if got := y.mode(sizes{}); got != "cbr" || y.stretches != 29-5 {
		t.Errorf("got %q of %d stretches, want cbr of 24", got, y.stretches)
	}
	y.renew()
	if got := y.mode(sizes{}); got != "" {
		t.Errorf("in a new window: got %q", got)
	}
}

// TestRateModeAndJumps leaves out the GOP in which the sequence began anew.
func TestRateModeAndJumps(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 25}
	for i := range 252 { // key frames at 0, 25 … 250
		if i == 60 {
			f.seq += 20000
		}
		for _, p := range f.next() {
			m.Packet(p, t0.Add(time.Duration(i)*40*time.Millisecond))
		}
	}
	if m.steady.stretches != 9 {
		t.Errorf("got %d stretches, want 9", m.steady.stretches)
	}
}

// TestSmallFrames counts frames between key frames by the bytes of the picture,
// and leaves out those that may be incomplete.
func TestSmallFrames(t *testing.T) {
	t.Parallel()
	r := roll{Meter: Meter{Codec: H264, Clock: 90000}}
	frame := func(kind byte, size int) []byte { return append([]byte{kind, 0x9a}, make([]byte, size-2)...) }
	check := func(when string, share float64, of int) {
		t.Helper()
		var s devices.Stream
		r.Fill(&s, t0)
		r.Renew(t0)
		got := -1.0
		if s.SmallFrames != nil {
			got = *s.SmallFrames
		}
		if got != share || s.InterFrames != of {
			t.Errorf("%s: got %v of %d, want %v of %d", when, got, s.InterFrames, share, of)
		}
	}
	check("nothing came", -1, 0)
	r.send(frame(0x65, 150))
	for _, size := range []int{199, 200, 5000, 24} {
		r.send(frame(0x41, size))
	}
	check("the last is not complete", 0.3333, 3)
	r.send(frame(0x65, 150))
	check("the last before the key frame", 1, 1)
	r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: r.n, Timestamp: uint32(r.n+1) * 3600}, Payload: frame(0x06, 500)}, t0) // a message of the next frame
	r.n++
	for range 3 {
		r.send(frame(0x41, 100))
	}
	r.n++ // lost: the frame before may have had more, the one after begins anywhere
	r.send(frame(0x41, 100))
	r.send(frame(0x41, 100))
	r.send(frame(0x41, 100))
	check("one is lost", 1, 3)

	o := roll{Meter: Meter{Codec: Other, Clock: 90000}}
	for range 10 {
		o.send(make([]byte, 100))
	}
	var s devices.Stream
	o.Fill(&s, t0)
	if s.SmallFrames != nil || s.InterFrames != 0 || s.RateMode != "" {
		t.Errorf("another codec has no key frames to tell: got %v of %d, %q", *s.SmallFrames, s.InterFrames, s.RateMode)
	}
}
