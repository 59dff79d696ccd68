package camera_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
)

// TestAttendMute promises that a camera that hangs up on its event service, and
// answers all else, is told as one that cannot be listened to: nobody else tells,
// for it can be reached.
func TestAttendMute(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: &cameratest.Events{Mute: true}})
	o := attend(t, v)
	d := camera.Attend(o)
	var said []string
	for range 2 {
		o.Client.Subscribed(time.Time{}) // as if the pause between two pull points were over
		if err := d.Run(cameratest.Soon(t), func(e devices.Event) error { said = append(said, asWords(e)); return nil }); err == nil {
			t.Error("got no error")
		}
	}
	want := []string{"", "device.fault cleared identity", "", "device.fault cleared identity", "device.fault raised events no events"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}
