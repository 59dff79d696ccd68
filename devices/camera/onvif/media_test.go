package onvif

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChooseProfile promises the largest and the smallest stream of the right
// video source, whatever their order.
func TestChooseProfile(t *testing.T) {
	t.Parallel()
	p := func(token, source string, width int) profile {
		return profile{token: token, source: source, width: width, height: width / 2}
	}
	all := []profile{p("sub1", "v1", 640), p("main1", "v1", 1920), p("third1", "v1", 1280), p("main2", "v2", 2560)}
	for _, c := range []struct {
		name      string
		all       []profile
		channel   int
		main, sub string
		ok        bool
	}{
		{"a camera", all, 0, "main1", "sub1", true},
		{"channel 1", all, 1, "main1", "sub1", true},
		{"channel 2 has no sub stream", all, 2, "main2", "", true},
		{"a channel that is not there", all, 3, "", "", false},
		{"sizes not told", []profile{p("a", "", 0), p("b", "", 0)}, 0, "a", "", true},
		{"none", nil, 0, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			main, sub, err := choose(c.all, c.channel)
			if main.token != c.main || sub.token != c.sub || (err == nil) != c.ok {
				t.Errorf("got %q %q %v, want %q %q", main.token, sub.token, err, c.main, c.sub)
			}
		})
	}
}

// TestStreamAddress promises an address that can be dialled, carries no login and
// leads to the camera or into the networks.
func TestStreamAddress(t *testing.T) {
	t.Parallel()
	networks := []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}
	c := &Client{at: spot{host: "10.37.20.11"}, guard: newGuard("10.37.20.11", networks, false)}
	v6 := &Client{at: spot{host: "fd00::7"}, guard: newGuard("fd00::7", nil, false)}
	for _, s := range []struct {
		name       string
		client     *Client
		told, want string
	}{
		{"as told", c, "rtsp://10.37.20.11:554/main?a=1&b=2", "rtsp://10.37.20.11:554/main?a=1&b=2"},
		{"line ends (go2rtc#638)", c, "\r\nrtsp://10.37.20.11/main\r\n", "rtsp://10.37.20.11/main"},
		{"escaped twice", c, "rtsp://10.37.20.11/main?a=1&amp;copy=2", "rtsp://10.37.20.11/main?a=1&copy=2"},
		{"a login in it", c, "rtsp://u:p@10.37.20.11/main", "rtsp://10.37.20.11/main"},
		{"behind NAT (agsh/onvif#41)", c, "rtsp://192.168.1.64:8554/main", "rtsp://10.37.20.11:8554/main"},
		{"another of the networks", c, "rtsp://10.37.20.12/main", "rtsp://10.37.20.12/main"},
		{"to IPv6", v6, "rtsp://192.168.1.64/main", "rtsp://[fd00::7]/main"},
		{"no stream", c, "http://10.37.20.11/main", ""},
		{"nothing", c, "", ""},
		{"rubbish", c, "rtsp://%zz", ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.client.streamAddress(s.told)
			if got != s.want || (err != nil) != (s.want == "") {
				t.Errorf("%q: got %q, %v, want %q", s.told, got, err, s.want)
			}
		})
	}
}

// TestHome promises that a service address leads to the configured host, which
// alone gets a login.
func TestHome(t *testing.T) {
	t.Parallel()
	c := &Client{at: spot{host: "10.37.20.11", authority: "10.37.20.11:8080"}}
	for told, want := range map[string]string{
		"http://10.37.20.11:8899/onvif/media": "http://10.37.20.11:8899/onvif/media",
		"http://192.168.1.64/onvif/media":     "http://10.37.20.11:8080/onvif/media",
		" http://u:p@10.37.20.12/m ":          "http://10.37.20.11:8080/m",
		"/onvif/media":                        "",
		"ftp://10.37.20.11/":                  "",
	} {
		if got, err := c.Home(told); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v, want %q", told, got, err, want)
		}
	}
}

// TestSplitHost promises that a host is read as people write it.
func TestSplitHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][2]string{
		"10.37.20.11": {"10.37.20.11", "10.37.20.11:80"}, "10.37.20.11:8080": {"10.37.20.11", "10.37.20.11:8080"},
		"cam.example": {"cam.example", "cam.example:80"}, "fd00::7": {"fd00::7", "[fd00::7]:80"}, "[fd00::7]:81": {"fd00::7", "[fd00::7]:81"},
		"": {}, "http://a": {}, "a:0": {}, "a:x": {}, "u@a": {}, "a/b": {},
	} {
		h, authority, err := splitHost(host)
		if diff := cmp.Diff(want, [2]string{h, authority}); diff != "" || (err != nil) != (want[0] == "") {
			t.Errorf("%q: %v %s", host, err, diff)
		}
	}
}

// TestAppendProfile promises that what a camera declares cannot overflow or fill
// the memory.
func TestAppendProfile(t *testing.T) {
	t.Parallel()
	var huge encoder
	huge.Resolution.Width, huge.Resolution.Height = 1<<40, 1<<40
	var all []profile
	for range 2 * maxProfiles {
		all = appendProfile(all, "t", nil, &huge, true)
	}
	all = appendProfile(all, "", nil, &huge, true)
	if len(all) != maxProfiles || all[0].pixels() != 0 {
		t.Errorf("got %d profiles of %d pixels", len(all), all[0].pixels())
	}
	if _, _, err := choose(appendProfile(nil, "audio", nil, nil, false), 0); !errors.Is(err, errNoStream) {
		t.Errorf("got %v, want %v", err, errNoStream)
	}
}
