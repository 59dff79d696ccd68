package camera_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
	"sitepost/devices/virtual"
)

// TestProfiles promises that the stream's address is found on cameras with
// Media1 only, with a sub stream, behind NAT, and that all of it stays bound to
// the configured host.
func TestProfiles(t *testing.T) {
	t.Parallel()
	for _, o := range []cameratest.Options{
		{SubURI: "rtsp://127.0.0.11:554/sub"}, {Media1Only: true}, {Media1Only: true, SubURI: "rtsp://127.0.0.11:554/sub", Auth: "digest"},
		{InnerHost: "192.168.1.64"}, {NoServices: true}, {NoServices: true, InnerHost: "192.168.1.64"}, {Auth: "open"},
	} {
		o.Password = "secret"
		v := cameratest.Start(t, o)
		looked, _, err := first(t, to(t, v, "secret"))
		if err != nil || looked.URL != "rtsp://127.0.0.11:554/main" || looked.User != "onvif" {
			t.Errorf("%+v: got %+v %v", o, looked, err)
		}
	}
}

// first is the first stream that a conversation looks at, if it comes so far, and what
// it said before.
func first(t *testing.T, o camera.WatchOptions) (looked stream.Target, said []string, err error) {
	t.Helper()
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	o.Sampled = true
	o.Eyes.Measure = func(ctx context.Context, target stream.Target, _ time.Duration) (devices.Stream, error) {
		looked = target
		end()
		return devices.Stream{}, ctx.Err()
	}
	err = camera.Watch(o).Run(ctx, func(e devices.Event) error { said = append(said, inWords(e)); return nil })
	return looked, said, err
}

// TestWatchEndsAtOnce promises that a camera that tells nothing ends the conversation
// after it was told what is wrong, and that one that is begun again and again sends no
// third wrong login.
func TestWatchEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		o       cameratest.Options
		offline bool
		want    []string
		ends    any
	}{
		{"nobody there", cameratest.Options{}, true, []string{"device.offline raised", "stream.offline raised", "stream.reading offline"}, new(*onvif.Unreachable)},
		{"wrong password", cameratest.Options{Password: "another"}, false, []string{"device.offline cleared", "heard", "camera.login_refused raised", "stream.reading auth_failed"}, new(*onvif.LoginRefused)},
		{"a web page", cameratest.Options{Trouble: cameratest.HTMLAnswer}, false, []string{"device.offline cleared", "stream.offline raised", "stream.reading offline"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, c.o)
			v.Offline(c.offline)
			o := to(t, v, "")
			for range 4 {
				looked, said, err := first(t, o)
				if diff := cmp.Diff(append([]string{"stream.reading resolving"}, c.want...), said); diff != "" {
					t.Error(diff)
				}
				if err == nil || c.ends != nil && !errors.As(err, c.ends) || looked.URL != "" {
					t.Errorf("got %v after %+v", err, looked)
				}
			}
			if got := v.Logins(); got.Refused > 2 {
				t.Errorf("got %+v, want two refused", got)
			}
		})
	}
}

// TestWholeCamera promises that a camera is found, asked, and its stream measured
// for real, with nothing scripted.
func TestWholeCamera(t *testing.T) {
	t.Parallel()
	r, err := virtual.ServeRTSP("127.0.0.21:0", virtual.RTSPOptions{User: "onvif", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	v := cameratest.Start(t, cameratest.Options{HTTP: "127.0.0.21:0", Password: "secret", StreamURI: r.URL()})
	o := to(t, v, "secret")
	o.Look, o.Sampled = 2*time.Second, true
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	var got devices.Stream
	err = camera.Watch(o).Run(ctx, func(e devices.Event) error {
		if e.Stream != nil && !e.Stream.Passes() {
			got = *e.Stream
			end()
		}
		return nil
	})
	if err != nil || got.State != stream.Live || got.Codec != "H264" || got.Width != 1920 || got.Since.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
}
