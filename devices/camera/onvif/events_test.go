package onvif_test

import (
	"errors"
	"testing"
	"time"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// TestEventService promises that the event service is found by either question, at
// an address that can be asked, whatever the camera says of pull points, and that a
// camera without one is told apart from one that does not answer.
func TestEventService(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    cameratest.Options
		none bool
	}{
		{"GetServices", cameratest.Options{Events: &cameratest.Events{}}, false},
		{"GetCapabilities", cameratest.Options{Events: &cameratest.Events{}, NoServices: true}, false},
		{"GetServices forgets it", cameratest.Options{Events: &cameratest.Events{OnlyCapability: true}}, false},
		{"says no and does", cameratest.Options{Events: &cameratest.Events{OnlyCapability: true, NoSupport: true}}, false},
		{"behind NAT", cameratest.Options{Events: &cameratest.Events{}, InnerHost: "192.168.1.64"}, false},
		{"none", cameratest.Options{}, true},
		{"none, an old one", cameratest.Options{NoServices: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Password = "secret"
			v := cameratest.Start(t, c.o)
			client, err := onvif.New(to(v, "secret"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			got, err := client.EventService(cameratest.Soon(t))
			want := "http://" + v.Address() + "/onvif/event_service"
			if c.none {
				want = ""
			}
			if got != want || errors.Is(err, onvif.ErrNoEvents) != c.none || !c.none && err != nil {
				t.Errorf("got %q %v, want %q", got, err, want)
			}
		})
	}
}

// TestEventServiceAway promises that a camera that cannot be asked is not called one
// without events.
func TestEventServiceAway(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Events: &cameratest.Events{}})
	v.Offline(true)
	client, err := onvif.New(to(v, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := client.EventService(cameratest.Soon(t)); !errors.As(err, new(*onvif.Unreachable)) {
		t.Errorf("got %v", err)
	}
}

// TestSubscribed promises that all conversations with a camera know when a pull
// point was made last.
func TestSubscribed(t *testing.T) {
	t.Parallel()
	client, err := onvif.New(onvif.Options{Host: "127.0.0.11"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if got := client.LastSubscribed(); !got.IsZero() {
		t.Errorf("got %v, want never", got)
	}
	now := time.Now()
	client.Subscribed(now)
	if got := client.LastSubscribed(); !got.Equal(now) {
		t.Errorf("got %v, want %v", got, now)
	}
}
