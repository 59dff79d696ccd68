package virtual

import (
	"fmt"
	"net"

	"sitepost/devices/camera/cameratest"
)

// CameraOptions say who a whole virtual camera is and where it answers.
type CameraOptions struct {
	ONVIF cameratest.Options // HTTP is its address; StreamURI is filled in here
	RTSP  RTSPOptions
}

// A Camera is both doors of one virtual camera: ONVIF with its discovery, and
// RTSP with the clip.
type Camera struct {
	ONVIF *cameratest.Camera
	RTSP  *RTSP
}

// ServeCamera starts a camera. RTSP answers at the same host, on a free port
// that ONVIF tells.
func ServeCamera(o CameraOptions) (*Camera, error) {
	host, _, err := net.SplitHostPort(o.ONVIF.HTTP)
	if err != nil {
		return nil, fmt.Errorf("virtual camera %q: %w", o.ONVIF.Endpoint, err)
	}
	stream, err := ServeRTSP(net.JoinHostPort(host, "0"), o.RTSP)
	if err != nil {
		return nil, err
	}
	o.ONVIF.StreamURI, o.ONVIF.Pictures = stream.URL(), true
	door, err := cameratest.Serve(o.ONVIF)
	if err != nil {
		stream.Close()
		return nil, err
	}
	return &Camera{ONVIF: door, RTSP: stream}, nil
}

// Notify makes the camera notice something, which it tells all that pull and all
// that listen to its metadata track. Source and data are written "Name=Value".
func (c *Camera) Notify(topic, source string, data ...string) {
	at := c.ONVIF.Notify(topic, source, data...)
	c.RTSP.Notify(at, topic, source, data...)
}

// Offline pulls the camera's cable, or plugs it in again.
func (c *Camera) Offline(yes bool) error {
	c.ONVIF.Offline(yes)
	return c.RTSP.Offline(yes)
}

// Close ends both doors.
func (c *Camera) Close() error {
	c.RTSP.Close()
	return c.ONVIF.Close()
}
