package camera

import (
	"errors"
	"fmt"
	"testing"

	"sitepost/devices"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// TestDeafnessIsTold promises that a camera of which nothing is heard is called so,
// whatever the reason, but where that is told by who watches its stream: of one that
// is away, and of a login that it refuses altogether.
func TestDeafnessIsTold(t *testing.T) {
	t.Parallel()
	gone, refused, strange := &onvif.Unreachable{Err: errors.New("EOF")}, &onvif.LoginRefused{User: "onvif"}, errors.New("strange")
	for _, c := range []struct {
		name  string
		err   error
		known bool // it said who it is
		away  bool
		deaf  bool // nobody wants to hear it
		want  devices.State
	}{
		{"answers strangely", strange, false, false, false, devices.Raised},
		{"answers strangely, and nobody wants its events", strange, false, false, true, ""},
		{"away", gone, false, true, false, ""},
		{"refuses the login", refused, false, false, false, ""},
		{"its pull points answer strangely", strange, true, false, false, devices.Raised},
		{"its pull points refuse the login", refused, true, false, false, devices.Raised},
		{"its pull points are not reached", gone, true, false, false, devices.Raised},
		{"has gone away meanwhile", gone, true, true, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, cameratest.Options{Password: "secret"})
			client, err := onvif.New(onvif.Options{Host: v.Address(), Networks: cameratest.Loopback})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			v.Offline(c.away)
			a := Attend(AttendOptions{Name: "cam-1", Client: client, Deaf: c.deaf}).(*attendance)
			var got devices.State
			for n := range 2 {
				l := &listening{attendance: a, voice: newVoice(func(e devices.Event) error {
					if e.Code != devices.DeviceFault || e.Point != pointEvents || n == 0 {
						t.Errorf("run %d: got %+v", n, e)
					}
					got = e.State
					return nil
				})}
				tell := l.tellNotIdentified
				if c.known {
					tell = l.tellNotHeard
				}
				if err := tell(cameratest.Soon(t), fmt.Errorf("pull: %w", c.err)); !errors.Is(err, c.err) {
					t.Errorf("got %v, want %v", err, c.err)
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
