package norm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
)

// TestJudge promises what one visit accuses of, and of what it is too small a
// sample.
func TestJudge(t *testing.T) {
	t.Parallel()
	site := norm.Defaults()
	site.HDWidth, site.HDHeight, site.HDFPS = 1920, 1080, 25
	// long is a visit of ten seconds, with packets enough.
	long := func(changes ...func(*devices.Stream)) devices.Stream {
		return good(append([]func(*devices.Stream){func(s *devices.Stream) {
			s.Seconds, s.Frames, s.KeyFrames, s.InterFrames, s.Packets = 10, 250, 5, 245, 6000
		}}, changes...)...)
	}
	for _, c := range []struct {
		name string
		s    devices.Stream
		l    norm.Limits
		want []string
	}{
		{"all is well", long(), site, nil},
		{"a site without a figure for HD", long(), norm.Defaults(), []string{"open hd: the site has no figure"}},
		{"one lost packet in four seconds", good(lost(1)), site, []string{
			"open loss: 1 of 1500 packets lost; it takes 5000 packets to judge", "open static: 4 s are too short, it takes 10"}},
		{"six lost packets are more than 5,000 may lose", good(lost(6)), site, []string{
			"loss: 6 of 1500 packets lost (0.4 %), more than 0.1 %", "open static: 4 s are too short, it takes 10"}},
		{"a stricter limit needs more packets", long(lost(1)), norm.Limits{Loss: 1e-4, HDWidth: 1, HDHeight: 1}, []string{
			"open loss: 1 of 6000 packets lost; it takes 50000 packets to judge",
			"open jitter: no limit is set", "open fps: no limit is set", "open bitrate: no limit is set", "open first_frame: no limit is set", "open clock: no limit is set"}},
		{"nothing was measured", devices.Stream{}, site, []string{
			"open loss: not measured",
			"open jitter: not measured: too few frames, or they do not come in the order of their time stamps (B frames)",
			"open fps: not measured", "open bitrate: not measured", "open first_frame: not measured", "open timestamps: not measured",
			"open no key frame: key frames are counted of H.264 and H.265 only",
			"open clock: the camera told no time of day in 0 s", "open hd: the size of the picture is not known", "open static: no frames between key frames were counted"}},
		{"a glance", good(seconds(1.5), jitter(70), fps(10), bitrate(1e6), keyless), site, []string{
			"open loss: 0 of 1500 packets lost; it takes 5000 packets to judge",
			"open jitter: 1.5 s are too short, it takes 2", "open fps: 1.5 s are too short, it takes 2", "open bitrate: 1.5 s are too short, it takes 2",
			"open no key frame: no key frame in 1.5 s; it takes 10 to miss one",
			"hd: 1920x1080 at 10 frames a second, the site wants 1920x1080 at 25", "open static: 1.5 s are too short, it takes 10"}},
		{"everything is wrong", long(lost(60), jitter(120), fps(8), bitrate(4e5), start(7000), bent, keyless, small(0.97), func(s *devices.Stream) {
			s.ConnectMS, s.DescribeMS, s.PlayMS, s.FirstPacketMS, s.KeyFrameMS = figure(10), figure(900), figure(90), figure(1000), figure(5000)
			s.ClockErrorMS, s.Width, s.Height = figure(-90_000), 1280, 720
		}), site, []string{
			"loss: 60 of 6000 packets lost (1 %), more than 0.1 %",
			"jitter: jitter 120 ms over 250 frames, more than 50 ms",
			"fps: 8 frames a second in 10 s, wanted are 25",
			"bitrate: 400 kbit/s in 10 s, wanted are 2 Mbit/s",
			"first_frame: first picture after 7 s, more than 5 s; waiting for a whole key frame took 5 s of it",
			"timestamps: frames share an RTP time stamp or have several, in 10 s",
			"no key frame: no key frame in 10 s",
			"clock: the camera's clock is 1m30s behind (told by RTCP), more than 5s",
			"hd: 1280x720 at 8 frames a second, the site wants 1920x1080 at 25",
			"static: 97 % of 245 frames hold next to nothing under vbr: the picture does not move, or is none",
		}},
		{"half a GOP is no mean", good(bitrate(1e6), keyless, func(s *devices.Stream) { s.Packets = 6000 }), site, []string{
			"open bitrate: no key frame in 4 s, so the mean says little",
			"open no key frame: no key frame in 4 s; it takes 10 to miss one", "open static: 4 s are too short, it takes 10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range norm.Judge(c.s, c.l) {
				said := f.About + ": " + f.Text
				if f.Open {
					said = "open " + said
				} else if f.Next == "" {
					t.Errorf("%s: got nothing to do", said)
				}
				got = append(got, said)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestIsHD holds sizes and rates against the site's figure.
func TestIsHD(t *testing.T) {
	t.Parallel()
	site := norm.Limits{HDWidth: 1920, HDHeight: 1080, HDFPS: 25}
	size := func(w, h int) func(*devices.Stream) { return func(s *devices.Stream) { s.Width, s.Height = w, h } }
	unmeasured := func(s *devices.Stream) { s.FPS = nil }
	for _, c := range []struct {
		name string
		s    devices.Stream
		l    norm.Limits
		want *bool
	}{
		{"exactly", good(), site, yes(true)},
		{"no figure", good(), norm.Limits{}, nil},
		{"half a figure", good(), norm.Limits{HDWidth: 1920}, nil},
		{"nothing measured", devices.Stream{}, site, nil},
		{"larger", good(size(3840, 2160)), site, yes(true)},
		{"upright", good(size(1080, 1920)), site, yes(true)},
		{"wide and low", good(size(3840, 1072)), site, yes(false)},
		{"a figure written upright", good(), norm.Limits{HDWidth: 1080, HDHeight: 1920}, yes(true)},
		{"24.5 frames will do", good(fps(24.5)), site, yes(true)},
		{"24.4 will not", good(fps(24.4)), site, yes(false)},
		{"the nominal rate where none was measured", good(unmeasured, nominal(12)), site, yes(false)},
		{"no rate at all", good(unmeasured, func(s *devices.Stream) { s.FPSNominal = nil }), site, yes(true)},
		{"the rate does not matter", good(fps(5)), norm.Limits{HDWidth: 1920, HDHeight: 1080}, yes(true)},
	} {
		if diff := cmp.Diff(c.want, norm.IsHD(c.s, c.l)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}
