package camera_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
)

// An attention is an Attend under test, and what it said so far.
type attention struct {
	t     *testing.T
	ctx   context.Context
	end   context.CancelFunc
	ended chan error

	mu   sync.Mutex // protects all below
	said []string
	more chan struct{} // closed at the next word
}

// attended begins an Attend. When the test ends it has ended.
func attended(t *testing.T, o camera.AttendOptions) *attention {
	t.Helper()
	a := &attention{t: t, ended: make(chan error, 1), more: make(chan struct{})}
	a.ctx, a.end = context.WithCancel(cameratest.Soon(t))
	d := camera.Attend(o)
	go func() { a.ended <- d.Run(a.ctx, a.hear) }()
	return a
}

// hear writes down what is said, but for signs of life.
func (a *attention) hear(e devices.Event) error {
	if e.Code == "" {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = append(a.said, asWords(e))
	close(a.more)
	a.more = make(chan struct{})
	return nil
}

// asWords is an event as a person would tell it.
func asWords(e devices.Event) string {
	words := []string{e.Device, string(e.Code), string(e.State), e.Is, e.Point, e.Detail}
	if e.Urgent {
		words = append(words, "urgent")
	}
	if e.TimedOut {
		words = append(words, "timed out")
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// until waits for a word and returns all that was said until then, this word
// included.
func (a *attention) until(last string) []string {
	a.t.Helper()
	for {
		a.mu.Lock()
		said, more := slices.Clone(a.said), a.more
		a.mu.Unlock()
		if i := slices.Index(said, last); i >= 0 {
			return said[:i+1]
		}
		select {
		case <-more:
		case err := <-a.ended:
			a.t.Fatalf("it ended with %v before it said %q, after\n%s", err, last, strings.Join(said, "\n"))
		case <-a.ctx.Done():
			a.t.Fatalf("it never said %q, only\n%s", last, strings.Join(said, "\n"))
		}
	}
}

// stop ends it and returns its error.
func (a *attention) stop() error {
	a.end()
	return <-a.ended
}

// remembering is a memory that is kept nowhere.
func remembering() *camera.Memory {
	return camera.NewMemory(camera.Known{}, func(camera.Known) error { return nil })
}

// attend are the options of somebody who attends to a virtual camera.
func attend(t *testing.T, v *cameratest.Camera) camera.AttendOptions {
	return camera.AttendOptions{
		Name: "cam-1", Memory: remembering(),
		Client: client(t, v, func() (string, error) { return "secret", nil }, cameratest.Loopback),
	}
}

const (
	motion  = "tns1:VideoSource/MotionAlarm"
	tamper  = "tns1:RuleEngine/TamperDetector/Tamper"
	crossed = "tns1:RuleEngine/LineDetector/Crossed"
	input   = "tns1:Device/Trigger/DigitalInput"
)

// talkative is an event service that has something to tell to every new pull point:
// nobody waits for its first word.
func talkative() *cameratest.Events {
	return &cameratest.Events{States: []cameratest.Notice{{Topic: "tns1:Monitoring/OperatingTime/LastReset", Data: []string{"Status=0"}}}}
}

// wellBegun is what is said of a camera that is who it should be and that is
// listened to.
var wellBegun = []string{"device.fault cleared identity", "device.fault cleared events"}

// TestAttend promises that what a camera notices is said in the words of the
// dictionary: conditions with their end, motion when it begins, how things stood
// when we began to listen, and a topic nobody knows as it came.
func TestAttend(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: &cameratest.Events{States: []cameratest.Notice{
		{Topic: "tns1:VideoSource/SignalLoss", Source: "VideoSourceToken=video_0", Data: []string{"State=true"}},
		{Topic: motion, Source: "VideoSourceToken=video_0", Data: []string{"State=true"}},
		{Topic: input, Source: "InputToken=1", Data: []string{"LogicalState=false"}},
	}}})
	o := attend(t, v)
	o.Hearing = camera.NewHearing(camera.HearingOptions{Name: "cam-1", Urgent: func(device string) bool { return device == "cam-1" }})
	a := attended(t, o)
	a.until("camera.digital_input off 1")
	v.Notify(tamper, "Rule=MyTamper", "IsTamper=true")
	v.Notify(motion, "VideoSourceToken=video_0", "State=false")
	v.Notify(motion, "VideoSourceToken=video_0", "State=true")
	v.Notify(motion, "VideoSourceToken=video_0", "State=true")
	v.Notify(tamper, "Rule=MyTamper", "IsTamper=false")
	v.Notify(crossed, "Rule=Quay", "ObjectId=7")
	v.Notify("tns1:VideoSource/SignalLoss", "VideoSourceToken=video_0", "State=false")
	v.Notify("tnsacme:Coffee/Ready", "Machine=1", "Cups=2")
	v.Notify(input, "InputToken=1", "LogicalState=true")
	got := a.until("camera.digital_input on 1")
	want := append(slices.Clone(wellBegun), "camera.video_lost raised", "camera.digital_input off 1",
		"camera.tamper raised MyTamper", "camera.motion urgent", "camera.tamper cleared MyTamper", "camera.line_crossed Quay",
		"camera.video_lost cleared", "camera.event tnsacme:Coffee/Ready", "camera.digital_input on 1")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := a.stop(); err != nil {
		t.Errorf("got %v, want nil when its context ends", err)
	}
	if n := v.EventCount().Live; n != 0 {
		t.Errorf("%d pull points are left behind, want none", n)
	}
}

// TestAttendRecorder promises that a recorder speaks in the name of the cameras on
// its channels, and says in its own name what is about no camera of the site.
func TestAttendRecorder(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Profiles: cameratest.Channels(4), Events: &cameratest.Events{}})
	o := attend(t, v)
	o.Name = "nvr-1"
	o.Hearing = camera.NewHearing(camera.HearingOptions{Name: "nvr-1", Recorder: true, Cameras: map[int]string{3: "hall-1"}})
	token, err := channelToken(t, o, 3)
	if err != nil {
		t.Fatal(err)
	}
	other, err := channelToken(t, o, 2)
	if err != nil {
		t.Fatal(err)
	}
	a := attended(t, o)
	v.AwaitEvents(a.ctx, func(c cameratest.EventCount) bool { return c.Waiting > 0 })
	v.Notify("tns1:VideoSource/SignalLoss", "VideoSourceToken="+token, "State=true")
	v.Notify("tns1:VideoSource/SignalLoss", "VideoSourceToken="+other, "State=true")
	v.Notify("tns1:VideoSource/SignalLoss", "VideoSourceToken=somewhere", "State=true")
	v.Notify("tns1:Device/HardwareFailure/StorageFailure", "Token=disk1", "Failed=true")
	got := a.until("camera.hardware raised storage/disk1 storage")
	want := []string{
		"camera.login_refused cleared", "device.fault cleared identity", "device.fault cleared events",
		"hall-1 camera.video_lost raised", "camera.video_lost raised channel 2", "camera.video_lost raised somewhere",
		"camera.hardware raised storage/disk1 storage",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}

// channelToken is a token by which a recorder names a channel's video source.
func channelToken(t *testing.T, o camera.AttendOptions, channel int) (string, error) {
	t.Helper()
	all, err := o.Client.Channels(cameratest.Soon(t))
	for _, p := range []string{"", "source"} {
		for token, n := range all {
			if n == channel && strings.Contains(token, p) {
				return token, nil
			}
		}
	}
	return "", errors.Join(err, fmt.Errorf("no token of channel %d in %v", channel, all))
}

// TestAttendChanges promises that a new firmware and another device at the same
// address are told, once, also when that came about while nobody looked.
func TestAttendChanges(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: talkative()})
	o := attend(t, v)
	a := attended(t, o)
	a.until("device.fault cleared events")
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	v.SetFirmware("2.0")
	o.Serial, o.Client = "0B22", attend(t, v).Client // a new run of the daemon, which remembers
	a = attended(t, o)
	got := a.until("device.fault cleared events")
	want := []string{"camera.changed firmware", "device.fault raised identity another device", "device.fault cleared events"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	if f := o.Memory.Known().Inventory.Identity.Firmware; f != "2.0" {
		t.Errorf("firmware %q is remembered, want 2.0", f)
	}
}

// TestAttendDeaf promises that a camera that cannot be listened to is called so at
// the second try, with what to do, and not at the first; and that a site that
// wants no events costs the camera no pull point.
func TestAttendDeaf(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret"}) // it has no event service
	o := attend(t, v)
	d := camera.Attend(o)
	var said []string
	emit := func(e devices.Event) error { said = append(said, asWords(e)); return nil }
	for range 2 {
		err := d.Run(cameratest.Soon(t), emit)
		var needs interface{ NextStep() string }
		if !errors.As(err, &needs) || needs.NextStep() == "" {
			t.Errorf("got %v, want an error that says what to do", err)
		}
	}
	want := []string{"", "device.fault cleared identity", "", "device.fault cleared identity", "device.fault raised events no events"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	quiet := cameratest.Start(t, cameratest.Options{Password: "secret", Events: talkative()})
	o = attend(t, quiet)
	o.Deaf, o.Every = true, time.Millisecond
	a := attended(t, o)
	a.until("device.fault cleared identity")
	if err := a.stop(); err != nil {
		t.Error(err)
	}
	if n := quiet.EventCount().Created; n != 0 {
		t.Errorf("%d pull points were made, want none", n)
	}
}

// TestAttendEmitFails promises that it ends with emit's own error, and leaves no
// pull point behind.
func TestAttendEmitFails(t *testing.T) {
	t.Parallel()
	closed := errors.New("closed")
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: talkative()})
	for n := range 4 {
		heard := 0
		err := camera.Attend(attend(t, v)).Run(cameratest.Soon(t), func(devices.Event) error {
			if heard++; heard > n {
				return closed
			}
			return nil
		})
		if err != closed || heard != n+1 {
			t.Errorf("got %v after %d events, want %v after %d", err, heard, closed, n+1)
		}
	}
	if n := v.EventCount().Live; n != 0 {
		t.Errorf("%d pull points are left behind, want none", n)
	}
}
