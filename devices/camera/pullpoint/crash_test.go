package pullpoint

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// again is the listener in another process: what was kept is all that is known.
func (l *listener) again() {
	l.t.Helper()
	written, err := json.Marshal(l.kept)
	if err != nil {
		l.t.Fatal(err)
	}
	l.kept = nil
	if err := json.Unmarshal(written, &l.kept); err != nil {
		l.t.Fatal(err)
	}
	l.client, err = onvif.New(onvif.Options{Host: l.camera.Address(), User: "onvif", Password: func() (string, error) { return "secret", nil }, Networks: cameratest.Loopback})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(l.client.Close)
	l.batches = nil
	l.start()
}

// TestKill promises that a run that follows a killed one adopts its pull point: the
// camera has exactly one, what happened in between is heard, and the states are
// told again. Quirks 26 and 34.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, e := range []cameratest.Events{{}, {ByReference: true}, {Limit: 1}, {NoSynchronize: true}, {HeadersKill: true}, {EndsAll: true}, {Termination: "1970-01-01T00:00:00Z"}} {
		l := listenTo(t, e, cameratest.Options{})
		l.start()
		l.hears(2)
		l.crash()
		l.camera.Notify("tns1:VideoSource/MotionAlarm", "Source=video_0", "State=true")
		l.again()
		want := []string{motionOn, "Initialized VideoSource/MotionAlarm Source=video_0 State=true", inputOn}
		if e.NoSynchronize {
			want = want[:1]
		}
		l.hears(len(want))
		renewed := 0
		if e.Termination != "" { // it may end soon
			renewed = 1
		}
		if got := l.camera.EventCount(); got.Live != 1 || got.Created != 1 || got.Unsubscribed != 0 || got.Renewals != renewed {
			t.Errorf("%+v: got %+v, want one pull point", e, got)
		}
		if err := l.stop(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, l.said()); diff != "" {
			t.Errorf("%+v: %s", e, diff)
		}
		if got := l.camera.EventCount(); got.Live != 0 || l.freshes() != 0 {
			t.Errorf("%+v: got %+v and %d fresh batches, want none", e, got, l.freshes())
		}
	}
}

// TestKeptIsDead promises that for a kept pull point that the camera does not know
// any more a new one is made, also where there is no other place (quirk 34); that it
// is not released, which ends those of others on some cameras (quirk 30); and that
// the manners learnt are not asked for again.
func TestKeptIsDead(t *testing.T) {
	t.Parallel()
	for _, e := range []cameratest.Events{{RefusesRelative: true}, {Limit: 1, HeadersKill: true}, {EndsAll: true, ByReference: true}} {
		l := listenTo(t, e, cameratest.Options{})
		l.start()
		l.hears(2)
		l.crash()
		l.camera.ForgetPullPoints()
		before := l.camera.EventCount()
		l.again()
		l.hears(2)
		got := l.camera.EventCount()
		if got.Live != 1 || got.Created != 2 || got.CreationsRefused != before.CreationsRefused || got.Misaddressed != before.Misaddressed || got.UnknownPoint != 1 {
			t.Errorf("%+v: got %+v, want one pull point, made at once", e, got)
		}
		if err := l.stop(); err != nil || l.freshes() != 1 {
			t.Errorf("got %v and %d fresh batches", err, l.freshes())
		}
	}
}

// TestMannersStay promises that what was learnt of a camera is known after a proper
// end too: one that dies of headers does so once, and not at each restart (quirk 27).
func TestMannersStay(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{HeadersKill: true, RefusesRelative: true}, cameratest.Options{})
	l.start()
	l.hears(2)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	want := &Kept{Manners: Manners{Bare: true, Times: Absolute}}
	if diff := cmp.Diff(want, l.kept); diff != "" {
		t.Error(diff)
	}
	before := l.camera.EventCount().CreationsRefused
	l.again()
	l.hears(2)
	if got := l.camera.EventCount(); got.Created != 2 || got.CreationsRefused != before {
		t.Errorf("got %+v, want no creation refused but the first %d", got, before)
	}
	if err := l.stop(); err != nil {
		t.Error(err)
	}
}

// TestOtherKept promises that a camera that was replaced, or a kept address that is
// nonsense, does not keep a pull point from being made.
func TestOtherKept(t *testing.T) {
	t.Parallel()
	for _, kept := range []Kept{
		{Address: "http://127.0.0.11:1/onvif/pullpoint/99", Reference: "<a>1</a>"},
		{Address: "ftp://nowhere", Made: time.Now().Add(time.Hour)},
		{Manners: Manners{Bare: true, Times: Absolute, Renewal: Absolute, Poll: time.Second, Modest: true}},
		{Manners: Manners{Times: "sideways"}},
	} {
		l := listenTo(t, cameratest.Events{}, cameratest.Options{})
		if kept.Address != "" && kept.Made.IsZero() {
			kept.Address = "http://" + l.camera.Address() + "/onvif/pullpoint/99"
		}
		l.kept = &kept
		l.start()
		l.hears(2)
		if err := l.stop(); err != nil {
			t.Error(err)
		}
		if got := l.camera.EventCount(); got.Created != 1 || got.Live != 0 {
			t.Errorf("%+v: got %+v", kept, got)
		}
	}
}

// TestRestartOfCamera promises that a pull point that the camera forgot is made
// anew within the same run, once, and said to be new.
func TestRestartOfCamera(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.start()
	l.hears(2)
	l.camera.ForgetPullPoints()
	l.hears(4)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{motionOff, inputOn, motionOff, inputOn}, l.said()); diff != "" {
		t.Error(diff)
	}
	if got := l.camera.EventCount(); got.Created != 2 || got.Live != 0 || l.freshes() != 2 {
		t.Errorf("got %+v and %d fresh batches", got, l.freshes())
	}
}

// TestCableOut promises that a camera that goes away ends the run with the reason,
// and that its pull point is adopted when it is back.
func TestCableOut(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.start()
	l.hears(2)
	l.camera.Offline(true)
	if err := <-l.done; !errors.As(err, new(*onvif.Unreachable)) {
		t.Errorf("got %v", err)
	}
	l.camera.Offline(false)
	l.again()
	l.hears(2)
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	if got := l.camera.EventCount(); got.Created != 1 || got.Live != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestShutdownWhileCreating promises that a pull point whose making is under way when
// the run ends is not left behind.
func TestShutdownWhileCreating(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{CreatesAfter: 300 * time.Millisecond}, cameratest.Options{})
	l.start()
	if !l.camera.AwaitEvents(cameratest.Soon(t), func(n cameratest.EventCount) bool { return n.Created == 1 }) {
		t.Fatal("nothing was made")
	}
	if err := l.stop(); err != nil {
		t.Error(err)
	}
	if got := l.camera.EventCount(); got.Live != 0 || got.Unsubscribed != 1 || got.Pulls != 0 || l.kept != nil {
		t.Errorf("got %+v, kept %+v", got, l.kept)
	}
}

// TestOnlyHangUps promises that hang-ups are not taken for silence for ever: a camera
// that hangs up on everything is not there.
func TestOnlyHangUps(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.pauses.soon = 0
	l.start()
	l.hears(2)
	l.camera.Offline(true)
	if err := <-l.done; !errors.As(err, new(*silent)) || !errors.As(err, new(*onvif.Unreachable)) {
		t.Errorf("got %v", err)
	}
}

// TestHundredCycles promises that nothing of a pull point is left behind: no
// goroutine, no descriptor, no place at the camera.
func TestHundredCycles(t *testing.T) {
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.pauses.creations = 0
	cycle := func() {
		l.start()
		l.pulls(1)
		if err := l.stop(); err != nil {
			t.Fatal(err)
		}
	}
	cycle()
	descriptors, goroutines := cameratest.Held(t)
	for range 100 {
		cycle()
	}
	cameratest.Flat(t, descriptors, goroutines+2) // contexts of the test itself
	if got := l.camera.EventCount(); got.Created != 101 || got.Live != 0 || got.Unsubscribed != 101 {
		t.Errorf("got %+v", got)
	}
}

// TestDoubt promises that a word that the camera has started anew, which anybody
// on the network can say, costs a camera that did not one pull and no pull point,
// and loses nothing; one that did is listened to by a new pull point at once.
func TestDoubt(t *testing.T) {
	t.Parallel()
	l := listenTo(t, cameratest.Events{}, cameratest.Options{})
	l.pauses.poll = 20 * time.Second // nobody waits so long
	doubt := make(chan struct{})
	l.doubt = doubt
	l.start()
	l.hears(2)
	for range 5 {
		doubt <- struct{}{}
	}
	l.camera.Notify("tns1:VideoSource/MotionAlarm", "Source=video_0", "State=true")
	l.await("motion", func(all []Batch) bool { return slices.Contains(words(all), motionOn) })
	if got := l.camera.EventCount(); got.Created != 1 || got.Unsubscribed != 0 || l.freshes() != 1 {
		t.Errorf("got %+v, want the pull point that was there", got)
	}
	l.camera.LosePower()
	doubt <- struct{}{}
	l.await("a second pull point", func(all []Batch) bool { return all[len(all)-1].Fresh && len(all) > 1 })
	if got := l.camera.EventCount(); got.Created != 2 || got.Live != 1 || got.Unsubscribed != 0 {
		t.Errorf("got %+v, want a second pull point", got)
	}
	if err := l.stop(); err != nil {
		t.Error(err)
	}
}
