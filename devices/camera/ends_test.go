package camera

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/pullpoint"
)

// listenTo is one run of an attendance that says to emit.
func listenTo(o AttendOptions, emit func(devices.Event) error) *listening {
	return &listening{attendance: Attend(o).(*attendance), voice: newVoice(emit)}
}

// TestEndsByItself promises that a condition that no camera of its kind ends is
// ended by a timer, later where it was raised again, at once where the camera ends
// it after all, and after a restart of the daemon too.
func TestEndsByItself(t *testing.T) {
	t.Parallel()
	inside := func(state string) notice.Notification {
		return notice.Notification{
			Topic: "CellMotionDetector/Intrusion", Operation: notice.Changed,
			Source: []notice.Item{{Name: "Rule", Value: "Quay"}}, Data: []notice.Item{{Name: "IsIntrusion", Value: state}},
		}
	}
	const point = "cell motion/Quay"
	for _, c := range []struct {
		name  string
		open  []Standing // from an earlier run
		tells map[time.Duration]string
		want  map[time.Duration]devices.Event // clearings, by when they are said
	}{
		{"told once", nil, map[time.Duration]string{0: "true"},
			map[time.Duration]devices.Event{10 * time.Minute: {Code: "camera.intrusion", State: devices.Cleared, Point: point, TimedOut: true}}},
		{"told again after six minutes", nil, map[time.Duration]string{0: "true", 6 * time.Minute: "true"},
			map[time.Duration]devices.Event{16 * time.Minute: {Code: "camera.intrusion", State: devices.Cleared, Point: point, TimedOut: true}}},
		{"ended by the camera", nil, map[time.Duration]string{0: "true", 3 * time.Minute: "false"},
			map[time.Duration]devices.Event{3 * time.Minute: {Code: "camera.intrusion", State: devices.Cleared, Point: point, Detail: "cell motion"}}},
		{"by a camera that has ended one before", nil, map[time.Duration]string{0: "true", time.Minute: "false", 2 * time.Minute: "true", 25 * time.Minute: "false"},
			map[time.Duration]devices.Event{
				time.Minute:      {Code: "camera.intrusion", State: devices.Cleared, Point: point, Detail: "cell motion"},
				25 * time.Minute: {Code: "camera.intrusion", State: devices.Cleared, Point: point, Detail: "cell motion"},
			}},
		{"open from an earlier run", []Standing{{"cam-1", "camera.intrusion", point}, {"cam-1", "camera.video_lost", ""}, {"cam-2", "camera.intrusion", point}}, nil,
			map[time.Duration]devices.Event{10 * time.Minute: {Code: "camera.intrusion", State: devices.Cleared, Point: point, TimedOut: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, got := time.Now(), map[time.Duration]devices.Event{}
				l := listenTo(AttendOptions{Name: "cam-1", Open: func() []Standing { return c.open }}, func(e devices.Event) error {
					if e.State == devices.Cleared && e.Code != devices.DeviceFault {
						e.Time = time.Time{}
						got[time.Since(began)] = e
					}
					return nil
				})
				l.hearing.takeUpEnds(l.voice.pass)
				for time.Since(began) < 30*time.Minute {
					if state, told := c.tells[time.Since(began)]; told {
						l.take(pullpoint.Batch{At: time.Now(), Notifications: []notice.Notification{inside(state)}})
					}
					l.take(pullpoint.Batch{At: time.Now()})
					time.Sleep(time.Minute)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestLastsOf promises that after a restart only those conditions get a timer that
// come without an end: a camera that ends its own tampering is believed until then,
// also where it cannot tell its states twice.
func TestLastsOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  devices.Code
		point string
		want  time.Duration
	}{
		{"camera.tamper", "MyTamper", 0},
		{"camera.tamper", "", 0},
		{"camera.tamper", "scene change", 0},
		{"camera.tamper", "tampering/1", time.Minute},
		{"camera.tamper", "tampering", time.Minute},
		{"camera.tamper", "channel 3 tampering/1", time.Minute},
		{"camera.tamper", "channel 3 scene change/1", 0},
		{"camera.intrusion", "Quay", 10 * time.Minute},
		{"camera.intrusion", "cell motion/Quay", 10 * time.Minute},
		{"camera.loiter", "guard/1", 0},
		{"camera.loiter", "Quay", 10 * time.Minute},
		{"camera.video_lost", "", 0},
		{devices.StreamOffline, "", 0},
	} {
		if got := lastsOf(Standing{"cam-1", c.code, c.point}); got != c.want {
			t.Errorf("%s at %q: got %v, want %v", c.code, c.point, got, c.want)
		}
	}
}

// TestUnknownTopicsAreLimited promises that a camera that floods us with a topic
// nobody knows is heard once a minute, with how often it spoke meanwhile.
func TestUnknownTopicsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said []string
		l := listenTo(AttendOptions{Name: "cam-1"}, func(e devices.Event) error {
			if e.Code == devices.CameraEvent {
				said = append(said, e.Text)
			}
			return nil
		})
		for range 121 {
			l.take(pullpoint.Batch{At: time.Now(), Notifications: []notice.Notification{
				{Topic: "Coffee/Ready", Raw: "tnsacme:Coffee/Ready", Operation: notice.Changed, Data: []notice.Item{{Name: "Cups", Value: "2"}}},
			}})
			time.Sleep(time.Second)
		}
		want := []string{"Cups=2", "Cups=2 (59 more since the last one)", "Cups=2 (59 more since the last one)"}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTooManyConditions promises that a camera that invents points fills nobody's
// list: what is beyond the bound is left out and told, and there is room again when
// conditions end.
func TestTooManyConditions(t *testing.T) {
	t.Parallel()
	raised, faults := 0, []string{}
	l := listenTo(AttendOptions{Name: "cam-1"}, func(e devices.Event) error {
		switch {
		case e.Code == devices.DeviceFault && e.Point == pointTooMany:
			faults = append(faults, string(e.State))
		case e.State == devices.Raised:
			raised++
		}
		return nil
	})
	tampered := func(rule int, is string) {
		l.take(pullpoint.Batch{At: time.Now(), Notifications: []notice.Notification{{
			Topic: "RuleEngine/TamperDetector/Tamper", Operation: notice.Changed,
			Source: []notice.Item{{Name: "Rule", Value: strconv.Itoa(rule)}}, Data: []notice.Item{{Name: "IsTamper", Value: is}},
		}}})
	}
	for rule := range 5000 {
		tampered(rule, "true")
	}
	if raised != mostStanding {
		t.Errorf("got %d conditions raised, want %d", raised, mostStanding)
	}
	for rule := range mostStanding {
		tampered(rule, "false")
	}
	tampered(5000, "true")
	if raised != mostStanding+1 {
		t.Errorf("got %d conditions raised when there is room again, want %d", raised, mostStanding+1)
	}
	if diff := cmp.Diff([]string{"raised", "cleared"}, faults); diff != "" {
		t.Error(diff)
	}
	for rule := range mostStanding {
		tampered(rule, "true")
	}
	raised = 0
	l.hearing.takeUpEnds(l.voice.pass) // another run
	tampered(6000, "true")
	if raised != 1 {
		t.Errorf("got %d conditions raised in a new run, want the room of one", raised)
	}
}
