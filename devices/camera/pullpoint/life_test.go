package pullpoint

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
)

// TestLife promises that a pull point is made, tells how things stand and then
// what changes, is a sign of life where nothing does, and is released at the end,
// whatever the camera does to those who ask. Each case is a quirk.
func TestLife(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		e     cameratest.Events
		o     cameratest.Options
		times []string // written until the first pull, if it matters
	}{
		{name: "as the specification has it", times: []string{"Create PT60S", "Pull PT0.1S 50"}},
		{name: "digest", o: cameratest.Options{Auth: "digest-sha256"}},
		{name: "a clock eight hours behind", o: cameratest.Options{Clock: -8 * time.Hour}},
		{name: "names in GB 18030", o: cameratest.Options{Charset: "gb2312"}},
		{name: "22 inner host behind NAT", o: cameratest.Options{InnerHost: "192.168.1.64"}, e: cameratest.Events{Address: cameratest.InnerAddress}},
		{name: "25 doubled port", e: cameratest.Events{Address: cameratest.DoubledPort}},
		{name: "25 another port", e: cameratest.Events{OtherPort: "127.0.0.11:0"}},
		{name: "25 another port, doubled", e: cameratest.Events{OtherPort: "127.0.0.11:0", Address: cameratest.DoubledPort}},
		{name: "25 empty address", e: cameratest.Events{Address: cameratest.EmptyAddress}},
		{name: "25 anonymous address", e: cameratest.Events{Address: cameratest.NobodysAddress}},
		{name: "25 a path for an address", e: cameratest.Events{Address: cameratest.PathAddress}},
		{name: "26 reference parameters", e: cameratest.Events{ByReference: true}},
		{name: "26 reference parameters at an empty address", e: cameratest.Events{ByReference: true, Address: cameratest.EmptyAddress}},
		{name: "26 reference properties", e: cameratest.Events{ByProperties: true}},
		{name: "27 headers are required", e: cameratest.Events{HeadersRequired: true}},
		{name: "27 headers kill", e: cameratest.Events{HeadersKill: true}},
		{name: "27 headers are refused with a pull", e: cameratest.Events{HeadersRefused: true}},
		{name: "28 a termination time is required", e: cameratest.Events{RefusesUntold: true}, times: []string{"Create PT60S", "Pull PT0.1S 50"}},
		{name: "28 no durations", e: cameratest.Events{RefusesRelative: true}},
		{name: "28 no durations, another clock", e: cameratest.Events{RefusesRelative: true}, o: cameratest.Options{Clock: 4000 * time.Hour}},
		{name: "28 no termination time at all", e: cameratest.Events{RefusesTimes: true}},
		{name: "28 no dates, and headers kill", e: cameratest.Events{RefusesAbsolute: true, HeadersKill: true}},
		{name: "28 minutes are read as seconds", e: cameratest.Events{SecondsOnly: true}},
		{name: "32 the end is told to be 1970", e: cameratest.Events{Termination: "1970-01-01T00:00:00Z"}},
		{name: "32 the end is told without the time", e: cameratest.Events{NoCurrentTime: true}, o: cameratest.Options{Clock: time.Hour}},
		{name: "32 the end is told in words", e: cameratest.Events{Termination: "never"}},
		{name: "33 says that it has no pull points", e: cameratest.Events{NoSupport: true, OnlyCapability: true}},
		{name: "33 knows no GetServices", e: cameratest.Events{NoSupport: true}, o: cameratest.Options{NoServices: true}},
		{name: "34 the last place", e: cameratest.Events{Limit: 1}},
		{name: "clamps limits", e: cameratest.Events{MostMessages: 1, MostPoll: 60 * time.Millisecond}},
		{name: "refuses the limit", e: cameratest.Events{RefusesLimit: 10}},
		{name: "31 hangs up on a poll", e: cameratest.Events{HangUpAfter: 60 * time.Millisecond}},
		{name: "42 resets a poll", e: cameratest.Events{ResetAfter: 60 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := listenTo(t, c.e, c.o)
			l.start()
			l.hears(2)
			l.pulls(2)
			l.camera.Notify("tns1:VideoSource/MotionAlarm", "Source=video_0", "State=true")
			l.hears(3)
			if err := l.stop(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{motionOff, inputOn, motionOn}, l.said()); diff != "" { // 40: states are states
				t.Error(diff)
			}
			if got := l.freshes(); got != 1 || !l.batches[0].Fresh {
				t.Errorf("got %d fresh batches, want the first", got)
			}
			n := l.camera.EventCount()
			if n.Created != 1 || n.Live != 0 || n.Unsubscribed != 1 || l.kept != nil && l.kept.Address != "" || l.camera.Logins().Refused != 0 {
				t.Errorf("got %+v, kept %+v, logins %+v", n, l.kept, l.camera.Logins())
			}
			if c.times != nil {
				if diff := cmp.Diff(c.times, l.camera.EventTimes()[:len(c.times)]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
