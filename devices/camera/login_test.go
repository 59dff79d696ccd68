package camera_test

import (
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/use-go/onvif"
	"github.com/use-go/onvif/gosoap"
	"github.com/use-go/onvif/networking"

	"sitepost/devices/camera"
	"sitepost/devices/virtual"
)

// TestLogin promises that every way of logging in works, with a clock that is far
// off, with an empty password and with characters that need escaping, and that
// the right login is never refused on the way.
func TestLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    virtual.ONVIFOptions
	}{
		{"wsse", virtual.ONVIFOptions{Auth: "wsse", Password: "secret"}},
		{"wsse, the clock 8 hours behind", virtual.ONVIFOptions{Auth: "wsse", Password: "secret", Clock: -8 * time.Hour}},
		{"wsse, the clock half a year ahead", virtual.ONVIFOptions{Auth: "wsse", Password: "secret", Clock: 4000 * time.Hour}},
		{"wsse, empty password", virtual.ONVIFOptions{Auth: "wsse"}},
		{"wsse, a password like XML", virtual.ONVIFOptions{Auth: "wsse", Password: `p&<"密`}},
		{"wsse, faults with HTTP 200", virtual.ONVIFOptions{Auth: "wsse", Password: "secret", Trouble: virtual.FaultAt200}},
		{"digest MD5", virtual.ONVIFOptions{Auth: "digest", Password: "secret"}},
		{"digest MD5, a stale challenge", virtual.ONVIFOptions{Auth: "digest", Password: "secret", Trouble: virtual.StaleOnce}},
		{"digest SHA-256", virtual.ONVIFOptions{Auth: "digest-sha256", Password: "secret", Clock: -8 * time.Hour}},
		{"digest, empty password", virtual.ONVIFOptions{Auth: "digest"}},
		{"both", virtual.ONVIFOptions{Auth: "both", Password: "secret"}},
		{"none is asked for", virtual.ONVIFOptions{Auth: "open", Password: "secret"}},
		{"Axis", virtual.ONVIFOptions{Auth: "digest", Password: "secret", DevicePath: "/onvif/services"}},
		{"Chinese names in GB 18030", virtual.ONVIFOptions{Auth: "wsse", Password: "secret", Charset: "gb2312", Vendor: "宇视", Model: "进站口", Serial: "0A11", Firmware: "1.2.3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Endpoint = endpoint()
			v := serve(t, c.o)
			got, err := camera.Identify(soon(t), to(v, c.o.Password))
			if err != nil {
				t.Fatal(err)
			}
			want := camera.Identity{Endpoint: c.o.Endpoint, Vendor: "Virtual", Model: "V-1", Serial: "0A11", Firmware: "1.2.3", ClockOffset: c.o.Clock, ClockKnown: true}
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
	v := serve(t, virtual.ONVIFOptions{Auth: "wsse", Password: "secret"})
	for password, want := range map[string]int{"secret": http.StatusOK, "wrong": http.StatusBadRequest} {
		message := gosoap.NewEmptySOAP()
		message.AddStringBodyContent("<tds:GetDeviceInformation/>")
		message.AddRootNamespaces(onvif.Xlmns)
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
			v := serve(t, virtual.ONVIFOptions{Auth: auth, Password: "right"})
			o := to(v, "wrong")
			for range 5 {
				_, err := camera.Identify(soon(t), o)
				refused, ok := errors.AsType[*camera.LoginRefused](err)
				if !ok || refused.NextStep() == "" {
					t.Fatalf("got %v, want a LoginRefused", err)
				}
			}
			// Where the camera knows no UsernameToken, it does not even see the second.
			if got := v.Logins(); got.Refused < 1 || got.Refused > 2 || got.Tried != got.Refused {
				t.Errorf("got %+v, want one or two, all refused", got)
			}
			o.Password = func() (string, error) { return "right", nil }
			if _, err := camera.Identify(soon(t), o); err != nil {
				t.Errorf("with the right password: %v", err)
			}
		})
	}
}

// TestPasswordChangedMeanwhile promises the same when the password changes while
// a conversation goes on.
func TestPasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	v := serve(t, virtual.ONVIFOptions{Auth: "digest", Password: "right"})
	o := to(v, "right")
	if _, err := camera.Identify(soon(t), o); err != nil {
		t.Fatal(err)
	}
	v.SetPassword("another")
	for range 5 {
		if _, err := camera.Identify(soon(t), o); !errors.As(err, new(*camera.LoginRefused)) {
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
	v := serve(t, virtual.ONVIFOptions{Auth: "both", Password: "right"})
	o := to(v, "")
	o.User = ""
	_, err := camera.Identify(soon(t), o)
	refused, ok := errors.AsType[*camera.LoginRefused](err)
	if diff := cmp.Diff(&camera.LoginRefused{Host: "127.0.0.11"}, refused, cmpopts.EquateEmpty()); !ok || diff != "" {
		t.Errorf("got %v %s", err, diff)
	}
	if got := v.Logins(); got.Tried != 0 {
		t.Errorf("got %+v, want none", got)
	}
}

// TestHostileAnswers promises that a camera that means harm costs little memory
// and time, and is named for what it does. (security.md 1)
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trouble virtual.Trouble
		want    string
		atMost  time.Duration
	}{
		{virtual.HTMLAnswer, "read the answer: it answers with something that is not ONVIF (a web page?); is the port right, and is ONVIF switched on in the camera's own page?", time.Minute},
		{virtual.EndlessBody, "answer is longer than 2 MiB", 6 * time.Second},
		{virtual.Redirects, "it sends us elsewhere (HTTP redirect), which is not followed; is the port right, or does it want https?", time.Minute},
		{virtual.DeepXML, "read the answer: answer is nested more than 64 deep", time.Minute},
		{virtual.AttributeBomb, "read the answer: answer has an element with more than 256 attributes", time.Minute},
		{virtual.Slow, "cannot be reached: no whole answer in time", 10 * time.Second},
	} {
		t.Run(string(c.trouble), func(t *testing.T) {
			t.Parallel()
			v := serve(t, virtual.ONVIFOptions{Trouble: c.trouble, Password: "secret"})
			began := time.Now()
			_, err := camera.Identify(soon(t), to(v, "secret"))
			want := `camera "` + v.Address() + `": ` + c.want
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if took := time.Since(began); took > c.atMost {
				t.Errorf("took %v, want at most %v", took, c.atMost)
			}
			if got := v.Logins(); got.Tried != 0 {
				t.Errorf("got %+v, want no login sent", got)
			}
		})
	}
}

// TestEndlessAnswerIsBounded promises that an endless answer costs no more than
// a few times its limit of 2 MiB. (security.md 1)
func TestEndlessAnswerIsBounded(t *testing.T) {
	v := serve(t, virtual.ONVIFOptions{Trouble: virtual.EndlessBody})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := camera.Identify(soon(t), to(v, "")); err == nil {
		t.Error("got no error")
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("got %d MiB allocated, want at most 16", grown>>20)
	}
}

// TestFailingConnectsLeaveNothing promises that questions that fail leave no
// descriptor and no goroutine, however they fail. (security.md 1)
func TestFailingConnectsLeaveNothing(t *testing.T) {
	for _, c := range []struct {
		trouble virtual.Trouble
		offline bool
		times   int
	}{
		{offline: true, times: 200}, {trouble: virtual.EndlessBody, times: 20}, {trouble: virtual.Redirects, times: 50}, {times: 50},
	} {
		v := serve(t, virtual.ONVIFOptions{Password: "secret", Trouble: c.trouble})
		v.Offline(c.offline)
		descriptors, goroutines := open(t)
		for range c.times {
			if _, err := camera.Identify(soon(t), to(v, "wrong")); err == nil {
				t.Fatalf("%+v: got no error", c)
			}
		}
		flat(t, descriptors, goroutines)
	}
}
