package onvif_test

import (
	"context"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// to are the options of somebody who knows the login of a virtual camera.
func to(v *cameratest.Camera, password string) onvif.Options {
	return onvif.Options{
		Host: v.Address(), User: "onvif", Password: func() (string, error) { return password, nil },
		Networks: cameratest.Loopback, Budget: onvif.NewBudget(),
	}
}

// identify asks with a client of its own.
func identify(ctx context.Context, o onvif.Options) (onvif.Identity, error) {
	c, err := onvif.New(o)
	if err != nil {
		return onvif.Identity{}, err
	}
	defer c.Close()
	return c.Identify(ctx)
}
