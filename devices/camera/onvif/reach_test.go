package onvif

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHome promises that a service address leads to the configured host, which
// alone gets a login, in the scheme that is spoken and at the port where the
// camera is really reached. (Quirks 11 and 22)
func TestHome(t *testing.T) {
	t.Parallel()
	plain := spot{host: "10.37.20.11", port: "8080", ports: wellKnown}
	secure := spot{host: "10.37.20.11", secure: true, ports: wellKnown}
	for _, c := range []struct {
		name, told string
		at         spot
		want       string
	}{
		{"its own host, another port", "http://10.37.20.11:8899/onvif/media", plain, "http://10.37.20.11:8899/onvif/media"},
		{"an inner host", "http://192.168.1.64/onvif/media", plain, "http://10.37.20.11:8080/onvif/media"},
		{"a login in it", " http://u:p@10.37.20.12/m#x ", plain, "http://10.37.20.11:8080/m"},
		{"a query", "http://192.168.1.64/snap.jpg?channel=1&q=%2F", plain, "http://10.37.20.11:8080/snap.jpg?channel=1&q=%2F"},
		{"https where http is spoken", "https://10.37.20.11:443/onvif/media", plain, "http://10.37.20.11:8080/onvif/media"},
		{"http where https is spoken", "http://10.37.20.11:80/onvif/media", secure, "https://10.37.20.11:443/onvif/media"},
		{"https, its own host, another port", "https://10.37.20.11:8443/m", secure, "https://10.37.20.11:8443/m"},
		{"https, an inner host", "https://192.168.1.64:8443/m", secure, "https://10.37.20.11:443/m"},
		{"0.0.0.0", "http://0.0.0.0/onvif/media", plain, "http://10.37.20.11:8080/onvif/media"},
		{"itself", "http://127.0.0.1:8000/m", plain, "http://10.37.20.11:8080/m"},
		{"a made-up address", "http://169.254.7.7/m", plain, "http://10.37.20.11:8080/m"},
		{"an IPv6 address of the link", "http://[fe80::1]:80/m", plain, "http://10.37.20.11:8080/m"},
		{"an interface of its own", "http://[fe80::1%eth0]/m", plain, "http://10.37.20.11:8080/m"},
		{"line ends", "\r\nhttp://10.37.20.11/m\r\n", plain, "http://10.37.20.11/m"},
		{"escaped twice", "http://10.37.20.11/m?a=1&amp;b=2", plain, "http://10.37.20.11/m?a=1&b=2"},
		{"no host", "/onvif/media", plain, ""},
		{"another protocol", "ftp://10.37.20.11/", plain, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, err := c.at.home(c.told); got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("%q: got %q, %v, want %q", c.told, got, err, c.want)
			}
		})
	}
}

// TestSplitHost promises that a host is read as people write it.
func TestSplitHost(t *testing.T) {
	t.Parallel()
	for written, want := range map[string][2]string{
		"10.37.20.11": {"10.37.20.11", ""}, "10.37.20.11:8080": {"10.37.20.11", "8080"},
		"cam.example": {"cam.example", ""}, "fd00::7": {"fd00::7", ""}, "[fd00::7]": {"fd00::7", ""}, "[fd00::7]:81": {"fd00::7", "81"},
		"": {}, "http://a": {}, "a:0": {}, "a:x": {}, "u@a": {}, "a/b": {},
	} {
		host, port, err := splitHost(written)
		if diff := cmp.Diff(want, [2]string{host, port}); diff != "" || (err != nil) != (want[0] == "") {
			t.Errorf("%q: %v %s", written, err, diff)
		}
	}
}

// TestNoLoginInErrors promises that a login which a camera puts into an address that
// cannot be used is shown to nobody.
func TestNoLoginInErrors(t *testing.T) {
	t.Parallel()
	c := &Client{at: spot{host: "10.37.20.11", ports: wellKnown}}
	for _, s := range []struct{ told, want string }{
		{"http://10.37.20.11/main", "http://10.37.20.11/main"},
		{"ftp://admin:secret@10.37.20.11/a", "***@10.37.20.11/a"},
		{"//10.37.20.11:554/user=admin_password=secret_channel=1", "//10.37.20.11:554/***"},
		{"//10.37.20.11/a?auth=c2VjcmV0", "//10.37.20.11/a***"},
	} {
		_, got := c.streamAddress(s.told)
		if want := fmt.Sprintf("the camera tells an unusable stream address %q", s.want); got == nil || got.Error() != want {
			t.Errorf("%q: got %v, want %s", s.told, got, want)
		}
	}
	_, got := c.Home("ftp://admin:secret@10.37.20.11/a")
	if want := `the camera tells an unusable address "***@10.37.20.11/a"`; got == nil || got.Error() != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestTrialsBesideEachOther promises that the certificate of who answered as a
// camera is the trusted one, also when another question's trial failed meanwhile.
func TestTrialsBesideEachOther(t *testing.T) {
	t.Parallel()
	c := &Client{guard: newGuard("10.37.20.11", nil, false)}
	c.guard.trust("sha256:first")
	c.forgetTrial() // of another question
	c.learnSecure("sha256:first")
	c.learnSecure("sha256:second")
	c.forgetTrial()
	if diff := cmp.Diff(Learned{Secure: true, Pin: "sha256:first"}, c.Learned()); diff != "" {
		t.Error(diff)
	}
}
