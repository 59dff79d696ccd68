package stream

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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
// as a visit.
func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: after(20*time.Millisecond, filming(50, nil))}
		var steps []string
		target := near(cam)
		target.Step = func(state string) { steps = append(steps, state) }
		got, err := followed(t, target, 60*time.Second, 3)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %d streams, %v", len(got), err)
		}
		for i, s := range got {
			frames := 1500
			if i == 0 {
				frames = int(25 * s.Seconds)
			}
			if s.State != Live || s.Frames != frames || *s.FPS != 25 || (s.Seconds == 60) == (i == 0) || s.Seconds < 2 || s.Packets != 3*frames || s.Codec != "H264" || s.Transport != "tcp" {
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

// TestFollowEnds with the error of whoever takes the Streams.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("full")
		cam := &fake{play: after(20*time.Millisecond, filming(50, nil))}
		if err := Follow(t.Context(), near(cam), time.Second, func(devices.Stream) error { return full }); err != full {
			t.Errorf("got %v, want %v", err, full)
		}
	})
}
