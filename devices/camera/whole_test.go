package camera_test

import (
	"context"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
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
		_, looked, err := converse(t, to(t, v, "secret"), []sight{{see: good}}, 0)
		if err != nil || len(looked) == 0 || looked[0] != "rtsp://127.0.0.11:554/main as onvif for 4ms" {
			t.Errorf("%+v: got %v %v", o, looked, err)
		}
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
	o.Look = 2 * time.Second
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	var got devices.Stream
	err = camera.Watch(o).Run(ctx, func(e devices.Event) error {
		if e.Stream != nil {
			got = *e.Stream
			end()
		}
		return nil
	})
	if err != nil || got.State != stream.Live || got.Codec != "H264" || got.Width != 1920 || got.Since.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
}
