package camera_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/stream"
)

// healthy is a visit or window of a camera with nothing wrong; tests change what they
// are about. Four of them are enough to judge by.
func healthy() devices.Stream {
	return devices.Stream{
		State: stream.Live, Codec: "H264", Profile: "High", Level: "4.0", Width: 1920, Height: 1080, Parameters: devices.InStream, FPSNominal: figure(25),
		FPS: figure(25), Frames: 100, KeyFrames: 2, BitrateBPS: figure(4e6), Packets: 1500, Loss: figure(0), JitterMS: figure(2), FirstFrameMS: figure(900), ClockErrorMS: figure(3), SenderReports: 1,
	}
}

func with(change func(*devices.Stream)) devices.Stream {
	s := healthy()
	change(&s)
	return s
}

func figure(f float64) *float64 { return &f }

func inWords(e devices.Event) string {
	switch {
	case e.Code == "":
		return "heard"
	case e.Stream != nil:
		return fmt.Sprintf("%s %s", e.Code, e.Stream.State)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", e.Code, e.State))
}

var (
	sampled = camera.WatchOptions{Sampled: true}
	always  = camera.WatchOptions{}
)

// TestCalm promises that a healthy camera is told once a minute, has no condition, and
// that its first states are shown and no later ones.
func TestCalm(t *testing.T) {
	for _, c := range []struct {
		name string
		o    camera.WatchOptions
		want []string
	}{
		{"sampled", sampled, []string{"resolving 1", "live 10"}},
		{"always", always, []string{"resolving 1", "live 10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, d := inBubble(t, c.o, healthy(), func(*scene, *diary) { time.Sleep(9*time.Minute + 40*time.Second) })
			if diff := cmp.Diff(c.want, d.readings()); diff != "" {
				t.Error(diff)
			}
			if got := d.conditions(); got != nil {
				t.Errorf("got %q, want no condition", got)
			}
			if s.most != 1 {
				t.Errorf("got %d sessions at once", s.most)
			}
		})
	}
}

// TestGone promises that a camera that is gone is offline within 15 seconds, that its
// ONVIF side being gone too is told, that it is live again within 20 seconds of its
// return, and that a long absence is told once a minute at most.
func TestGone(t *testing.T) {
	for _, c := range []struct {
		name string
		o    camera.WatchOptions
		pull func(*scene)
		want []string
	}{
		{"sampled, its cable is pulled", sampled, func(s *scene) { s.gone = true },
			[]string{"stream.offline raised", "device.offline raised", "device.offline cleared", "stream.offline cleared"}},
		{"always, its cable is pulled", always, func(s *scene) { s.gone = true },
			[]string{"stream.offline raised", "device.offline raised", "device.offline cleared", "stream.offline cleared"}},
		{"sampled, its RTSP port is closed", sampled, func(s *scene) { s.closed = true }, []string{"stream.offline raised", "stream.offline cleared"}},
		{"always, its RTSP port is closed", always, func(s *scene) { s.closed = true }, []string{"stream.offline raised", "stream.offline cleared"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for phase := range 30 { // wherever in a minute it happens
				var gone, back time.Time
				s, d := inBubble(t, c.o, healthy(), func(s *scene, d *diary) {
					time.Sleep(3*time.Minute + time.Duration(phase)*2*time.Second)
					s.change(func() { c.pull(s) })
					gone = time.Now()
					time.Sleep(10 * time.Minute)
					s.change(func() { s.gone, s.closed = false, false })
					back = time.Now()
					time.Sleep(3 * time.Minute)
				})
				if after := d.when("stream.offline raised", gone).Sub(gone); after < 0 || after > 15*time.Second {
					t.Errorf("phase %d: offline after %v", phase, after)
				}
				if after := d.when("stream.offline cleared", back).Sub(back); after < 0 || after > 20*time.Second {
					t.Errorf("phase %d: back after %v", phase, after)
				}
				if diff := cmp.Diff(c.want, d.conditions()); diff != "" {
					t.Error(diff)
				}
				if n := countReadings(d, "offline"); n < 9 || n > 13 {
					t.Errorf("phase %d: got %d readings of ten minutes away, want one a minute: %v", phase, n, d.readings())
				}
				if s.open != 0 {
					t.Errorf("got %d sessions left", s.open)
				}
			}
		})
	}
}

func countReadings(d *diary, state string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.said {
		if e.event.Stream != nil && e.event.Stream.State == state {
			n++
		}
	}
	return n
}

// TestTrouble promises which conditions each trouble brings, each once, and that what
// passes by is none.
func TestTrouble(t *testing.T) {
	stalled := &stream.Failure{Layer: stream.NoData, State: stream.Stalled, Text: "no picture for 3 s"}
	busy := &stream.Failure{Layer: stream.Play, State: stream.Conflict, Text: "no session left"}
	failing := func(state string, err error) func(*scene) {
		return func(s *scene) { s.see, s.fails = devices.Stream{State: state}, err }
	}
	seeing := func(see devices.Stream) func(*scene) {
		return func(s *scene) { s.see, s.fails = see, nil }
	}
	for _, c := range []struct {
		name    string
		o       camera.WatchOptions
		trouble func(*scene)
		lasts   time.Duration
		want    []string
	}{
		{"one lost session is no alarm", sampled, func(s *scene) { s.once = &sight{devices.Stream{State: stream.Stalled}, stalled} }, 5 * time.Minute, nil},
		{"it stalls", sampled, failing(stream.Stalled, stalled), 5 * time.Minute, []string{"stream.stalled raised", "stream.stalled cleared"}},
		{"it has no session left", sampled, failing(stream.Conflict, busy), 5 * time.Minute, []string{"stream.offline raised", "stream.offline cleared"}},
		{"it is below HD", sampled, seeing(with(func(s *devices.Stream) { s.Width, s.Height = 1280, 720 })), 5 * time.Minute,
			[]string{"stream.below_hd raised", "stream.parameters_changed", "stream.below_hd cleared", "stream.parameters_changed"}},
		{"it loses packets", sampled, seeing(with(func(s *devices.Stream) { s.Loss = figure(0.01) })), 10 * time.Minute, []string{"stream.degraded raised", "stream.degraded cleared"}},
		{"it loses packets in one visit", sampled, seeing(with(func(s *devices.Stream) { s.Loss = figure(0.001) })), 80 * time.Second, nil},
		{"it is watched always and loses packets", always, seeing(with(func(s *devices.Stream) { s.Seconds, s.Packets, s.Loss = 60, 22000, figure(0.01) })), 3 * time.Minute,
			[]string{"stream.degraded raised", "stream.degraded cleared"}},
		{"its frames are few", sampled, seeing(with(func(s *devices.Stream) { s.FPS = figure(12) })), 10 * time.Minute,
			[]string{"stream.degraded raised", "stream.below_hd raised", "stream.degraded cleared", "stream.below_hd cleared"}},
		{"its frames are few in one visit", sampled, func(s *scene) { s.once = &sight{with(func(s *devices.Stream) { s.FPS = figure(5) }), nil} }, 5 * time.Minute, nil},
		{"its clock is off", sampled, seeing(with(func(s *devices.Stream) { s.ClockErrorMS = figure(-28800e3) })), 5 * time.Minute, []string{"stream.clock_skew raised", "stream.clock_skew cleared"}},
		{"the clock told by ONVIF is off", sampled, func(s *scene) { s.see.ClockErrorMS, s.offset = nil, time.Hour }, 70 * time.Minute, []string{"stream.clock_skew raised", "stream.clock_skew cleared"}},
		{"no key frame comes", sampled, seeing(with(func(s *devices.Stream) { s.State, s.Why = stream.Degraded, []string{"no key frame in 10.0 s"} })), 5 * time.Minute,
			[]string{"stream.degraded raised", "stream.degraded cleared"}},
		{"its picture stands still", sampled, seeing(with(func(s *devices.Stream) { s.SmallFrames, s.InterFrames, s.RateMode = figure(0.97), 96, "vbr" })), 10 * time.Minute,
			[]string{"stream.frozen_hint raised", "stream.frozen_hint cleared"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			see := healthy()
			see.SmallFrames, see.InterFrames, see.RateMode = figure(0), 96, "vbr"
			_, d := inBubble(t, c.o, see, func(s *scene, d *diary) {
				time.Sleep(10 * time.Minute)
				s.change(func() { c.trouble(s) })
				time.Sleep(c.lasts)
				s.change(func() { s.see, s.fails, s.offset = see, nil, 0 })
				time.Sleep(15 * time.Minute)
			})
			if diff := cmp.Diff(c.want, d.conditions()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAlertKeepsWatching promises that an alarm where a sampled camera looks has it
// watched for a minute at once, a second alarm longer, and that it is sampled again
// then.
func TestAlertKeepsWatching(t *testing.T) {
	var alert chan struct{}
	alerted := func() camera.WatchOptions {
		alert = make(chan struct{}, 1)
		o := sampled
		o.Alert = alert
		return o
	}
	s, _ := inBubbleWith(t, alerted, healthy(), func(*scene, *diary) {
		time.Sleep(100 * time.Second)
		alert <- struct{}{}
		time.Sleep(45 * time.Second)
		alert <- struct{}{}
		time.Sleep(6 * time.Minute)
	})
	kept := 0
	for _, v := range s.visits {
		if strings.HasPrefix(v, "kept") {
			kept++
			if v != "kept session at 100s" && v != "kept session at 1m40s" {
				t.Errorf("got a %s", v)
			}
		}
	}
	if kept != 1 || s.most != 1 || len(s.visits) < 6 {
		t.Errorf("got %d kept sessions, %d at once: %v", kept, s.most, s.visits)
	}
}

// TestLoginBudget promises that a refused login is tried twice and then not again, and
// that the camera is not called away because of it.
func TestLoginBudget(t *testing.T) {
	refusal := &stream.Failure{Layer: stream.Login, State: stream.AuthFailed, Text: "refused", Err: stream.ErrLogin}
	s, d := inBubble(t, sampled, devices.Stream{State: stream.AuthFailed}, func(s *scene, d *diary) {
		s.change(func() { s.fails = refusal })
		time.Sleep(25 * time.Minute)
	})
	if len(s.visits) != 2 {
		t.Errorf("got %v, want two", s.visits)
	}
	if diff := cmp.Diff([]string{"camera.login_refused raised", "stream.offline raised"}, d.conditions()); diff != "" {
		t.Error(diff)
	}
}

// TestAnew promises that a session that must begin anew does so at once and is no
// failure.
func TestAnew(t *testing.T) {
	s, d := inBubble(t, always, healthy(), func(s *scene, d *diary) {
		s.change(func() { s.lasts, s.again = 150*time.Second, true })
		time.Sleep(9*time.Minute + 50*time.Second)
	})
	if got := d.conditions(); got != nil || len(s.visits) != 4 {
		t.Errorf("got %q, %v", got, s.visits)
	}
	if diff := cmp.Diff([]string{"resolving 1", "live 12"}, d.readings()); diff != "" {
		t.Error(diff)
	}
}

// TestPlaces promises that a camera that is watched always lets others of its recorder
// have their turn, and that no more sessions are open than it allows.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		places := camera.NewPlaces(1)
		greedy, modest := newScene(healthy()), newScene(healthy())
		a, b := always, sampled
		a.Places, b.Places = places, places
		book := &diary{}
		watchAll(t, book, 10*time.Minute, greedy.watched(a), modest.watched(b))
		if len(modest.visits) < 4 || len(greedy.visits) < 4 {
			t.Errorf("got %v, beside %v", modest.visits, greedy.visits)
		}
	})
}

// TestParameters promises that what a stream is made of is told when it changes, also
// when that happened while the daemon was off, and that a stale description is no
// change.
func TestParameters(t *testing.T) {
	var kept camera.Known
	o := sampled
	memory := func() camera.WatchOptions {
		o.Memory = camera.NewMemory(kept, func(k camera.Known) error { kept = k; return nil })
		return o
	}
	_, d := inBubbleWith(t, memory, healthy(), func(s *scene, _ *diary) {
		time.Sleep(3 * time.Minute)
		s.change(func() { s.see.Width, s.see.Height, s.see.Parameters = 704, 576, devices.InDescription })
		time.Sleep(3 * time.Minute)
		s.change(func() { s.see = healthy() })
		time.Sleep(3 * time.Minute)
	})
	if got := d.conditions(); !cmp.Equal(got, []string{"stream.below_hd raised", "stream.below_hd cleared"}) {
		t.Errorf("first run: got %q", got)
	}
	_, d = inBubbleWith(t, memory, with(func(s *devices.Stream) { s.Codec, s.FPSNominal = "H265", figure(20) }), func(*scene, *diary) { time.Sleep(3 * time.Minute) })
	var said []devices.Event
	for _, e := range d.said {
		if e.event.Code == devices.StreamChanged {
			e.event.Time = time.Time{}
			said = append(said, e.event)
		}
	}
	want := []devices.Event{{Code: devices.StreamChanged, Detail: "codec, fps", Text: "H265 High 4.0 1920x1080 at 20, before H264 High 4.0 1920x1080 at 25"}}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

// TestStreamPin promises that a camera whose certificate is pinned is not watched
// without encryption, and that the first certificate of another is kept.
func TestStreamPin(t *testing.T) {
	o := sampled
	o.Pin = "sha256:" + strings.Repeat("a", 64)
	s, d := inBubble(t, o, healthy(), func(*scene, *diary) { time.Sleep(3 * time.Minute) })
	if len(s.visits) != 0 || d.when("stream.offline raised", time.Time{}).IsZero() {
		t.Errorf("got visits %v, said %q", s.visits, d.conditions())
	}
	o.Pin = ""
	o.Memory = camera.NewMemory(camera.Known{}, func(camera.Known) error { return nil })
	s, _ = inBubble(t, o, healthy(), func(s *scene, _ *diary) {
		synctest.Wait()
		s.change(func() { s.targets[0].Seen("sha256:first") })
		time.Sleep(3 * time.Minute)
		s.change(func() { s.targets[1].Seen("sha256:second") })
	})
	if s.targets[0].Pin != "" || s.targets[2].Pin != "sha256:first" || !s.targets[2].Unproved || o.Memory.Known().StreamPin != "sha256:first" {
		t.Errorf("got %q, then %q", s.targets[0].Pin, s.targets[2].Pin)
	}
}

// TestEmitFails promises that a conversation ends with emit's own error, at once.
func TestEmitFails(t *testing.T) {
	closed := errors.New("closed")
	for n := range 4 {
		synctest.Test(t, func(t *testing.T) {
			heard := 0
			err := camera.Watch(newScene(healthy()).watched(sampled)).Run(t.Context(), func(devices.Event) error {
				if heard++; heard > n {
					return closed
				}
				return nil
			})
			if err != closed || heard != n+1 {
				t.Errorf("got %v after %d events, want %v after %d", err, heard, closed, n+1)
			}
		})
	}
}
