package onvif_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	library "github.com/use-go/onvif"
	"github.com/use-go/onvif/gosoap"
	"github.com/use-go/onvif/networking"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// TestLogin promises that every way of logging in works, with a clock that is far
// off, with an empty password and with characters that need escaping, and that
// the right login is never refused on the way.
func TestLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    cameratest.Options
	}{
		{"wsse", cameratest.Options{Auth: "wsse", Password: "secret"}},
		{"wsse, the clock 8 hours behind", cameratest.Options{Auth: "wsse", Password: "secret", Clock: -8 * time.Hour}},
		{"wsse, the clock half a year ahead", cameratest.Options{Auth: "wsse", Password: "secret", Clock: 4000 * time.Hour}},
		{"wsse, empty password", cameratest.Options{Auth: "wsse"}},
		{"wsse, a password like XML", cameratest.Options{Auth: "wsse", Password: `p&<"密`}},
		{"wsse, faults with HTTP 200", cameratest.Options{Auth: "wsse", Password: "secret", Trouble: cameratest.FaultAt200}},
		{"digest MD5", cameratest.Options{Auth: "digest", Password: "secret"}},
		{"digest MD5, a stale challenge", cameratest.Options{Auth: "digest", Password: "secret", Trouble: cameratest.StaleOnce}},
		{"digest SHA-256", cameratest.Options{Auth: "digest-sha256", Password: "secret", Clock: -8 * time.Hour}},
		{"digest, empty password", cameratest.Options{Auth: "digest"}},
		{"both", cameratest.Options{Auth: "both", Password: "secret"}},
		{"none is asked for", cameratest.Options{Auth: "open", Password: "secret"}},
		{"Axis", cameratest.Options{Auth: "digest", Password: "secret", DevicePath: "/onvif/services"}},
		{"Chinese names in GB 18030", cameratest.Options{Auth: "wsse", Password: "secret", Charset: "gb2312", Vendor: "宇视", Model: "进站口", Serial: "0A11", Firmware: "1.2.3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Endpoint = cameratest.Endpoint()
			v := cameratest.Start(t, c.o)
			got, err := identify(cameratest.Soon(t), to(v, c.o.Password))
			if err != nil {
				t.Fatal(err)
			}
			want := onvif.Identity{Endpoint: c.o.Endpoint, Vendor: "Virtual", Model: "V-1", Serial: "0A11", Firmware: "1.2.3", ClockOffset: c.o.Clock, ClockKnown: true}
			if c.o.Vendor != "" {
				want.Vendor, want.Model = c.o.Vendor, c.o.Model
			}
			near := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() <= 2*time.Second })
			if diff := cmp.Diff(want, got, near); diff != "" {
				t.Error(diff)
			}
			if l := v.Logins(); l.Refused != 0 {
				t.Errorf("got %+v, want none refused", l)
			}
		})
	}
}

// TestVirtualCameraIsHonest promises that these tests do not only prove that two
// programs of ours agree: the library's own client logs in as well.
func TestVirtualCameraIsHonest(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Auth: "wsse", Password: "secret"})
	for password, want := range map[string]int{"secret": http.StatusOK, "wrong": http.StatusBadRequest} {
		message := gosoap.NewEmptySOAP()
		message.AddStringBodyContent("<tds:GetDeviceInformation/>")
		message.AddRootNamespaces(library.Xlmns)
		message.AddWSSecurity("onvif", password)
		resp, err := networking.SendSoap(http.DefaultClient, "http://"+v.Address()+"/onvif/device_service", message.String())
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != want {
			t.Errorf("%q: got HTTP %d, want %d", password, resp.StatusCode, want)
		}
	}
}

// TestWrongPassword promises that a camera sees at most two wrong logins however
// often it is asked, that the error says what to do, and that a changed password
// is tried at once.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"wsse", "digest", "digest-sha256", "both"} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, cameratest.Options{Auth: auth, Password: "right"})
			o := to(v, "wrong")
			for range 5 {
				_, err := identify(cameratest.Soon(t), o)
				refused, ok := errors.AsType[*onvif.LoginRefused](err)
				if !ok || refused.NextStep() == "" {
					t.Fatalf("got %v, want a LoginRefused", err)
				}
			}
			// Where the camera knows no UsernameToken, it does not even see the second.
			if got := v.Logins(); got.Refused < 1 || got.Refused > 2 || got.Tried != got.Refused {
				t.Errorf("got %+v, want one or two, all refused", got)
			}
			o.Password = func() (string, error) { return "right", nil }
			if _, err := identify(cameratest.Soon(t), o); err != nil {
				t.Errorf("with the right password: %v", err)
			}
		})
	}
}

// TestPasswordChangedMeanwhile promises the same when the password changes while
// a conversation goes on.
func TestPasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Auth: "digest", Password: "right"})
	o := to(v, "right")
	if _, err := identify(cameratest.Soon(t), o); err != nil {
		t.Fatal(err)
	}
	v.SetPassword("another")
	for range 5 {
		if _, err := identify(cameratest.Soon(t), o); !errors.As(err, new(*onvif.LoginRefused)) {
			t.Fatalf("got %v, want a LoginRefused", err)
		}
	}
	if got := v.Logins(); got.Refused > 2 {
		t.Errorf("got %+v, want at most two refused", got)
	}
}

// TestNoLoginConfigured promises that nothing is tried where there is no user.
func TestNoLoginConfigured(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Auth: "both", Password: "right"})
	o := to(v, "")
	o.User = ""
	_, err := identify(cameratest.Soon(t), o)
	refused, ok := errors.AsType[*onvif.LoginRefused](err)
	if diff := cmp.Diff(&onvif.LoginRefused{Host: "127.0.0.11"}, refused, cmpopts.EquateEmpty()); !ok || diff != "" {
		t.Errorf("got %v %s", err, diff)
	}
	if got := v.Logins(); got.Tried != 0 {
		t.Errorf("got %+v, want none", got)
	}
}

// TestPasswordChangedUnderMany promises that many conversations that had the right
// password yesterday, pictures among them, do not use up more than the budget
// together when the camera has another one today.
func TestPasswordChangedUnderMany(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"wsse", "digest"} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			ctx := cameratest.Soon(t)
			v := cameratest.Start(t, cameratest.Options{Auth: auth, Password: "right", Pictures: true})
			client := connect(t, to(v, "right"))
			picture := "http://" + v.Address() + cameratest.PicturePath
			if _, _, err := client.Get(ctx, picture, 0); err != nil {
				t.Fatal(err)
			}
			if err := whoIsIt(ctx, client, v); err != nil {
				t.Fatal(err)
			}
			v.SetPassword("another")
			done := make(chan error)
			for range 8 {
				go func() { done <- whoIsIt(ctx, client, v) }()
				go func() { _, _, err := client.Get(ctx, picture, 0); done <- err }()
			}
			for range 16 {
				if err := <-done; !errors.As(err, new(*onvif.LoginRefused)) {
					t.Errorf("got %v, want a LoginRefused", err)
				}
			}
			if got, pictures := v.Logins(), v.PictureLogins(); got.Refused+pictures.Refused > 2 {
				t.Errorf("got %+v and %+v for pictures, want at most two refused", got, pictures)
			}
		})
	}
}

// TestStaleIsNoExcuse promises that a camera that calls each refused login a stale
// challenge sees no more of them than any other.
func TestStaleIsNoExcuse(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"digest", "digest-sha256", "both"} {
		v := cameratest.Start(t, cameratest.Options{Auth: auth, Password: "right", Trouble: cameratest.StaleEver})
		client := connect(t, to(v, "wrong"))
		for range 4 {
			if err := whoIsIt(cameratest.Soon(t), client, v); !errors.As(err, new(*onvif.LoginRefused)) {
				t.Errorf("%s: got %v, want a LoginRefused", auth, err)
			}
		}
		if diff := cmp.Diff(cameratest.LoginCount{Tried: 2, Refused: 2}, v.Logins()); diff != "" {
			t.Errorf("%s: %s", auth, diff)
		}
	}
}

// TestPictureForbidden promises that a wrong login for a picture counts as one,
// also where the camera refuses it with another status than it asked for it by.
func TestPictureForbidden(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Auth: "digest", Password: "right", Pictures: true, Trouble: cameratest.Forbids})
	client := connect(t, to(v, "wrong"))
	for range 4 {
		_, _, err := client.Get(cameratest.Soon(t), "http://"+v.Address()+cameratest.PicturePath, 0)
		if !errors.As(err, new(*onvif.LoginRefused)) {
			t.Errorf("got %v, want a LoginRefused", err)
		}
	}
	if diff := cmp.Diff(cameratest.LoginCount{Tried: 2, Refused: 2}, v.PictureLogins()); diff != "" {
		t.Error(diff)
	}
}
