package stream

import (
	"context"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// TestEarly ends a visit of 4 s when it has seen what it came for, and does not
// give up a camera whose key frames are far between before 10 s; a visit that is
// not early takes as long as it was told.
func TestEarly(t *testing.T) {
	t.Parallel()
	keyAt := func(n int) func(int, []*rtp.Packet) []*rtp.Packet {
		return func(i int, k []*rtp.Packet) []*rtp.Packet { return kind(k, i == n) }
	}
	reports := func(r reel) func(net.Conn, <-chan struct{}) { return after(20*time.Millisecond, r.play) }
	noReports := func(r reel) func(net.Conn, <-chan struct{}) {
		return after(20*time.Millisecond, func(c net.Conn, gone <-chan struct{}) {
			r.play(deaf{c}, gone)
		})
	}
	for _, c := range []struct {
		name  string
		play  func(net.Conn, <-chan struct{})
		early float64 // seconds
		state string
		timed bool
	}{
		{"a GOP of one second", reports(reel{gop: 25}), 2, Live, false},
		{"a GOP of three seconds", reports(reel{gop: 75}), 3.02, Live, false},
		{"a GOP of ten seconds", reports(reel{gop: 250}), 4, Live, false},
		{"no sender reports", noReports(reel{gop: 25}), 4, Live, false},
		{"no sender reports, and the time is known", noReports(reel{gop: 25}), 2, Live, true},
		{"the first key frame after six seconds", reports(reel{gop: 1000, change: keyAt(150)}), 6.06, Live, false},
		{"no key frame", reports(reel{gop: 1000, change: keyAt(-1)}), 10, Degraded, false},
		{"stops after a second", reports(reel{gop: 25, until: 25}), 3.98, Stalled, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				target := near(&fake{play: c.play})
				s, err := Measure(t.Context(), target, 4*time.Second)
				if s.Seconds != 4 || c.state == Live && (err != nil || s.State != Live && c.name[0] == 'a') {
					t.Errorf("not early: got %+v, %v", s, err)
				}
				target.Early, target.Timed = true, c.timed
				if s, err = Measure(t.Context(), target, 4*time.Second); s.Seconds != c.early || s.State != c.state {
					t.Errorf("got %v s, %+v, %v, want %v s, %s", s.Seconds, s, err, c.early, c.state)
				}
			})
		})
	}
}

// kind makes a frame a key frame, or not.
func kind(k []*rtp.Packet, key bool) []*rtp.Packet {
	for _, p := range k {
		p.Payload[1] = p.Payload[1]&0x80 | 1
		if key {
			p.Payload[1] |= 4
		}
	}
	return k
}

// deaf keeps a camera's reports, on channel 1, from being sent.
type deaf struct{ net.Conn }

func (d deaf) Write(p []byte) (int, error) {
	if len(p) > 1 && p[0] == '$' && p[1] == 1 {
		return len(p), nil
	}
	return d.Conn.Write(p)
}

// TestFirstFrame splits the time to the first picture into five parts, exactly,
// that add up.
func TestFirstFrame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: after(20*time.Millisecond, filming(50, func(i int, k []*rtp.Packet) []*rtp.Packet { return kind(k, i == 3) }))}
		cam.answer = func(q question) string {
			time.Sleep(map[string]time.Duration{"OPTIONS": 7, "DESCRIBE": 30, "SETUP": 11, "PLAY": 50}[q.method] * time.Millisecond)
			return ""
		}
		target := near(cam)
		target.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			time.Sleep(10 * time.Millisecond)
			return cam.dial(ctx, network, address)
		}
		s, err := Measure(t.Context(), target, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, c := range []struct {
			what string
			got  *float64
			want float64
		}{
			{"connect", s.ConnectMS, 10}, {"describe", s.DescribeMS, 37}, {"play", s.PlayMS, 61},
			{"first packet", s.FirstPacketMS, 20}, {"key frame", s.KeyFrameMS, 120},
		} {
			if c.got == nil || *c.got != c.want {
				t.Errorf("%s: got %v ms, want %v", c.what, value(c.got), c.want)
				continue
			}
			sum += *c.got
		}
		if s.FirstFrameMS == nil || math.Abs(*s.FirstFrameMS-sum) > 1e-9 || sum != 248 {
			t.Errorf("got %v ms in all, and parts of %v", value(s.FirstFrameMS), sum)
		}
	})
}

// TestFirstFrameOvertaken adds up also where a part was overtaken by the next.
func TestFirstFrameOvertaken(t *testing.T) {
	t.Parallel()
	at := func(ms float64) time.Time { return t0.Add(time.Duration(ms * 1e6)) }
	w := times{start: t0, connected: at(1.26), described: at(2.52), played: at(9), packet: at(5.07), picture: at(7.33)}
	var s devices.Stream
	w.tell(&s)
	if got := [...]float64{*s.ConnectMS, *s.DescribeMS, *s.PlayMS, *s.FirstPacketMS, *s.KeyFrameMS, *s.FirstFrameMS}; got != [...]float64{1.3, 1.2, 2.6, 0, 2.2, 7.3} {
		t.Errorf("got %v", got)
	}
}
