package camera_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// inBubbleLike is inBubble with eyes, or whatever else, that a test has made of the
// scene's own.
func inBubbleLike(t *testing.T, o camera.WatchOptions, see devices.Stream, change func(*scene, *camera.WatchOptions), script func(*scene, *diary)) (*scene, *diary) {
	t.Helper()
	var s *scene
	d := &diary{}
	synctest.Test(t, func(t *testing.T) {
		s = newScene(see)
		options := s.watched(o)
		change(s, &options)
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- camera.Watch(options).Run(ctx, d.emit) }()
		script(s, d)
		end()
		<-ended
	})
	return s, d
}

// TestAlwaysAgain promises that a camera that wants a new session again and again is
// not said to have refused its login, is asked less and less often, and is told to be
// offline.
func TestAlwaysAgain(t *testing.T) {
	s, d := inBubbleLike(t, always, healthy(), func(s *scene, o *camera.WatchOptions) {
		o.Eyes.Follow = func(_ context.Context, t stream.Target, _ time.Duration, _ func(devices.Stream) error) error {
			s.begin("kept session", t)
			s.end()
			return fmt.Errorf("%w: its encoder starts anew", stream.ErrAgain)
		}
	}, func(*scene, *diary) { time.Sleep(time.Hour) })
	if r := s.budget.Refusal("192.0.2.1", "onvif"); r != nil {
		t.Errorf("got %v", r)
	}
	if len(s.visits) > 80 {
		t.Errorf("got %d sessions in an hour", len(s.visits))
	}
	if diff := cmp.Diff([]string{"stream.offline raised"}, d.conditions()); diff != "" {
		t.Error(diff)
	}
}

// TestBreaksSoon promises that a camera whose kept sessions all break after a few
// pictures is not dialled every few seconds for ever.
func TestBreaksSoon(t *testing.T) {
	for _, end := range []error{stream.ErrAgain, &stream.Failure{Layer: stream.Play, State: stream.Offline, Text: "the camera hung up"}} {
		s, _ := inBubbleLike(t, always, healthy(), func(s *scene, o *camera.WatchOptions) {
			o.Eyes.Follow = func(ctx context.Context, t stream.Target, _ time.Duration, take func(devices.Stream) error) error {
				see, _ := s.begin("kept session", t)
				defer s.end()
				if !sleep(ctx, 4*time.Second) {
					return nil
				}
				if err := take(see); err != nil || end == stream.ErrAgain {
					return end
				}
				_ = take(devices.Stream{State: stream.Offline, Why: []string{end.Error()}})
				return end
			}
		}, func(*scene, *diary) { time.Sleep(time.Hour) })
		if len(s.visits) > 80 {
			t.Errorf("%v: got %d sessions in an hour", end, len(s.visits))
		}
	}
}

// TestAlarmsAtFailing promises that an alarm every second does not take away the
// pauses of a camera whose sessions fail.
func TestAlarmsAtFailing(t *testing.T) {
	busy := &stream.Failure{Layer: stream.Play, State: stream.Conflict, Text: "no session left"}
	s, _ := inBubbleLike(t, sampled, devices.Stream{State: stream.Conflict}, func(s *scene, o *camera.WatchOptions) {
		s.fails = busy
		o.Alert = alarms(time.Hour)
	}, func(*scene, *diary) { time.Sleep(time.Hour) })
	if len(s.visits) > 130 {
		t.Errorf("got %d sessions in an hour", len(s.visits))
	}
}

// alarms is an alarm every second for so long.
func alarms(long time.Duration) <-chan struct{} {
	alert := make(chan struct{}, 1)
	go func() {
		for end := time.Now().Add(long); time.Now().Before(end) && sleep(context.Background(), time.Second); {
			select {
			case alert <- struct{}{}:
			default:
			}
		}
	}()
	return alert
}

// TestTrackLogin promises that a login that is refused for the metadata track alone is
// counted, and not tried again every minute.
func TestTrackLogin(t *testing.T) {
	yes := true
	refusal := &stream.Failure{Layer: stream.Login, State: stream.AuthFailed, Text: "refused", Err: stream.ErrLogin}
	tracks := 0
	_, d := inBubbleLike(t, sampled, with(func(s *devices.Stream) { s.Metadata = &yes }), func(s *scene, o *camera.WatchOptions) {
		o.Hearing = hearing()
		o.Eyes.Listen = func(context.Context, stream.Target) error {
			tracks++
			return refusal
		}
	}, func(*scene, *diary) { time.Sleep(29 * time.Minute) })
	if tracks != 1 {
		t.Errorf("got %d logins for the track, want one in half an hour", tracks)
	}
	if got := d.conditions(); got != nil {
		t.Errorf("got %q", got)
	}
}

// TestTrackTakesNoTurn promises that a session that listens for long does not hold up
// other logins at the camera.
func TestTrackTakesNoTurn(t *testing.T) {
	yes := true
	inBubbleLike(t, sampled, with(func(s *devices.Stream) { s.Metadata = &yes }), func(s *scene, o *camera.WatchOptions) {
		o.Hearing, o.Starts = hearing(), rate.NewLimiter(rate.Every(6*time.Second), 1)
	}, func(s *scene, _ *diary) {
		try := func(ctx context.Context) (*onvif.Attempt, error) {
			return s.budget.Try(ctx, s.Host(), "onvif", "onvif", "secret")
		}
		time.Sleep(5 * time.Second) // the visit is over, and the track waits for its turn
		attempt, err := try(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		attempt.Accepted()
		if attempt, err = try(t.Context()); err != nil {
			t.Fatal(err)
		}
		attempt.Refused() // the login is unknown again at all doors, and may be refused once more
		time.Sleep(5 * time.Second)
		s.change(func() {
			if s.open != 1 {
				t.Error("nobody listens")
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if attempt, err = try(ctx); err != nil {
			t.Fatalf("got %v", err)
		}
		attempt.Accepted()
	})
}

// asking is a scene that answers over ONVIF as a test wants.
type asking struct {
	*scene
	clock   func() error
	streams func() error
}

func (a *asking) LearnClock(ctx context.Context) error {
	if err := a.scene.LearnClock(ctx); err != nil || a.clock == nil {
		return err
	}
	return a.clock()
}

func (a *asking) Streams(ctx context.Context, pick onvif.Pick) (onvif.Streams, error) {
	if a.streams != nil {
		if err := a.streams(); err != nil {
			return onvif.Streams{}, err
		}
	}
	return a.scene.Streams(ctx, pick)
}

// TestNotLearnt promises that a camera whose stream is not even learnt is shown as what
// it is, and not as on its way to something for hours; and that one that answers is
// heard, whatever it answers.
func TestNotLearnt(t *testing.T) {
	for _, c := range []struct {
		name   string
		gone   bool
		answer error // of who is asked for its streams
		state  string
		heard  bool
	}{
		{"it is gone", true, nil, devices.StreamIsOffline, false},
		{"it refuses the login", false, &onvif.LoginRefused{Host: "192.0.2.1", User: "onvif"}, devices.StreamAuthFailed, true},
		{"it has no such profile", false, &onvif.Fault{}, devices.StreamIsOffline, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := newScene(healthy()), &diary{}
				s.gone = c.gone
				o := s.watched(sampled)
				o.Client = &asking{scene: s, streams: func() error { return c.answer }}
				watch := camera.Watch(o)
				for range 3 {
					if err := watch.Run(t.Context(), d.emit); err == nil {
						t.Fatal("got no error")
					}
					time.Sleep(time.Minute)
				}
				if diff := cmp.Diff([]string{"resolving 1", c.state + " 3"}, d.readings()); diff != "" {
					t.Error(diff)
				}
				if heard := !d.when("heard", time.Time{}).IsZero(); heard != c.heard {
					t.Errorf("heard: %v", heard)
				}
			})
		})
	}
}

// TestGoneAgain promises that a camera is called offline each time that it is gone,
// also where it has answered a knock, and nothing else, in between.
func TestGoneAgain(t *testing.T) {
	var dead atomic.Bool
	_, d := inBubbleLike(t, sampled, healthy(), func(s *scene, o *camera.WatchOptions) {
		o.Client = &asking{scene: s, clock: func() error {
			if dead.Load() {
				return &onvif.Unreachable{Err: errClosed}
			}
			return nil
		}}
	}, func(s *scene, d *diary) {
		time.Sleep(3 * time.Minute)
		dead.Store(true) // its ONVIF side stays away, and its stream comes to nothing
		s.change(func() { s.see, s.fails = devices.Stream{State: stream.Offline}, errClosed })
		for range 3 {
			s.change(func() { s.gone = true })
			time.Sleep(2 * time.Minute)
			var before, now int
			s.change(func() { s.gone, before = false, s.knocked })
			for now < before+2 { // the first of them began before
				time.Sleep(100 * time.Millisecond)
				s.change(func() { now = s.knocked })
			}
		}
	})
	var said []string
	for _, word := range d.conditions() {
		if word == "device.offline raised" || word == "device.offline cleared" {
			said = append(said, word)
		}
	}
	want := []string{"device.offline raised", "device.offline cleared", "device.offline raised", "device.offline cleared", "device.offline raised", "device.offline cleared"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

// TestStalledThenGone promises that a camera that an earlier run has called stalled is
// that no longer when it is offline.
func TestStalledThenGone(t *testing.T) {
	cleared := false
	inBubbleLike(t, sampled, healthy(), func(s *scene, o *camera.WatchOptions) { s.closed = true }, func(s *scene, d *diary) {
		time.Sleep(time.Minute)
		cleared = !d.when("stream.stalled cleared", time.Time{}).IsZero()
	})
	if !cleared {
		t.Error("got nothing that ends it")
	}
}
