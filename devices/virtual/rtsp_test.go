package virtual

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/stream"
)

// TestNTP writes the fraction of a second in parts of 2^32, which the library's
// own reports do not.
func TestNTP(t *testing.T) {
	got := ntp(time.Unix(1, 900_000_000))
	if want := uint64(2208988801)<<32 | 0xE6666666; got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestClipIsWhatItIsSaidToBe takes the committed clip apart: one closed group
// of pictures, first frame a key frame, no B frames, and not larger than a
// repository should carry.
func TestClipIsWhatItIsSaidToBe(t *testing.T) {
	if len(clipBytes) > 700<<10 {
		t.Errorf("got %d bytes, want at most 700 KiB", len(clipBytes))
	}
	c, err := loadClip(clipBytes)
	if err != nil {
		t.Fatal(err)
	}
	var keys []int
	for i, f := range c.frames {
		if f[len(f)-1][0]&0x1f == 5 {
			keys = append(keys, i)
		}
	}
	if diff := cmp.Diff([]int{0}, keys); diff != "" || len(c.frames) != ClipGOP {
		t.Errorf("got %d frames, want %d; key frames (-want +got):\n%s", len(c.frames), ClipGOP, diff)
	}
}

// TestCameraShowsTheClip measures a virtual camera by the product's own meter
// and finds the facts of the clip, with its login, a password full of signs,
// and nothing lost.
func TestCameraShowsTheClip(t *testing.T) {
	cam := serve(t, RTSPOptions{User: "onvif", Password: `p@ss:w/ö%rd?#"`, Path: "live/main"})
	target := stream.Target{
		URL: cam.URL(), User: "onvif", Password: `p@ss:w/ö%rd?#"`,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	s, err := stream.Measure(t.Context(), target, 4500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		State, URI, Codec, Profile, Level          string
		Width, Height, GOP, Resets, Duplicates     int
		FPSNominal, Loss                           float64
		Audio, Rate, Bits, Clock, Parts, FirstLate bool
	}
	got := facts{
		s.State, s.URI, s.Codec, s.Profile, s.Level,
		s.Width, s.Height, *s.GOPFrames, s.Resets, s.Duplicates,
		*s.FPSNominal, *s.Loss,
		*s.Audio,
		math.Abs(*s.FPS-ClipFPS) < 0.6,
		*s.BitrateBPS > 2.2e6 && *s.BitrateBPS < 3.1e6 && *s.PeakBPS > 2.2e6 && *s.PeakBPS < 8e6,
		math.Abs(*s.ClockErrorMS) < 100,
		*s.ConnectMS+*s.DescribeMS+*s.PlayMS <= *s.FirstFrameMS+0.2,
		*s.FirstFrameMS > 4000,
	}
	want := facts{
		stream.Live, cam.URL(), "H264", ClipProfile, ClipLevel,
		ClipWidth, ClipHeight, ClipGOP, 0, 0,
		ClipFPS, 0,
		false, true, true, true, true, false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s%+v", diff, s)
	}
}

// TestCameraDrops lets a camera lose every hundredth packet and finds just that.
func TestCameraDrops(t *testing.T) {
	cam := serve(t, RTSPOptions{Drop: 0.01})
	s, err := stream.Measure(t.Context(), stream.Target{URL: cam.URL()}, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(*s.Loss-0.01) > 1.0/float64(s.Packets) {
		t.Errorf("got a loss of %v in %d packets, want 0.01", *s.Loss, s.Packets)
	}
}

// TestCameraRefuses gives a camera a wrong password and a wrong path.
func TestCameraRefuses(t *testing.T) {
	cam := serve(t, RTSPOptions{User: "onvif", Password: "right"})
	s, err := stream.Measure(t.Context(), stream.Target{URL: cam.URL(), User: "onvif", Password: "wrong"}, time.Second)
	if s.State != stream.AuthFailed || !errors.Is(err, stream.ErrLogin) {
		t.Errorf("wrong password: got %q, %v", s.State, err)
	}
	s, err = stream.Measure(t.Context(), stream.Target{URL: cam.URL() + "x", User: "onvif", Password: "right"}, time.Second)
	if s.State != stream.Offline || err == nil {
		t.Errorf("wrong path: got %q, %v", s.State, err)
	}
}

// TestCameraPlaysDead takes a camera away in the middle of a visit and brings it
// back at the same address; two cameras share a port at two addresses.
func TestCameraPlaysDead(t *testing.T) {
	cam := serve(t, RTSPOptions{})
	_, port, err := net.SplitHostPort(cam.addr)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ServeRTSP(net.JoinHostPort("127.0.0.12", port), RTSPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	kill := time.AfterFunc(500*time.Millisecond, func() { _ = cam.Offline(true) })
	defer kill.Stop()

	var states []string
	visit := func(url string, howLong time.Duration) {
		s, err := stream.Measure(t.Context(), stream.Target{URL: url}, howLong)
		if err == nil && s.Frames > 0 {
			s.State = "pictures" // with or without a key frame in so short a time
		}
		states = append(states, s.State)
	}
	visit(cam.URL(), 3*time.Second) // broken in the middle
	visit(cam.URL(), time.Second)   // refused
	visit(second.URL(), 300*time.Millisecond)
	if err := cam.Offline(false); err != nil {
		t.Fatal(err)
	}
	visit(cam.URL(), 300*time.Millisecond)
	if diff := cmp.Diff([]string{stream.Offline, stream.Offline, "pictures", "pictures"}, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCameraLeavesNothing counts goroutines before a camera, a visit and a
// cancelled visit, and after.
func TestCameraLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	cam, err := ServeRTSP("127.0.0.1:0", RTSPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := stream.Measure(ctx, stream.Target{URL: cam.URL()}, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's own error", err)
	}
	cam.Close()
	deadline := time.Now().Add(3 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		buf := make([]byte, 1<<16)
		t.Errorf("got %d goroutines, want %d\n%s", after, before, buf[:runtime.Stack(buf, true)])
	}
}

func serve(t *testing.T, o RTSPOptions) *RTSP {
	t.Helper()
	cam, err := ServeRTSP("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cam.Close)
	return cam
}
