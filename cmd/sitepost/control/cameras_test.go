package control_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
)

// wall is two cameras, of which one is away.
type wall []control.Camera

func (w wall) List() []control.Camera { return w }

func (w wall) Login(_ context.Context, name string) (control.Camera, bool, error) {
	switch name {
	case "cam-1":
		c := w[0]
		c.Refused = ""
		return c, true, nil
	case "cam-2":
		return control.Camera{}, true, errors.New("cannot be reached: no route")
	}
	return control.Camera{}, false, nil
}

// TestCameras: a tool sees how each camera stands, and can have a login tried
// anew.
func TestCameras(t *testing.T) {
	all := wall{{Name: "cam-1", Address: "10.37.20.11:80", Serial: "0A11", Refused: "correct the password"}, {Name: "cam-2", Address: "10.37.20.12:80"}}
	s := newStandOf(t, control.Door{Cameras: all})
	got, err := s.client.Cameras(t.Context())
	if diff := cmp.Diff([]control.Camera(all), got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	one, err := s.client.Login(t.Context(), "cam-1")
	if diff := cmp.Diff(control.Camera{Name: "cam-1", Address: "10.37.20.11:80", Serial: "0A11"}, one); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for name, want := range map[string]string{
		"cam-2": "cannot be reached: no route",
		"cam-3": `the running sitepost asks no camera or recorder "cam-3" (one behind a recorder has that one's login)`,
		"../x":  `the running sitepost asks no camera or recorder "../x" (one behind a recorder has that one's login)`,
	} {
		if _, err := s.client.Login(t.Context(), name); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

// TestNoCameras: a daemon without cameras says so, and does not fail.
func TestNoCameras(t *testing.T) {
	s := newStand(t)
	if got, err := s.client.Cameras(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want none", got, err)
	}
	if _, err := s.client.Login(t.Context(), "cam-1"); err == nil {
		t.Error("got no error for a camera that is not there")
	}
}
