package camera_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
)

// TestAttendEndpointSpelling promises that a camera is who the site file means also
// where it writes its endpoint in capitals, or all of it zero.
func TestAttendEndpointSpelling(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]string{
		"URN:UUID:4C8A0001-0000-4000-8000-BCAD28010203": "device.fault cleared identity",
		"00000000-0000-0000-0000-000000000000":          "device.fault cleared identity",
		"urn:uuid:4c8a0001-0000-4000-8000-bcad28010204": "device.fault raised identity another device",
	} {
		v := cameratest.Start(t, cameratest.Options{Password: "secret", Endpoint: told})
		o := attend(t, v)
		o.Deaf, o.Endpoint = true, "uuid:4c8a0001-0000-4000-8000-bcad28010203"
		a := attended(t, o)
		if diff := cmp.Diff([]string{want}, a.until(want)); diff != "" {
			t.Errorf("%s: %s", told, diff)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
	}
}

// TestAttendAnew promises that a word that the camera has started anew, which anybody
// on the network can say, makes us look who it is now, and costs it no pull point.
func TestAttendAnew(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: talkative()})
	o := attend(t, v)
	anew := make(chan struct{})
	o.Anew = anew
	a := attended(t, o)
	a.until("device.fault cleared events")
	v.SetFirmware("2.0")
	for range 3 {
		anew <- struct{}{}
	}
	a.until("camera.changed firmware")
	v.Notify(tamper, "Rule=MyTamper", "IsTamper=true")
	got := a.until("camera.tamper raised MyTamper")
	want := append(slices.Clone(wellBegun), "camera.changed firmware", "camera.tamper raised MyTamper")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := v.EventCount(); n.Created != 1 || n.Unsubscribed != 0 {
		t.Errorf("got %+v, want the one pull point", n)
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}

// TestAlarmWaitsForNoInventory promises that an alarm is said while the camera is
// asked who it is, and that we go on listening where it does not answer that.
func TestAlarmWaitsForNoInventory(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: talkative()})
	o := attend(t, v)
	o.Every = 100 * time.Millisecond
	a := attended(t, o)
	a.until("device.fault cleared events")
	v.Forget("GetDeviceInformation")
	for n := range 3 {
		v.Notify(tamper, fmt.Sprint("Rule=", n), "IsTamper=true")
		a.until(fmt.Sprint("camera.tamper raised ", n))
		askedAgain(t, v, 3)
	}
	v.Stall("GetSystemDateAndTime")
	askedAgain(t, v, 1)
	began := time.Now()
	v.Notify(tamper, "Rule=last", "IsTamper=true")
	a.until("camera.tamper raised last")
	if took := time.Since(began); took > 4*time.Second { // a question that is not answered takes 5 s
		t.Errorf("the alarm waited for %v", took)
	}
	if err := a.stop(); err != nil {
		t.Error(err)
	}
}

// askedAgain waits until the camera was asked some questions more.
func askedAgain(t *testing.T, v *cameratest.Camera, more int) {
	t.Helper()
	ctx, tick := cameratest.Soon(t), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for want := v.Questions() + more; v.Questions() < want; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the camera is asked nothing more")
		}
	}
}

// TestAttendWithoutSecret promises that a password that cannot be read is told as what it
// is, and is no absence: nobody is sent to the cable of a recorder that answers.
func TestAttendWithoutSecret(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Events: &cameratest.Events{}})
	o := attend(t, v)
	o.Name, o.Hearing = "nvr-1", camera.NewHearing(camera.HearingOptions{Name: "nvr-1", Recorder: true})
	o.Client = client(t, v, func() (string, error) { return "", errors.New("there is no such file") }, cameratest.Loopback)
	var said []string
	err := camera.Attend(o).Run(cameratest.Soon(t), func(e devices.Event) error {
		if e.Code != "" {
			said = append(said, asWords(e)+": "+e.Text)
		}
		return nil
	})
	var there interface{ IsThere() bool }
	if !errors.As(err, &there) || !there.IsThere() {
		t.Errorf("got %v, which is an absence", err)
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "camera.login_refused raised: ") || !strings.HasSuffix(said[0], "password: there is no such file") {
		t.Errorf("got %q, want that the login fails for want of the file", said)
	}
}
