package stream

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// TestKnownSender measures a sender of known values through the whole library, for
// each codec, in one visit and in windows: its loss exactly, its jitter to a
// millisecond, its clock to five, its frame and bit rate and its GOP exactly.
//
// It sends 25 frames a second, a key frame every 40, three packets of 1,000 bytes
// a frame; of every twentieth frame the second packet is lost on the way; every
// other frame is 6 ms late; its clock is 1,234.567 ms ahead.
func TestKnownSender(t *testing.T) {
	t.Parallel()
	for _, codec := range []string{"H264", "H265"} {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				film := reel{gop: 40, ahead: 1234567 * time.Microsecond, late: func(i int) time.Duration { return time.Duration(i%2) * 6 * time.Millisecond }}
				film.change = func(i int, k []*rtp.Packet) []*rtp.Packet {
					if codec == "H265" {
						toH265(k)
					}
					if i%20 == 10 {
						k = []*rtp.Packet{k[0], k[2]}
					}
					return k
				}
				cam := &fake{play: after(20*time.Millisecond, film.play), description: sdpHead + strings.Replace(sdpVideo, "H264", codec, 1)}
				s, err := Measure(t.Context(), near(cam), 20*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				known(t, codec, "a visit", s, 500)
				got, err := followed(t, near(cam), 20*time.Second, 3)
				if err != nil || len(got) != 3 {
					t.Fatalf("got %d windows, %v", len(got), err)
				}
				for _, s := range got[1:] { // the first is shorter
					known(t, codec, "a window", s, 500)
				}
			})
		})
	}
}

// known compares a Stream with what the sender is known to send.
func known(t *testing.T, codec, what string, s devices.Stream, frames int) {
	t.Helper()
	lost := frames / 20
	for _, c := range []struct {
		what      string
		got       *float64
		want, off float64
	}{
		{"loss", s.Loss, math.Round(float64(lost)/float64(3*frames)*1e6) / 1e6, 0},
		{"jitter", s.JitterMS, 6, 1},
		{"clock error", s.ClockErrorMS, 1234.567, 5},
		{"frame rate", s.FPS, 25, 0.02}, // a window ends within the 6 ms: 6 of 20,000
		// of the 120 packets of a GOP two are lost: 118,000 bytes in 1.6 s
		{"bit rate", s.BitrateBPS, 590e3, 0},
	} {
		if c.got == nil || math.Abs(*c.got-c.want) > c.off {
			t.Errorf("%s: got the %s %v, want %v", what, c.what, value(c.got), c.want)
		}
	}
	if s.State != Live || s.Codec != codec || s.Frames != frames || s.Packets != 3*frames || s.Duplicates != 0 || s.Resets != 0 ||
		s.GOPFrames == nil || *s.GOPFrames != 40 {
		t.Errorf("%s: got %+v", what, s)
	}
}

func value(p *float64) any {
	if p == nil {
		return "absent"
	}
	return *p
}

// toH265 makes the packets of a film such of H.265: fragments of an IDR_W_RADL or
// of a TRAIL_R (RFC 7798 4.4.3).
func toH265(k []*rtp.Packet) {
	for _, p := range k {
		start, kind := p.Payload[1]&0x80, byte(1)
		if p.Payload[1]&0x1f == 5 {
			kind = 19
		}
		p.Payload[0], p.Payload[1], p.Payload[2] = 49<<1, 1, start|kind
	}
}
