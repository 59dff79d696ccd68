package onvif_test

import (
	"encoding/json"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

const wrongPin = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

func port(v *cameratest.Camera) string {
	_, port, _ := net.SplitHostPort(v.Address())
	return port
}

// TestSecure promises that over https a login works both ways, that the first
// certificate is the only one from then on, and that after a change nothing more
// is asked and no login is sent, until a person trusts the new one.
func TestSecure(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"wsse", "digest", "digest-sha256"} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			ctx := cameratest.Soon(t)
			v := cameratest.Start(t, cameratest.Options{Secure: true, Auth: auth, Password: "secret"})
			o := to(v, "secret")
			o.Secure = true
			client := connect(t, o)
			if _, err := client.Identify(ctx); err != nil {
				t.Fatal(err)
			}
			want := onvif.Learned{Secure: true, Pin: v.Fingerprint(), Way: "wsse", DevicePath: onvif.DevicePath}
			if auth != "wsse" {
				want.Way = "digest"
			}
			if diff := cmp.Diff(want, client.Learned()); diff != "" {
				t.Error(diff)
			}
			before := v.Questions()
			if err := v.RenewCertificate(); err != nil {
				t.Fatal(err)
			}
			o.Learned = client.Learned()
			for _, c := range []*onvif.Client{client, connect(t, o)} {
				_, err := c.Identify(ctx)
				changed, ok := errors.AsType[*onvif.CertificateChanged](err)
				if diff := cmp.Diff(&onvif.CertificateChanged{Host: "127.0.0.11", Known: want.Pin, Seen: v.Fingerprint()}, changed); !ok || diff != "" {
					t.Errorf("got %v %s", err, diff)
				}
			}
			if got := v.Questions(); got != before {
				t.Errorf("got %d questions through the new certificate, want none", got-before)
			}
			o.Pin = v.Fingerprint()
			if _, err := identify(ctx, o); err != nil {
				t.Errorf("trusted by a person: %v", err)
			}
		})
	}
}

// TestSecureFoundOut promises that https is found out where the plain port
// refuses, closes at once or sends us to its own https, that no login went over
// the plain port, and that there is no way back. (Quirk 11; kerberos-io/agent#213)
func TestSecureFoundOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		plain      *cameratest.Options // nil = nobody listens there
		devicePath string
	}{
		{"refuses", nil, ""},
		{"refuses, Axis", nil, "/onvif/services"},
		{"closes at once", &cameratest.Options{Trouble: cameratest.ClosesAtOnce, Password: "secret"}, ""},
		{"redirects", &cameratest.Options{Trouble: cameratest.WantsHTTPS, Password: "secret"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx := cameratest.Soon(t)
			v := cameratest.Start(t, cameratest.Options{Secure: true, Password: "secret", DevicePath: c.devicePath})
			plain, other := "1", (*cameratest.Camera)(nil) // nobody listens at port 1 of 127.0.0.11
			if c.plain != nil {
				other = cameratest.Start(t, *c.plain)
				plain = port(other)
			}
			o := to(v, "secret")
			o.Host = "127.0.0.11"
			client, err := onvif.NewAt(o, plain, port(v))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			if _, err := client.Identify(ctx); err != nil {
				t.Fatal(err)
			}
			if got := client.Learned(); !got.Secure || got.Pin != v.Fingerprint() {
				t.Errorf("got %+v, want https with %s", got, v.Fingerprint())
			}
			if other == nil {
				return
			}
			before := other.Questions()
			v.Offline(true)
			if _, err := client.Identify(ctx); !errors.As(err, new(*onvif.Unreachable)) {
				t.Errorf("got %v, want an Unreachable", err)
			}
			o.Learned = client.Learned()
			again, err := onvif.NewAt(o, plain, port(v))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(again.Close)
			if _, err := again.Identify(ctx); !errors.As(err, new(*onvif.Unreachable)) {
				t.Errorf("after a restart: got %v, want an Unreachable", err)
			}
			if got := other.Logins(); got.Tried != 0 || other.Questions() != before {
				t.Errorf("got %+v and %d questions more at the plain port, want none", got, other.Questions()-before)
			}
		})
	}
}

// TestSecureNotFoundOut promises that plain cameras stay plain: where a port is
// configured, where who answers by https is no camera, and where the redirect
// leads to somebody else.
func TestSecureNotFoundOut(t *testing.T) {
	t.Parallel()
	ctx := cameratest.Soon(t)
	page := cameratest.Start(t, cameratest.Options{Secure: true, Trouble: cameratest.HTMLAnswer})
	camera := cameratest.Start(t, cameratest.Options{Secure: true})
	away := cameratest.Start(t, cameratest.Options{Trouble: cameratest.Redirects})
	for _, c := range []struct{ name, host, plain, secure string }{
		{"a port is configured", "127.0.0.11:1", "1", port(camera)},
		{"a web page answers", "127.0.0.11", "1", port(page)},
		{"sent elsewhere", "127.0.0.11", port(away), port(camera)},
	} {
		client, err := onvif.NewAt(onvif.Options{Host: c.host, Networks: cameratest.Loopback}, c.plain, c.secure)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Identify(ctx); err == nil {
			t.Errorf("%s: got no error", c.name)
		}
		if diff := cmp.Diff(onvif.Learned{DevicePath: onvif.DevicePath}, client.Learned()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if got := camera.Questions(); got != 0 {
		t.Errorf("got %d questions by https, want none", got)
	}
}

// TestPin promises that only a whole fingerprint is taken for one, configured or
// learnt, and that a pin alone means https.
func TestPin(t *testing.T) {
	t.Parallel()
	for _, pin := range []string{"sha256:00", "0000", wrongPin[:70] + "X", "md5:" + wrongPin[7:], wrongPin + "0"} {
		for _, o := range []onvif.Options{{Host: "10.0.0.1", Pin: pin}, {Host: "10.0.0.1", Learned: onvif.Learned{Pin: pin}}} {
			if _, err := onvif.New(o); err == nil {
				t.Errorf("%q: got no error", pin)
			}
		}
	}
	c := connect(t, onvif.Options{Host: "10.0.0.1", Pin: wrongPin})
	if got := c.Address(); got != "10.0.0.1:443" {
		t.Errorf("got %q, want port 443", got)
	}
	for to, want := range map[string]string{"10.0.0.2": "10.0.0.2:443", "10.0.0.2:80": "10.0.0.2:443", "10.0.0.2:8443": "10.0.0.2:8443"} {
		if err := c.MoveTo(to); err != nil || c.Address() != want || !c.Learned().Secure {
			t.Errorf("moved to %q: got %v, %q, want %q by https", to, err, c.Address(), want)
		}
	}
}

// TestLearnedSurvives promises that what was learnt comes back from JSON as it
// was, and that what nobody can have learnt is not believed.
func TestLearnedSurvives(t *testing.T) {
	t.Parallel()
	want := onvif.Learned{Secure: true, Pin: wrongPin, Way: "wsse", Correction: -time.Hour, DevicePath: "/onvif/services"}
	written, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var read onvif.Learned
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, connect(t, onvif.Options{Host: "10.0.0.1", Learned: read}).Learned()); diff != "" {
		t.Errorf("%s: %s", written, diff)
	}
	odd := onvif.Learned{Way: "basic", Correction: 10000 * time.Hour, DevicePath: "@10.0.0.2/"}
	if diff := cmp.Diff(onvif.Learned{DevicePath: onvif.DevicePath}, connect(t, onvif.Options{Host: "10.0.0.1", Learned: odd}).Learned()); diff != "" {
		t.Error(diff)
	}
}
