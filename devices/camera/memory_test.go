package camera_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/pullpoint"
)

// TestMemoryKeepsWhatHasRoom promises that a camera that tells a thousand profiles
// is remembered all the same, with its pull point, in what the store has room for,
// and that after a restart it is not said to have changed.
func TestMemoryKeepsWhatHasRoom(t *testing.T) {
	t.Parallel()
	var kept camera.Known
	m := camera.NewMemory(camera.Known{}, func(k camera.Known) error { kept = k; return nil })
	told := plain()
	for i := range 1000 {
		name := fmt.Sprint(strings.Repeat("<", 100), i)
		told.Profiles = append(told.Profiles, onvif.Profile{Token: name, Name: name, Source: name})
		told.Sources = append(told.Sources, onvif.Source{Token: name})
	}
	if err := m.Change(func(k *camera.Known) {
		k.Inventory, k.PullPoint = told, &pullpoint.Kept{Address: "http://10.0.0.1/pull/1"}
	}); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(kept)
	if err != nil || len(raw) > 60<<10 {
		t.Errorf("got %d bytes, %v, want what the store takes", len(raw), err)
	}
	v := kept.Inventory
	if len(v.Profiles) < 8 || len(v.Profiles)+v.ProfilesLeftOff != len(told.Profiles) || kept.PullPoint == nil {
		t.Errorf("got %d profiles, %d left off, pull point %v", len(v.Profiles), v.ProfilesLeftOff, kept.PullPoint)
	}
	if diff := cmp.Diff(told, m.Known().Inventory); diff != "" {
		t.Errorf("this run does not know all: %s", diff)
	}
	if got := camera.Compare(v, told); got != nil {
		t.Errorf("after a restart: got %v, want no change", got)
	}
}

// TestInventoryIsCompleted promises that a question that the camera does not answer
// once makes nobody forget what it has told, nor miss what changed meanwhile.
func TestInventoryIsCompleted(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: talkative(), Endpoint: "urn:uuid:1"})
	o := attend(t, v)
	a := attended(t, o)
	a.until("device.fault cleared events")
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	before := o.Memory.Known().Inventory
	v.Forget("GetProfiles")
	o.Deaf = true
	a = attended(t, o)
	a.until("device.fault cleared identity")
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	after := o.Memory.Known().Inventory
	if diff := cmp.Diff(before.Profiles, after.Profiles); diff != "" || len(before.Profiles) == 0 || len(after.NotTold) == 0 {
		t.Errorf("%d profiles before, and not told is %q; %s", len(before.Profiles), after.NotTold, diff)
	}
}
