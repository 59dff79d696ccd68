package stream

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// The tests of this file run in fake time, over pipes: a window of 60 s is exact
// and costs nothing, and a goroutine that is left fails the test.

// near is a target that is reached without a network.
func near(cam *fake) Target { return Target{URL: "rtsp://192.0.2.10/cam", dial: cam.dial} }

// after plays later, so that no window ends at the very moment of a frame.
func after(d time.Duration, play func(net.Conn, <-chan struct{})) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, gone <-chan struct{}) {
		select {
		case <-time.After(d):
			play(c, gone)
		case <-gone:
		}
	}
}

// followed follows a camera for so many Streams and returns them, with how the
// session ended.
func followed(t *testing.T, target Target, every time.Duration, n int) ([]devices.Stream, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []devices.Stream
	err := Follow(ctx, target, every, func(s devices.Stream) error {
		got = append(got, s)
		if len(got) == n {
			cancel()
		}
		return nil
	})
	return got, err
}

// TestFollow keeps one session and counts each window by itself; the first is as short
// as a visit, to the millisecond.
func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: after(20*time.Millisecond, filming(25, nil))}
		var steps []string
		target := near(cam)
		target.Step = func(state string) { steps = append(steps, state) }
		got, err := followed(t, target, 60*time.Second, 3)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %d streams, %v", len(got), err)
		}
		for i, s := range got {
			frames, seconds := 1500, 60.0
			if i == 0 {
				frames, seconds = 50, 2
			}
			if s.State != Live || s.Frames != frames || *s.FPS != 25 || s.Seconds != seconds || s.Packets != 3*frames || s.Codec != "H264" || s.Transport != "tcp" {
				t.Errorf("window %d: got %+v", i, s)
			}
			if (s.FirstFrameMS != nil) != (i == 0) || (s.ConnectMS != nil) != (i == 0) {
				t.Errorf("window %d tells of the first frame", i)
			}
		}
		if diff := cmp.Diff([]string{devices.StreamConnecting, devices.StreamDescribed, devices.StreamStarting}, steps); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, dials := cam.heard(); dials != 1 {
			t.Errorf("got %d dials, want one session", dials)
		}
	})
}

// TestFollowEnds with the error of whoever takes the Streams; with a Failure,
// after the last Stream with its state, when the session breaks or none comes
// about; and without an error when it is told to.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("full")
		cam := &fake{play: filming(50, nil)}
		if err := Follow(t.Context(), near(cam), time.Second, func(devices.Stream) error { return full }); err != full {
			t.Errorf("got %v, want %v", err, full)
		}
		cam = &fake{play: func(c net.Conn, gone <-chan struct{}) { reel{gop: 50, until: 50}.play(c, soonGone()); c.Close() }}
		got, err := followed(t, near(cam), time.Minute, 9)
		if diff := cmp.Diff(outcome{Offline, Play, nil}, outcomeOf(got[len(got)-1], err)); diff != "" || len(got) != 1 || got[0].Frames != 50 || got[0].FPS == nil {
			t.Errorf("got %+v, %v (-want +got):\n%s", got, err, diff)
		}
		cam = &fake{answer: func(question) string { return "RTSP/1.0 404 Not Found\r\n\r\n" }}
		got, err = followed(t, near(cam), time.Minute, 9)
		if diff := cmp.Diff(outcome{Offline, Describe, nil}, outcomeOf(got[len(got)-1], err)); diff != "" || len(got) != 1 {
			t.Errorf("got %+v, %v (-want +got):\n%s", got, err, diff)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		n := 0
		err = Follow(ctx, near(&fake{play: filming(50, nil)}), time.Minute, func(devices.Stream) error { n++; return nil })
		if err != nil || n != 2 {
			t.Errorf("got %d streams, %v, want two and no error", n, err)
		}
	})
}

// soonGone is closed after 50 frames.
func soonGone() <-chan struct{} {
	gone := make(chan struct{})
	time.AfterFunc(2*time.Second, func() { close(gone) })
	return gone
}

// TestFollowParameters hands a Stream over at once when the parameters change, and
// to a camera that changes them all the time one a second.
func TestFollowParameters(t *testing.T) {
	t.Parallel()
	sets := [][]byte{unhex(t, spsHigh40), unhex(t, spsNoTick)}
	with := func(gop int, which func(i int) int) func(int, []*rtp.Packet) []*rtp.Packet {
		return func(i int, k []*rtp.Packet) []*rtp.Packet {
			if i%gop == 0 {
				k[0].Payload = sets[which(i)%2]
			}
			return k
		}
	}
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: after(20*time.Millisecond, filming(25, with(25, func(i int) int { return i / 175 })))}
		got, err := followed(t, near(cam), 6*time.Second, 3)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %d, %v", len(got), err)
		}
		for i, want := range []struct {
			seconds float64
			nominal bool
		}{{2, true}, {5.02, false}, {6, false}} {
			if s := got[i]; s.Seconds != want.seconds || (s.FPSNominal != nil) != want.nominal || s.Width != 1920 || s.Parameters != "stream" {
				t.Errorf("%d: got %+v, want %+v", i, s, want)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: filming(5, with(5, func(i int) int { return i / 5 }))}
		got, err := followed(t, near(cam), time.Minute, 10)
		for _, s := range got {
			if s.Seconds < 1 || s.Seconds > 1.2 {
				t.Errorf("got a window of %v s", s.Seconds)
			}
		}
		if err != nil || len(got) != 10 {
			t.Errorf("got %d, %v", len(got), err)
		}
	})
}
