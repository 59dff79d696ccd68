package camera

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/pullpoint"
)

// TestRecorderTrack promises that the track of one camera of a recorder says in that
// camera's name what it alone tells, and in the name of whom it is about what tells
// that: as the recorder's pull point does, and so only once.
func TestRecorderTrack(t *testing.T) {
	t.Parallel()
	h := NewHearing(HearingOptions{Name: "nvr-1", Recorder: true, Cameras: map[int]string{1: "hall-1", 2: "gate-1"}})
	h.learn(map[string]int{"one": 1, "two": 2, "three": 3})
	loss := func(token string) step {
		return step("0s VideoSource/SignalLoss VideoSourceToken=" + token + " | State=true")
	}
	for _, c := range []struct {
		what                   step
		ofCamera, thenRecorder []string // who said what, in the conversations of hall-1 and of nvr-1
	}{
		{loss("one"), []string{"camera.video_lost raised"}, nil},
		{loss("two"), []string{"gate-1 camera.video_lost raised"}, nil},
		{loss("three"), []string{"nvr-1 camera.video_lost raised channel 3"}, nil},
		{loss("somewhere"), []string{"camera.video_lost raised"}, []string{"camera.video_lost raised somewhere"}},
		{"0s " + covered, []string{"camera.tamper raised r"}, []string{"camera.tamper raised r"}},
		{"0s Device/HardwareFailure/StorageFailure Token=disk1 | Failed=true", []string{"nvr-1 camera.hardware raised storage/disk1"}, nil},
	} {
		_, n := step("x " + c.what).read(t)
		for _, way := range []struct {
			hearing *Hearing
			name    string
			want    []string
		}{{h.Of("hall-1"), "track hall-1", c.ofCamera}, {h, byPullPoint, c.thenRecorder}} {
			var said []string
			err := way.hearing.take(way.name, []notice.Notification{n}, noon, func(e devices.Event) error { said = append(said, asSaid(e)); return nil })
			if diff := cmp.Diff(way.want, said); diff != "" || err != nil {
				t.Errorf("%s by %s: %v %s", c.what, way.name, err, diff)
			}
		}
	}
}

// TestTracksOfRecorder promises that motion on one channel does not silence that on
// another where only the track tells them apart.
func TestTracksOfRecorder(t *testing.T) {
	t.Parallel()
	h := NewHearing(HearingOptions{Name: "nvr-1", Recorder: true, Cameras: map[int]string{1: "hall-1", 2: "gate-1"}})
	_, n := step("x - RuleEngine/CellMotionDetector/Motion Rule=r | IsMotion=true").read(t)
	var said []string
	for _, camera := range []string{"hall-1", "gate-1", "hall-1"} {
		if err := h.Of(camera).Take([]notice.Notification{n}, noon, func(e devices.Event) error {
			said = append(said, camera+": "+asSaid(e))
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"hall-1: camera.motion r", "gate-1: camera.motion r"}, said); diff != "" {
		t.Error(diff)
	}
}

// TestTrackEnds promises that what a track raised and nobody ends is ended by a timer,
// by whoever is there: the track itself, or who attends and is woken for it.
func TestTrackEnds(t *testing.T) {
	t.Parallel()
	var said []string
	emit := func(e devices.Event) error {
		if e.Code != "" && e.Code != devices.DeviceFault {
			said = append(said, fmt.Sprint(asSaid(e), " ", e.TimedOut))
		}
		return nil
	}
	h := NewHearing(HearingOptions{Name: "cam-1"})
	l := listenTo(AttendOptions{Name: "cam-1", Hearing: h}, emit)
	for i, end := range []func(at time.Time){
		func(at time.Time) { l.take(pullpoint.Batch{At: at}) },
		func(at time.Time) {
			if err := h.Take(nil, at, emit); err != nil {
				t.Error(err)
			}
		},
	} {
		at := noon.Add(time.Duration(i) * time.Hour)
		_, n := step(fmt.Sprintf("track %dh %s | IsInside=true", i, inside)).read(t)
		if err := h.Take([]notice.Notification{n}, at, emit); err != nil {
			t.Error(err)
		}
		select {
		case <-h.sooner:
		default:
			t.Error("nobody is woken")
		}
		end(at.Add(10*time.Minute - time.Second))
		end(at.Add(10 * time.Minute))
	}
	want := []string{"camera.intrusion raised f false", "camera.intrusion cleared f true"}
	if diff := cmp.Diff(append(want, want...), said); diff != "" {
		t.Error(diff)
	}
}
