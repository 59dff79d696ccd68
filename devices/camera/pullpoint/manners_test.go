package pullpoint

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// TestCreations promises that a camera is left alone between two pull points, also
// across runs and processes (quirk 29).
func TestCreations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		next func(*listener)
	}{
		{"next run of the same process", func(l *listener) { l.batches = nil; l.start() }},
		{"next process, which knows of a run before", func(l *listener) {
			l.kept = &Kept{Made: time.Now()}
			l.again()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := listenTo(t, cameratest.Events{}, cameratest.Options{})
			l.pauses.creations = 2 * time.Second
			l.start()
			l.hears(2)
			if err := l.stop(); err != nil {
				t.Fatal(err)
			}
			began := l.client.LastSubscribed()
			c.next(l)
			l.hears(2)
			if err := l.stop(); err != nil {
				t.Error(err)
			}
			if took := l.batches[0].At.Sub(began); took < l.pauses.creations {
				t.Errorf("the next came after %v", took)
			}
		})
	}
}

// TestHangUps promises that a camera that hangs up on long polls is asked for
// shorter ones, and that the next run knows it. Quirk 31.
func TestHangUps(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{HangUpAfter: 200 * time.Millisecond}, cameratest.Options{})
	l.pauses.poll = time.Second
	l.start()
	l.await("shorter polls", func([]Batch) bool { return l.kept != nil && l.kept.Poll > 0 && l.kept.Poll <= 200*time.Millisecond })
	l.pulls(2)
	l.crash()
	poll := l.kept.Poll
	before := len(l.camera.EventTimes())
	l.again()
	l.pulls(4)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	shorter := "Pull " + duration(poll) + " 50"
	want := []string{"Pull PT0.1S 50", shorter, shorter}
	if diff := cmp.Diff(want, l.camera.EventTimes()[before:before+3]); diff != "" {
		t.Error(diff)
	}
}

// TestUnusableAddress promises that a camera whose pull points cannot be asked makes
// one, and not one in each form.
func TestUnusableAddress(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{Address: cameratest.ForeignAddress}, cameratest.Options{})
	const want = `make a pull point: the camera tells an unusable address "urn:pullpoint:1"`
	if err := l.run(cameratest.Soon(t)); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := l.camera.EventCount().Created; got != 1 {
		t.Errorf("got %d pull points, want 1", got)
	}
}

// TestMishaps promises what one pull point survives, and what ends a run with which
// reason. Quirks 31, 34 and 42.
func TestMishaps(t *testing.T) {
	t.Parallel()
	const mutely = "the camera answers other questions, but not this: "
	nothing := []cameratest.Notice{}
	for _, c := range []struct {
		name  string
		e     cameratest.Events
		wrong func(*cameratest.Camera)
		want  string // of the error; "" = it is survived
		syncs int
	}{
		{name: "two hang-ups at once", e: cameratest.Events{States: nothing, HangUpAfter: 1, HangUps: 2}},
		{name: "two resets at once", e: cameratest.Events{States: nothing, ResetAfter: 1, HangUps: 2}},
		{name: "three hang-ups at once", e: cameratest.Events{States: nothing, HangUpAfter: 1, HangUps: 3}, want: mutely + "pull: cannot be reached: it hung up without an answer (EOF)"},
		{name: "one answer cut in the middle", e: cameratest.Events{CutPulls: 1}, syncs: 1},
		{name: "every answer cut in the middle", e: cameratest.Events{CutPulls: 9}, want: mutely + "pull: cannot be reached: read the answer: unexpected EOF", syncs: 1},
		{name: "longer than 8 MiB", e: cameratest.Events{Giant: 40_000}, want: "pull: answer is longer than 8 MiB", syncs: 1},
		{name: "no place left", wrong: func(v *cameratest.Camera) { v.TakePullPoints(8) },
			want: `the camera has no pull point left (the camera answers with HTTP 500 Receiver SubscribeCreationFailedFault): ` + (&NoRoom{}).NextStep()},
		{name: "refuses all", e: cameratest.Events{RefusesTimes: true, RefusesUntold: true}, want: "make a pull point: the camera answers with HTTP 500 Receiver UnacceptableInitialTerminationTimeFault"},
		{name: "wrong password", wrong: func(v *cameratest.Camera) { v.SetPassword("another") }, want: "LoginRefused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := listenTo(t, c.e, cameratest.Options{})
			l.pauses.soon = time.Minute
			if c.wrong != nil {
				c.wrong(l.camera)
			}
			if c.want == "" {
				l.start()
				l.pulls(2)
				l.hears(len(l.events.States))
				if err := l.stop(); err != nil {
					t.Error(err)
				}
			} else {
				err := l.run(cameratest.Soon(t))
				if errors.As(err, new(*onvif.LoginRefused)) {
					err = errors.New("LoginRefused")
				}
				if err == nil || err.Error() != c.want {
					t.Errorf("got %v, want %s", err, c.want)
				}
			}
			if got := l.camera.EventCount(); got.Synchronizations != c.syncs || got.Created > 1 {
				t.Errorf("got %+v, want %d synchronizations", got, c.syncs)
			}
		})
	}
}

// TestNoRoom promises that a full camera is told from a broken one, and that it is
// asked once.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.camera.TakePullPoints(8)
	err := l.run(cameratest.Soon(t))
	if !errors.As(err, new(*NoRoom)) || !errors.As(err, new(*onvif.Fault)) {
		t.Errorf("got %v", err)
	}
	if got := l.camera.EventCount(); got.CreationsRefused != 1 || got.Live != 8 {
		t.Errorf("got %+v", got)
	}
}

// TestNoEvents promises a plain word for a camera without an event service.
func TestNoEvents(t *testing.T) {
	t.Parallel()
	for _, o := range []cameratest.Options{{Auth: "open"}, {Auth: "open", NoServices: true}} {
		c, err := onvif.New(onvif.Options{Host: cameratest.Start(t, o).Address()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		if err := Run(cameratest.Soon(t), Options{Client: c}, nil); !errors.Is(err, onvif.ErrNoEvents) {
			t.Errorf("got %v", err)
		}
	}
}

// TestEventServiceMissing promises that a camera that tells an event service and
// has none is asked once, and that the reason names the address it told.
func TestEventServiceMissing(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{Missing: true, OnlyCapability: true}, cameratest.Options{})
	err := l.run(cameratest.Soon(t))
	want := onvif.ErrNoEvents.Error() + ": it tells http://" + l.camera.Address() + "/onvif/event_service, and nothing is there"
	if !errors.Is(err, onvif.ErrNoEvents) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := l.camera.EventCount(); got.CreationsRefused != 1 {
		t.Errorf("asked %d times, want once", got.CreationsRefused)
	}
}

// TestEventServiceMute promises that a camera that hangs up on its event service
// only is not said to be away, while one that has gone is.
func TestEventServiceMute(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{Mute: true}, cameratest.Options{})
	err := l.run(cameratest.Soon(t))
	want := "the camera answers other questions, but not this: make a pull point: cannot be reached: it hung up without an answer (EOF)"
	if err == nil || err.Error() != want || errors.As(err, new(*onvif.Unreachable)) {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := l.camera.EventCount(); got.CreationsRefused != mostMishaps {
		t.Errorf("asked %d times, want %d", got.CreationsRefused, mostMishaps)
	}
	l.camera.Offline(true)
	if err := l.run(cameratest.Soon(t)); !errors.As(err, new(*onvif.Unreachable)) {
		t.Errorf("of one that has gone: got %v", err)
	}
}

// TestGiant promises that thousands of notifications at once are cut and the rest
// of the conversation goes on.
func TestGiant(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{Giant: 5000}, cameratest.Options{})
	l.start()
	l.pulls(2)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	for _, b := range l.batches {
		if len(b.Notifications) != 1000 {
			t.Errorf("got %d notifications, want 1000", len(b.Notifications))
		}
	}
}

// TestEmptyAtOnce promises that a camera that does not wait is not asked without a
// pause.
func TestEmptyAtOnce(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{EmptyAtOnce: true}, cameratest.Options{})
	l.pauses.rest, l.pauses.quick = 50*time.Millisecond, time.Minute
	l.start()
	l.pulls(6)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	for i := 2; i < 6; i++ {
		if between := l.batches[i].At.Sub(l.batches[i-1].At); between < l.pauses.rest {
			t.Errorf("pull %d came after %v", i, between)
		}
	}
}

// TestFlood promises that a camera that always has something to say takes only a
// share of our time.
func TestFlood(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{Giant: 1}, cameratest.Options{})
	l.pauses.rest, l.pauses.quick = 50*time.Millisecond, time.Minute
	l.start()
	l.pulls(25)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	for i := mostQuickOnes + 1; i < 25; i++ {
		if between := l.batches[i].At.Sub(l.batches[i-1].At); between < l.pauses.rest {
			t.Errorf("pull %d came after %v", i, between)
		}
	}
}

// TestTakeFails promises that an error of take ends the run at once, is returned as
// it is, and that the pull point is released.
func TestTakeFails(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.fail = errClosed
	if err := l.run(cameratest.Soon(t)); err != errClosed {
		t.Errorf("got %v", err)
	}
	if got := l.camera.EventCount(); got.Live != 0 || got.Pulls != 1 || l.kept != nil {
		t.Errorf("got %+v, kept %+v", got, l.kept)
	}
}

// TestKeepFails promises that no pull point is used that nobody would know of after
// a crash.
func TestKeepFails(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	o := Options{Client: l.client, Keep: func(*Kept) error { return errClosed }}
	if err := Run(cameratest.Soon(t), o, l.take); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
	if got := l.camera.EventCount(); got.Live != 0 || got.Created != 1 || got.Pulls != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestUsual promises the times that the field asks for.
func TestUsual(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.pauses = usual()
	l.start()
	l.hears(2)
	if !l.camera.AwaitEvents(cameratest.Soon(t), func(n cameratest.EventCount) bool { return n.Pulls == 2 && n.Waiting == 1 }) {
		t.Fatal("no second pull")
	}
	began := time.Now()
	l.camera.Notify("tns1:VideoSource/MotionAlarm", "Source=video_0", "State=true")
	l.hears(3)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	t.Logf("%v from the trigger to take", l.batches[1].At.Sub(began)) // printed, not judged
	if diff := cmp.Diff("Create PT600S, Pull PT5S 50, Pull PT20S 50", strings.Join(l.camera.EventTimes()[:3], ", ")); diff != "" {
		t.Error(diff)
	}
}
