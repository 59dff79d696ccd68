package meter

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// t0 is when the streams of these tests begin.
var t0 = time.Date(2026, 11, 21, 22, 40, 0, 0, time.UTC)

// A film makes packets as a camera would: frames of 40 ms, 3,600 ticks of 90 kHz,
// three packets of 1,000 bytes with their header, every gop-th frame a key frame.
type film struct {
	codec  Codec
	gop    int
	seq    uint16
	ts     uint32
	frame  int
	marker bool // of the last packet
}

// next is the packets of the next frame.
func (f *film) next() []*rtp.Packet {
	kind := byte(1)
	if f.frame%f.gop == 0 {
		kind = 5
	}
	var packets []*rtp.Packet
	for i := range 3 {
		payload := make([]byte, 1000-HeaderSize)
		payload[0], payload[1], payload[2] = 28, kind, 0x80 // FU-A, of the first slice
		payload[1] |= []byte{0x80, 0, 0x40}[i]              // its start and its end
		packets = append(packets, &rtp.Packet{
			Header:  rtp.Header{SequenceNumber: f.seq, Timestamp: f.ts, Marker: f.marker && i == 2},
			Payload: payload,
		})
		f.seq++
	}
	f.frame++
	f.ts += 3600
	return packets
}

// figures is a meter's result without pointers: -1 is absent.
type figures struct {
	Frames, Keys, GOP, Packets, Duplicates, Resets int
	FPS, Bitrate, Peak, Loss, Jitter               float64
}

func read(s devices.Stream) figures {
	or := func(p *float64) float64 {
		if p == nil {
			return -1
		}
		return *p
	}
	f := figures{s.Frames, s.KeyFrames, -1, s.Packets, s.Duplicates, s.Resets, or(s.FPS), or(s.BitrateBPS), or(s.PeakBPS), or(s.Loss), or(s.JitterMS)}
	if s.GOPFrames != nil {
		f.GOP = *s.GOPFrames
	}
	return f
}

// TestMeter plays films with one known fault each and finds exactly that fault:
// 25 frames of 3,000 bytes a second are 600,000 bit/s.
func TestMeter(t *testing.T) {
	still := figures{Frames: 100, Keys: 2, GOP: 50, Packets: 300, FPS: 25, Bitrate: 600e3, Peak: 600e3}
	with := func(change func(*figures)) figures { f := still; change(&f); return f }
	// jittering frames come up to 8 ms late in turn, so that each differs by
	// 8 ms from the one before: J = 8 (1 - (15/16)^99).
	jitter := math.Round(8*(1-math.Pow(15.0/16, 99))*1000) / 1000
	for _, c := range []struct {
		name   string
		film   film
		frames int
		mangle func(i int, k []*rtp.Packet) []*rtp.Packet
		delay  func(i int) time.Duration
		want   figures
	}{
		{name: "nothing wrong", want: still},
		{name: "sequence and time stamp wrap", film: film{seq: 65500, ts: math.MaxUint32 - 7200}, want: still},
		{name: "markers are not needed", film: film{marker: true}, want: still},
		{
			name: "every tenth frame loses its second packet", // five of 150 between the key frames, two of 75 in the best second
			mangle: func(i int, k []*rtp.Packet) []*rtp.Packet {
				if i%10 == 5 {
					return []*rtp.Packet{k[0], k[2]}
				}
				return k
			},
			want: with(func(f *figures) { f.Loss = math.Round(10.0/300*1e6) / 1e6; f.Bitrate, f.Peak = 580e3, 584e3 }),
		},
		{
			name: "a packet comes twice, another much later again",
			mangle: func(i int, k []*rtp.Packet) []*rtp.Packet {
				switch i {
				case 7:
					return []*rtp.Packet{k[0], k[1], k[1], k[2]}
				case 40:
					early := *k[0]
					early.SequenceNumber -= 60
					return append(k, &early)
				}
				return k
			},
			want: with(func(f *figures) { f.Duplicates = 2 }),
		},
		{
			name: "packets change places",
			mangle: func(i int, k []*rtp.Packet) []*rtp.Packet {
				return []*rtp.Packet{k[0], k[2], k[1]}
			},
			want: still,
		},
		{
			name: "the sequence starts anew",
			mangle: func(i int, k []*rtp.Packet) []*rtp.Packet {
				if i >= 25 {
					for _, p := range k {
						p.SequenceNumber += 20000
					}
				}
				return k
			},
			want: with(func(f *figures) { f.Resets, f.GOP = 1, -1 }),
		},
		{
			name:  "frames come late in turn",
			delay: func(i int) time.Duration { return time.Duration(i%2) * 8 * time.Millisecond },
			want:  with(func(f *figures) { f.Jitter = jitter; f.FPS = math.Round(99/3.968*1000) / 1000 }),
		},
		{
			name: "time stamps out of order have no jitter",
			mangle: func(i int, k []*rtp.Packet) []*rtp.Packet {
				for _, p := range k {
					p.Timestamp += []uint32{0, 7200, 0, 0}[i%4] // a B frame behind its reference
					p.Timestamp -= []uint32{0, 0, 3600, 0}[i%4]
				}
				return k
			},
			want: with(func(f *figures) { f.Jitter = -1 }),
		},
		{
			name:   "a camera of another codec",
			film:   film{codec: Other},
			want:   with(func(f *figures) { f.Keys, f.GOP = 0, -1 }),
			frames: 100,
		},
		{
			name: "a multiplex, of which each packet has a time stamp of its own", // 298 packets of 1,000 bytes before the last, in 3.96 s
			film: film{codec: Multiplex},
			mangle: func(i int, k []*rtp.Packet) []*rtp.Packet {
				for n, p := range k {
					p.Timestamp += uint32(n * 1200)
				}
				if i == 50 {
					return k[1:]
				}
				return k
			},
			want:   figures{0, 0, -1, 300, 0, 0, -1, math.Round(298 * 1000 * 8 / 3.96), 600e3, math.Round(1.0/300*1e6) / 1e6, -1},
			frames: 100,
		},
		{name: "less than a second has no busiest second", frames: 10, want: figures{10, 1, -1, 30, 0, 0, 25, 600e3, -1, 0, 0}},
		{name: "one frame says little", frames: 1, want: figures{1, 1, -1, 3, 0, 0, -1, -1, -1, 0, -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.film.codec == Other && c.name != "a camera of another codec" {
				c.film.codec = H264
			}
			if c.frames == 0 {
				c.frames = 100
			}
			c.film.gop = 50
			m := Meter{Codec: c.film.codec, Clock: 90000}
			var at time.Time
			for i := range c.frames {
				at = t0.Add(time.Duration(i) * 40 * time.Millisecond)
				if c.delay != nil {
					at = at.Add(c.delay(i))
				}
				k := c.film.next()
				if c.mangle != nil {
					k = c.mangle(i, k)
				}
				for _, p := range k {
					m.Packet(p, at)
				}
			}
			var s devices.Stream
			m.Fill(&s, at)
			if diff := cmp.Diff(c.want, read(s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMeterCountsPicturesOnly does not take parameter sets for a frame, though
// the camera gives them a time stamp of their own.
func TestMeterCountsPicturesOnly(t *testing.T) {
	t.Parallel()
	m := Meter{Codec: H264, Clock: 90000}
	seq := uint16(0)
	send := func(ts uint32, payload ...byte) {
		m.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: ts}, Payload: payload}, t0.Add(time.Duration(seq)*20*time.Millisecond))
		seq++
	}
	for gop := range uint32(3) {
		send(gop*7200-1, 0x67, 1)
		send(gop*7200, 0x65, 1)
		send(gop*7200+3600, 0x41, 1)
	}
	var s devices.Stream
	m.Fill(&s, t0.Add(180*time.Millisecond))
	got := read(s)
	want := figures{Frames: 6, Keys: 3, GOP: 2, Packets: 9}
	got.FPS, got.Bitrate, got.Peak, got.Jitter = 0, 0, 0, 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := t0.Add(20 * time.Millisecond); !m.pictureAt.Equal(want) {
		t.Errorf("got the first picture at %v, want %v", m.pictureAt, want)
	}
}

// TestMeterIsNotFlatteredBySilence reckons the frame rate of a camera that fell
// silent to the end of the visit, not to its last frame.
func TestMeterIsNotFlatteredBySilence(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 10}
	for i := range 26 {
		for _, p := range f.next() {
			m.Packet(p, t0.Add(time.Duration(i)*40*time.Millisecond))
		}
	}
	var s devices.Stream
	m.Fill(&s, t0.Add(13*time.Second))
	got := read(s)
	if got.FPS != 2 || got.Bitrate != 48e3 || got.Peak != 600e3 {
		t.Errorf("got %v fps, %v bit/s, peak %v, want 2, 48000, 600000", got.FPS, got.Bitrate, got.Peak)
	}
	if q := m.Quiet(t0, t0.Add(13*time.Second)); q != 12*time.Second {
		t.Errorf("got quiet for %v, want 12s", q)
	}
}

// TestKeySeconds is the time of the last whole GOP: 50 frames of 40 ms, also
// when it began in the window before.
func TestKeySeconds(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 50}
	for i, want := range []float64{-1, 2, -1, 2} { // windows of 30 frames: key frames at 0, 50 and 100
		for k := range 30 {
			for _, p := range f.next() {
				m.Packet(p, t0.Add(time.Duration(i*30+k)*40*time.Millisecond))
			}
		}
		var s devices.Stream
		at := t0.Add(time.Duration(i*30+29) * 40 * time.Millisecond)
		m.Fill(&s, at)
		m.Renew(at)
		got := -1.0
		if s.KeySeconds != nil {
			got = *s.KeySeconds
		}
		if got != want || (s.GOPFrames != nil) != (want > 0) {
			t.Errorf("window %d: got %v s, want %v", i, got, want)
		}
	}
}
