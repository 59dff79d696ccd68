package norm_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
)

func figure(v float64) *float64 { return &v }

func yes(v bool) *bool { return &v }

// good is a visit of four seconds to a camera that is as it should be.
func good(changes ...func(*devices.Stream)) devices.Stream {
	s := devices.Stream{
		State: devices.StreamLive, Transport: "tcp", Seconds: 4, Codec: "H264", Width: 1920, Height: 1080, FPSNominal: figure(25),
		FPS: figure(24.99), Frames: 100, BitrateBPS: figure(4e6), KeyFrames: 2,
		RateMode: "vbr", SmallFrames: figure(0.02), InterFrames: 98,
		Packets: 1500, Loss: figure(0), JitterMS: figure(3), Conform: yes(true),
		FirstFrameMS: figure(1200), ClockErrorMS: figure(12),
	}
	for _, change := range changes {
		change(&s)
	}
	return s
}

// window is a minute of a stream that is kept; it began before.
func window(changes ...func(*devices.Stream)) devices.Stream {
	return good(append([]func(*devices.Stream){func(s *devices.Stream) {
		s.Seconds, s.Frames, s.KeyFrames, s.InterFrames, s.Packets, s.FirstFrameMS = 60, 1500, 30, 1470, 22500, nil
	}}, changes...)...)
}

func lost(n int) func(*devices.Stream) {
	return func(s *devices.Stream) { s.Loss = figure(float64(n) / float64(s.Packets)) }
}
func jitter(ms float64) func(*devices.Stream) {
	return func(s *devices.Stream) { s.JitterMS = figure(ms) }
}
func fps(v float64) func(*devices.Stream) { return func(s *devices.Stream) { s.FPS = figure(v) } }
func nominal(v float64) func(*devices.Stream) {
	return func(s *devices.Stream) { s.FPSNominal = figure(v) }
}
func bitrate(v float64) func(*devices.Stream) {
	return func(s *devices.Stream) { s.BitrateBPS = figure(v) }
}
func start(ms float64) func(*devices.Stream) {
	return func(s *devices.Stream) { s.FirstFrameMS = figure(ms) }
}
func small(share float64) func(*devices.Stream) {
	return func(s *devices.Stream) { s.SmallFrames = figure(share) }
}
func seconds(v float64) func(*devices.Stream) { return func(s *devices.Stream) { s.Seconds = v } }
func bent(s *devices.Stream)                  { s.Conform = yes(false) }
func keyless(s *devices.Stream)               { s.KeyFrames = 0 }
func over(transport string) func(*devices.Stream) {
	return func(s *devices.Stream) { s.Transport = transport }
}

func times(n int, s devices.Stream) []devices.Stream { return slices.Repeat([]devices.Stream{s}, n) }

// texts are the findings as far as they are no constants.
func texts(all []norm.Finding) (said []string) {
	for _, f := range all {
		said = append(said, f.About+": "+f.Text)
	}
	return said
}

// TestPool adds visits one after the other and promises what stands after the
// last, and whether anything is known at all.
func TestPool(t *testing.T) {
	t.Parallel()
	unknown := []string{"unknown"}
	for _, c := range []struct {
		name   string
		visits []devices.Stream
		want   []string
	}{
		{"an empty pool knows nothing", nil, unknown},
		{"sampled cameras pool visits before they accuse", times(3, good(jitter(80))), unknown},
		{"the fourth visit accuses", times(4, good(jitter(80))), []string{"jitter: jitter 80 ms over 400 frames, more than 50 ms"}},
		{"a minute of a kept stream accuses alone", times(1, window(jitter(80))), []string{"jitter: jitter 80 ms over 1500 frames, more than 50 ms"}},
		{"half a minute does not", times(1, window(jitter(80), seconds(30))), unknown},
		{"all is well", times(4, good()), nil},
		{"one bad visit of four is outweighed", append(times(3, good()), good(jitter(120))), nil},
		{"a long visit weighs more", append(times(3, good(jitter(10))), window(jitter(80))), []string{"jitter: jitter 80 ms over 1500 frames, more than 50 ms"}},

		{"one lost packet accuses nobody", append(times(3, good()), good(lost(1))), nil},
		{"nor is it good proof of anything", append(times(3, good()), good(lost(5))), nil},                                                        // 5 of 6,000
		{"7 of 6,000 are too many", append(times(3, good()), good(lost(7))), []string{"loss: 7 of 6000 packets lost (0.117 %), more than 0.1 %"}}, // 4 x 1,500
		{"few packets: older visits count", append(times(9, thin(0)), thin(1)), nil},                                                              // 10 x 500
		{"few packets: nothing is known of losses", append(times(3, thin(1)), thin(2)), nil},                                                      // 5 of 2,000
		{"few packets: more lost than the limit allows in 5,000", append(times(3, thin(1)), thin(3)), []string{"loss: 6 of 2000 packets lost (0.3 %), more than 0.1 %"}},
		{"losses are forgotten as visits come", append(append(times(1, good(lost(9))), times(3, good())...), good()), nil},
		{"an absent loss does not count", append(times(4, good(lost(3))), times(4, good(func(s *devices.Stream) { s.Loss = nil }))...), []string{"loss: 12 of 6000 packets lost (0.2 %), more than 0.1 %"}},

		{"25 frames are 24.99", times(4, good(fps(23.8))), nil},
		{"12 frames are not 25", times(4, good(fps(12), nominal(12))), []string{"fps: 12 frames a second in 4 visits of together 16 s, wanted are 25"}},
		{"rates weigh by time", append(times(1, good(fps(5), seconds(36))), times(3, good())...), []string{"fps: 5 frames a second in 4 visits of together 48 s, wanted are 25"}}, // 36 s at 5, 12 s at 24.99
		{"a smart codec at night", times(1, window(bitrate(310e3))), []string{"bitrate: 310 kbit/s in 60 s, wanted are 2 Mbit/s"}},
		{"1.95 Mbit/s will do", times(1, window(bitrate(1.95e6))), nil},

		{"slow to begin, by the median", []devices.Stream{good(start(9000)), good(start(5200)), good(start(6000)), good(start(1000))},
			[]string{"first_frame: first picture after 5.6 s (median of 4 starts), more than 5 s"}},
		{"one slow start of a kept stream is no habit", []devices.Stream{window(start(30000)), window()}, nil},
		{"time stamps that are bent in each visit", times(4, good(bent)), []string{"timestamps: frames share an RTP time stamp or have several, in 4 visits of together 16 s"}},
		{"time stamps that are bent in one", append(times(3, good()), good(bent)), nil},
		{"no key frame in a minute", times(1, window(keyless)), []string{"no key frame: no key frame in 60 s"}},
		{"four short visits may fall between two key frames", times(4, good(keyless)), nil},
		{"thirteen do not", times(13, good(keyless)), []string{"no key frame: no key frame in 13 visits of together 52 s"}},
		{"a key frame ends it", append(times(13, good(keyless)), good()), nil},
		{"of other codecs none are counted", times(4, window(keyless, func(s *devices.Stream) { s.Codec = "JPEG" })), nil},

		{"all at once, in order", times(1, window(lost(90), jitter(51), fps(8), bitrate(1e6), bent, keyless)), []string{
			"loss: 90 of 22500 packets lost (0.4 %), more than 0.1 %",
			"jitter: jitter 51 ms over 1500 frames, more than 50 ms",
			"fps: 8 frames a second in 60 s, wanted are 25",
			"bitrate: 1 Mbit/s in 60 s, wanted are 2 Mbit/s",
			"timestamps: frames share an RTP time stamp or have several, in 60 s",
			"no key frame: no key frame in 60 s",
		}},
		{"what is no number was not measured", append(append(times(1, good(jitter(80))), good(jitter(math.NaN()), fps(math.Inf(-1)), bitrate(-1), seconds(math.NaN()))), times(3, good(jitter(80)))...),
			[]string{"jitter: jitter 80 ms over 400 frames, more than 50 ms"}},
		{"clock, HD and a still picture are other conditions", times(4, good(small(1), func(s *devices.Stream) { s.Width, s.ClockErrorMS = 640, figure(9e9) })), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var p norm.Pool
			for _, s := range c.visits {
				p.Add(s)
			}
			degraded, known := p.Judge(norm.Defaults())
			got := texts(degraded)
			if !known {
				got = append(got, "unknown")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// thin is a visit to a sub stream, of 500 packets.
func thin(n int) devices.Stream {
	return good(func(s *devices.Stream) { s.Packets = 500 }, lost(n))
}

// TestHysteresis promises for each subject, window by window, when it is accused
// and when acquitted.
func TestHysteresis(t *testing.T) {
	t.Parallel()
	type step struct {
		s       devices.Stream
		accused bool
	}
	for _, c := range []struct {
		about string
		steps []step
	}{
		{norm.Loss, []step{
			{window(lost(22)), false}, {window(lost(23)), true}, {window(lost(22)), true}, {window(lost(19)), true}, {window(lost(18)), false}, {window(lost(22)), false},
		}},
		{norm.Jitter, []step{
			{window(jitter(50)), false}, {window(jitter(50.1)), true}, {window(jitter(40.1)), true}, {window(jitter(40)), false}, {window(jitter(49)), false},
		}},
		{norm.FPS, []step{
			{window(fps(23.76)), false}, {window(fps(23.7)), true}, {window(fps(24.7)), true}, {window(fps(24.99)), false}, {window(fps(23.76)), false},
		}},
		{norm.Bitrate, []step{
			{window(bitrate(1.91e6)), false}, {window(bitrate(1.89e6)), true}, {window(bitrate(1.97e6)), true}, {window(bitrate(2e6)), false},
		}},
		{norm.FirstFrame, []step{ // the median of the four newest starts
			{good(start(1000)), false}, {good(start(6000)), false}, {good(start(6000)), false}, {good(start(6000)), true}, {good(start(4100)), true},
			{good(start(4100)), true}, {good(start(3900)), true}, {good(start(3800)), false},
		}},
		{norm.Timestamps, []step{
			{good(), false}, {good(), false}, {good(), false}, {good(bent), false}, {good(bent), false}, {good(bent), false}, {good(bent), true},
			{good(), true}, {good(), true}, {good(), true}, {good(), false},
		}},
		{norm.NoKeyFrame, []step{{window(), false}, {window(keyless), true}, {good(keyless), true}, {good(), false}}},
		{norm.NoKeyFrame, append(append([]step{{window(keyless), true}}, // then glances, all of which are too short to accuse
			slices.Repeat([]step{{good(keyless, seconds(1)), true}}, 32)...), step{good(seconds(1)), false})},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			var p norm.Pool
			for i, step := range c.steps {
				p.Add(step.s)
				for range 2 { // asking changes nothing
					degraded, _ := p.Judge(norm.Defaults())
					if got := slices.ContainsFunc(degraded, func(f norm.Finding) bool { return f.About == c.about }); got != step.accused {
						t.Errorf("step %d: got accused %v, want %v: %v", i, got, step.accused, texts(degraded))
					}
				}
			}
		})
	}
}

// TestNotYetWell does not call a figure too high that is not, while its
// accusation stands.
func TestNotYetWell(t *testing.T) {
	t.Parallel()
	var p norm.Pool
	p.Add(window(jitter(60)))
	p.Judge(norm.Defaults())
	p.Add(window(jitter(45)))
	degraded, _ := p.Judge(norm.Defaults())
	if diff := cmp.Diff([]string{"jitter: jitter 45 ms over 1500 frames, not yet well within 50 ms"}, texts(degraded)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAccusationNeedsEvidence drops an accusation when its limit is taken away,
// when no visit in the ring says anything of it, and when the pool forgets.
func TestAccusationNeedsEvidence(t *testing.T) {
	t.Parallel()
	var p norm.Pool
	accused := func(l norm.Limits) bool {
		degraded, known := p.Judge(l)
		if !known {
			t.Helper()
			t.Error("got unknown")
		}
		return len(degraded) > 0
	}
	silent := good(func(s *devices.Stream) { s.JitterMS = nil })
	p.Add(window(jitter(60)))
	if !accused(norm.Defaults()) {
		t.Error("60 ms of jitter: got no accusation")
	}
	for range 31 {
		p.Add(silent)
	}
	if !accused(norm.Defaults()) {
		t.Error("31 visits later: got no accusation, and nothing spoke against it")
	}
	p.Add(silent)
	if accused(norm.Defaults()) {
		t.Error("32 visits later: got an accusation that nothing is left of")
	}

	p.Add(window(jitter(60)))
	if !accused(norm.Defaults()) || accused(norm.Limits{}) {
		t.Error("without a limit: got an accusation, or none with one")
	}

	p.Forget()
	if degraded, known := p.Judge(norm.Defaults()); known || degraded != nil {
		t.Errorf("forgotten: got %v, known %v", degraded, known)
	}
	if hint, known := p.Static(); known || hint != nil {
		t.Errorf("forgotten: got %v, known %v", hint, known)
	}
}
