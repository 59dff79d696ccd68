package meter

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// cut fills and renews, as the keeper of a long session does.
func cut(m *Meter, at time.Time) figures {
	var s devices.Stream
	m.Fill(&s, at)
	m.Renew(at)
	return read(s)
}

// TestWindows cuts a steady stream of 25 frames of 3,000 bytes a second, a key
// frame every second, and finds in each window what came in it, at one rate.
func TestWindows(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 25}
	cuts := map[int]figures{ // before the frame
		60:  {Frames: 60, Keys: 3, GOP: 25, Packets: 180, FPS: 25, Bitrate: 600e3, Peak: 600e3},
		61:  {Frames: 1, GOP: -1, Packets: 3, FPS: 25, Bitrate: 600e3, Peak: 600e3}, // the second that ends in it began before
		140: {Frames: 79, Keys: 3, GOP: 25, Packets: 237, FPS: 25, Bitrate: 600e3, Peak: 600e3},
		150: {Frames: 10, GOP: -1, Packets: 30, FPS: 25, Bitrate: 600e3, Peak: 600e3},
		200: {Frames: 50, Keys: 2, GOP: 25, Packets: 150, FPS: 25, Bitrate: 600e3, Peak: 600e3},
	}
	for i := range 201 {
		at := t0.Add(time.Duration(i) * 40 * time.Millisecond)
		if want, ok := cuts[i]; ok {
			if diff := cmp.Diff(want, cut(&m, at.Add(-time.Millisecond))); diff != "" {
				t.Errorf("at the cut before frame %d (-want +got):\n%s", i, diff)
			}
		}
		for _, p := range f.next() {
			m.Packet(p, at)
		}
	}
}

// TestWindowsLoseNothing cuts an uneven stream anywhere, also within frames: the
// frames and packets of the windows add up to those of the stream, and rate
// times time to all its bytes and frames.
func TestWindowsLoseNothing(t *testing.T) {
	t.Parallel()
	for every := 1; every < 80; every += 7 {
		m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 12}
		var total figures
		var began mark
		var bytes, frames float64
		end := func(at time.Time) {
			count, bits := m.spans(at)
			if began.n == 0 {
				began = bits.from
			}
			got := cut(&m, at)
			total.Frames, total.Keys, total.Packets = total.Frames+got.Frames, total.Keys+got.Keys, total.Packets+got.Packets
			bytes += max(0, got.Bitrate) / 8 * bits.took().Seconds()
			frames += max(0, got.FPS) * count.took().Seconds()
		}
		at, n := t0, 0
		for i := range 121 {
			for k, p := range f.next() {
				p.Payload = p.Payload[:100+(i*37+k*211)%800]
				m.Packet(p, at)
				at = at.Add(time.Duration(3+i%5) * time.Millisecond)
				if n++; n%every == 0 {
					end(at)
				}
			}
		}
		end(at)
		if total.Frames != 121 || total.Keys != 11 || total.Packets != 363 {
			t.Errorf("cut every %d packets: got %d frames, %d key frames, %d packets, want 121, 11, 363", every, total.Frames, total.Keys, total.Packets)
		}
		if want := float64(m.window.bitsFrom.bytes - began.bytes); math.Abs(bytes-want) > 50 {
			t.Errorf("cut every %d packets: got %.0f bytes, want %.0f", every, bytes, want)
		}
		if math.Abs(frames-120) > 0.1 { // the last has no end
			t.Errorf("cut every %d packets: got %.2f frames, want 120", every, frames)
		}
	}
}

// TestWindowsAndLatePackets counts a packet that comes behind the border in the
// window that missed it only: as lost.
func TestWindowsAndLatePackets(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 25}
	var packets []*rtp.Packet
	for range 4 {
		packets = append(packets, f.next()...)
	}
	for _, i := range []int{0, 1, 3, 4} {
		m.Packet(packets[i], t0)
	}
	if got := cut(&m, t0); got.Packets != 5 || got.Loss != 0.2 {
		t.Errorf("got loss %v of %d, want 0.2 of 5", got.Loss, got.Packets)
	}
	for _, i := range []int{2, 4, 5, 7, 6} { // late over the border, twice over the border, late within
		m.Packet(packets[i], t0)
	}
	if got := cut(&m, t0); got.Packets != 3 || got.Loss != 0 || got.Duplicates != 1 {
		t.Errorf("got loss %v of %d, %d twice, want 0 of 3, 1", got.Loss, got.Packets, got.Duplicates)
	}
	if got := cut(&m, t0); got.Packets != 0 || got.Loss != -1 || got.Duplicates != 0 || got.Jitter != -1 {
		t.Errorf("nothing came: got %+v", got)
	}
	if want := int64(8 * 1000); m.bytes != want {
		t.Errorf("got %d bytes, want %d", m.bytes, want)
	}
}

// TestWindowsOfSilence gives each window its share of a silence, and no more.
func TestWindowsOfSilence(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 10}
	play := func(from time.Time, frames int) {
		for i := range frames {
			for _, p := range f.next() {
				m.Packet(p, from.Add(time.Duration(i)*40*time.Millisecond))
			}
		}
	}
	second := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Second) }
	want := func(at time.Time, frames int, fps, bits float64) {
		t.Helper()
		if got := cut(&m, at); got.Frames != frames || got.FPS != fps || got.Bitrate != bits {
			t.Errorf("got %d frames, %v fps, %v bit/s, want %d, %v, %v", got.Frames, got.FPS, got.Bitrate, frames, fps, bits)
		}
	}
	play(t0, 25)
	want(second(5), 25, 5, 120e3)      // 25 frames in 5 s
	want(second(10), 0, 0, 0)          // none in the next
	play(second(15), 26)               // 0 to 1 s of them
	want(second(16), 26, 4.167, 100e3) // 25 frames in 6 s
}

// TestWindowsKeepThePace waits for a slow camera in the next window as long as
// in the one before, and then calls it silent.
func TestWindowsKeepThePace(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 10}
	for i := range 11 {
		for _, p := range f.next() {
			m.Packet(p, t0.Add(time.Duration(i)*time.Second))
		}
	}
	for _, c := range []struct{ at, fps float64 }{{10.5, 1}, {12.2, -1}, {14, 0.25}} { // the frame of 10 s lasts 4 s
		if got := cut(&m, t0.Add(time.Duration(c.at*1000)*time.Millisecond)); got.FPS != c.fps {
			t.Errorf("at %v s: got %v fps, want %v", c.at, got.FPS, c.fps)
		}
	}
}

// TestWindowsHaveTheirOwnPeak forgets the busiest second of the window before,
// also when it became whole only in a silence.
func TestWindowsHaveTheirOwnPeak(t *testing.T) {
	t.Parallel()
	m, f := Meter{Codec: H264, Clock: 90000}, film{gop: 25}
	play := func(from time.Duration, bytes int) {
		for i := range 50 {
			for _, p := range f.next() {
				p.Payload = p.Payload[:bytes-HeaderSize]
				m.Packet(p, t0.Add(from+time.Duration(i)*40*time.Millisecond))
			}
		}
	}
	play(0, 1000)
	if got := cut(&m, t0.Add(7*time.Second)); got.Peak != 600e3 {
		t.Errorf("got a peak of %v, want 600000", got.Peak)
	}
	play(7*time.Second, 500)
	if got := cut(&m, t0.Add(9*time.Second)); got.Peak != 300e3 {
		t.Errorf("got a peak of %v, want 300000", got.Peak)
	}
}
