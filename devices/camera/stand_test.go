package camera_test

import (
	"net/netip"
	"testing"

	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// client is one that knows the login of a virtual camera.
func client(t testing.TB, v *cameratest.Camera, password func() (string, error), networks []netip.Prefix) *onvif.Client {
	t.Helper()
	c, err := onvif.New(onvif.Options{Host: v.Address(), User: "onvif", Password: password, Networks: networks})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// to are the options of somebody who watches with the login of a virtual camera.
func to(t testing.TB, v *cameratest.Camera, password string) camera.WatchOptions {
	return camera.WatchOptions{Name: "cam-1", Client: client(t, v, func() (string, error) { return password, nil }, cameratest.Loopback)}
}
