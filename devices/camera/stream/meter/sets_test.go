package meter

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// A roll sends whole payloads, each a frame of its own.
type roll struct {
	Meter
	n uint16
}

func (r *roll) send(payload []byte) {
	r.Packet(&rtp.Packet{
		Header:  rtp.Header{SequenceNumber: r.n, Timestamp: uint32(r.n) * 3600},
		Payload: payload,
	}, t0.Add(time.Duration(r.n)*40*time.Millisecond))
	r.n++
}

// TestChanged notices once when the sets in the stream say something else, and
// only then.
func TestChanged(t *testing.T) {
	t.Parallel()
	was := unhex(t, spsHigh40)
	padded := append(unhex(t, spsHigh40), 0) // other bytes, the same meaning
	slower := unhex(t, spsNoTick)            // another meaning: no rate
	second := unhex(t, spsTooFast)           // a second set that follows the first each time
	idr, slice := []byte{0x65, 0x88}, []byte{0x41, 0x9a}
	for _, c := range []struct {
		name string
		send [][]byte
		want int // frames after which it said so, in bits
	}{
		{"the first is no change", [][]byte{was, idr, slice}, 0},
		{"the same again", [][]byte{was, idr, was, idr, slice}, 0},
		{"other bytes that say the same", [][]byte{was, idr, padded, idr, slice}, 0},
		{"another meaning, with its key frame", [][]byte{was, idr, slice, slower, idr, slice, slower, idr}, 1 << 4},
		{"and back", [][]byte{was, idr, slower, idr, was, idr}, 1<<3 | 1<<5},
		{"rubbish", [][]byte{was, idr, {0x67, 0xff}, idr, was, idr}, 0},
		{"too long", [][]byte{was, idr, append([]byte{0x67}, make([]byte, maxSet)...), idr}, 0},
		{"two sets in turn", [][]byte{was, second, idr, was, second, idr}, 0},
		{"another set between key frames", [][]byte{was, idr, was, slice, second, slice, was, idr}, 0},
		{"no picture follows", [][]byte{was, idr, slower}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, got := roll{Meter: Meter{Codec: H264, Clock: 90000}}, 0
			for i, p := range c.send {
				r.send(p)
				if r.Changed() {
					got |= 1 << i
				}
			}
			if got != c.want || len(r.sets.sps) > maxSet {
				t.Errorf("got %b, want %b; %d bytes are kept", got, c.want, len(r.sets.sps))
			}
		})
	}
}

// TestParametersComeFromTheStream clears what a stale description said, as soon
// as a set in the stream can be read.
func TestParametersComeFromTheStream(t *testing.T) {
	t.Parallel()
	fps := 15.0
	stale := devices.Stream{Profile: "Baseline", Level: "3.0", Width: 640, Height: 480, FPSNominal: &fps, Parameters: "description"}
	fresh := devices.Stream{Profile: "High", Level: "4.0", Width: 1920, Height: 1080, Parameters: "stream"} // spsNoTick has no rate
	for _, c := range []struct {
		name string
		send [][]byte
		want devices.Stream
	}{
		{"nothing in band", [][]byte{{0x65, 0x88}}, stale},
		{"rubbish in band", [][]byte{{0x67, 0xff}, {0x65, 0x88}}, stale},
		{"a set in band", [][]byte{unhex(t, spsNoTick), {0x65, 0x88}}, fresh},
		{"a set and no picture yet", [][]byte{unhex(t, spsNoTick)}, fresh},
		{"then rubbish", [][]byte{unhex(t, spsNoTick), {0x65, 0x88}, {0x67, 0xff}, {0x65, 0x88}}, fresh},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, s := roll{Meter: Meter{Codec: H264, Clock: 90000}}, stale
			for _, p := range c.send {
				r.send(p)
			}
			for _, when := range []string{"in its window", "in the next"} {
				r.Fill(&s, t0)
				got := devices.Stream{Profile: s.Profile, Level: s.Level, Width: s.Width, Height: s.Height, FPSNominal: s.FPSNominal, Parameters: s.Parameters}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", when, diff)
				}
				r.Renew(t0)
			}
		})
	}
}
