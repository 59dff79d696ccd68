package onvif

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChoose promises the best and the smallest stream of the right video source:
// first what can be measured, then by size, whatever the order of the list; and
// that what the site typed is taken.
func TestChoose(t *testing.T) {
	t.Parallel()
	p := func(token, source, codec string, width int) profile {
		return profile{Profile: Profile{Token: token, Source: source, Codec: codec, Width: width, Height: width / 2}}
	}
	all := []profile{
		p("sub1", "s1", "H264", 640), p("jpeg1", "s1", "JPEG", 3840), p("main1", "s1", "H265", 1920), p("third1", "s1", "H264", 1280),
		p("thumb1", "s1", "MPEG4", 320), p("main2", "s2", "H264", 2560),
	}
	jpeg := []profile{p("small", "", "JPEG", 320), p("large", "", "JPEG", 640)}
	many := make([]profile, 20)
	for i := range many {
		many[i] = p(fmt.Sprintf("p%d", i), fmt.Sprintf("source %d", i+1), "H264", 640)
	}
	for _, c := range []struct {
		name      string
		all       []profile
		pick      Pick
		main, sub string
		fails     string
	}{
		{"a camera", all, Pick{}, "main1", "sub1", ""},
		{"channel 1", all, Pick{Channel: 1}, "main1", "sub1", ""},
		{"channel 2 has no sub stream", all, Pick{Channel: 2}, "main2", "", ""},
		{"a channel that is not there", all, Pick{Channel: 3}, "", "", "it has no channel 3 (it tells 1, 2; a recorder tells only those that are online)"},
		{"a channel beyond many", many, Pick{Channel: 99}, "", "",
			"it has no channel 99 (it tells 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 …; a recorder tells only those that are online)"},
		{"sizes not told", []profile{p("a", "", "", 0), p("b", "", "", 0)}, Pick{}, "a", "", ""},
		{"nothing that can be measured", jpeg, Pick{}, "large", "small", ""},
		{"main typed", all, Pick{Main: "third1"}, "third1", "sub1", ""},
		{"main typed, of another source", all, Pick{Channel: 1, Main: "main2"}, "main2", "", ""},
		{"sub typed", all, Pick{Sub: "jpeg1"}, "main1", "jpeg1", ""},
		{"both typed", all, Pick{Channel: 1, Main: "third1", Sub: "thumb1"}, "third1", "thumb1", ""},
		{"main unknown", jpeg, Pick{Main: "x"}, "", "", `it has no profile "x" (it tells "small", "large")`},
		{"sub unknown", jpeg, Pick{Sub: "x"}, "large", "", `it has no profile "x" (it tells "small", "large")`},
		{"none", nil, Pick{}, "", "", "the camera offers no video profile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			channels := bySource(c.all)
			byText(channels)
			main, sub, err := choose(channels, c.pick)
			got := [3]string{main.Token, sub.Token}
			if err != nil {
				got[2] = err.Error()
			}
			if diff := cmp.Diff([3]string{c.main, c.sub, c.fails}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestStreamAddress promises an address that can be dialled, carries no login and
// leads to the configured host, for the login goes there.
func TestStreamAddress(t *testing.T) {
	t.Parallel()
	networks := []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}
	c := &Client{at: spot{host: "10.37.20.11"}, guard: newGuard("10.37.20.11", networks, false)}
	all := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	wide := &Client{at: spot{host: "10.37.20.11"}, guard: newGuard("10.37.20.11", all, false)}
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
		{"another of the networks", c, "rtsp://10.37.20.12/main", "rtsp://10.37.20.11/main"},
		{"0.0.0.0 (go2rtc)", wide, "rtsp://0.0.0.0:554/main", "rtsp://10.37.20.11:554/main"},
		{"127.0.0.1 (yi-hack-MStar#148)", wide, "rtsp://127.0.0.1/main", "rtsp://10.37.20.11/main"},
		{"a made-up address (agsh/onvif#63)", wide, "rtsp://169.254.7.7:554/main", "rtsp://10.37.20.11:554/main"},
		{"an IPv6 address of the link", wide, "rtsp://[fe80::1]:554/main", "rtsp://10.37.20.11:554/main"},
		{"an interface of its own", wide, "rtsp://[fe80::1%eth0]:554/main", "rtsp://10.37.20.11:554/main"},
		{"a host name of its own", wide, "rtsp://camera.local/main", "rtsp://10.37.20.11/main"},
		{"line ends within", c, "rtsp://10.37.20.11/\r\nmain", "rtsp://10.37.20.11/main"},
		{"escaped three times", c, "rtsp://10.37.20.11/main?a=1&amp;amp;b=2", "rtsp://10.37.20.11/main?a=1&b=2"},
		{"too long", c, "rtsp://10.37.20.11/" + strings.Repeat("a", maxAddress), ""},
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

// TestLineup promises that what a camera declares cannot overflow or fill the
// memory, that one odd number does not cost the answer, and that what is left off
// is counted.
func TestLineup(t *testing.T) {
	t.Parallel()
	odd := `<Profiles token="t%d"><Configurations><VideoSource token="c"><SourceToken>s</SourceToken></VideoSource><VideoEncoder>` +
		`<Encoding>h.265</Encoding><Resolution><Width>%s</Width><Height> 1080 </Height></Resolution>` +
		`<RateControl><FrameRateLimit>%s</FrameRateLimit><BitrateLimit>-1</BitrateLimit></RateControl></VideoEncoder></Configurations></Profiles>`
	read := func(profiles string) lineup {
		var a profiles2
		document := "<Envelope><Body><GetProfilesResponse>" + profiles + "</GetProfilesResponse></Body></Envelope>"
		if err := Decode([]byte(document), &a); err != nil {
			t.Fatal(err)
		}
		return a.lineup()
	}
	few := read(fmt.Sprintf(odd, 1, "1920", "25.0") + fmt.Sprintf(odd, 2, "99999999999999", "NaN") + fmt.Sprintf(odd, 3, "wide", "") +
		`<Profiles token="audio"/><Profiles><Configurations><VideoEncoder/></Configurations></Profiles>`)
	var got []Profile
	for _, p := range few.profiles {
		got = append(got, p.Profile)
	}
	want := []Profile{
		{Token: "t1", Source: "s", Codec: "H265", Width: 1920, Height: 1080, FPS: 25},
		{Token: "t2", Source: "s", Codec: "H265"}, {Token: "t3", Source: "s", Codec: "H265"},
	}
	if diff := cmp.Diff(want, got); diff != "" || few.leftOff != 0 {
		t.Errorf("%d left off, %s", few.leftOff, diff)
	}
	one := `<Profiles token="t"><Configurations><VideoEncoder/></Configurations></Profiles>`
	many := read(strings.Repeat(one, maxProfiles+7) + strings.Replace(one, `"t"`, `"`+strings.Repeat("t", maxWord+1)+`"`, 1))
	if len(many.profiles) != maxProfiles || many.leftOff != 8 {
		t.Errorf("got %d profiles and %d left off, want %d and 8", len(many.profiles), many.leftOff, maxProfiles)
	}
}

// TestChannelNumbers promises that a channel keeps its number while others are
// offline, wherever tokens or names carry it, and that the position counts only
// where they do not.
func TestChannelNumbers(t *testing.T) {
	t.Parallel()
	p := func(source, setting, token, settingName, name string) profile {
		return profile{Profile: Profile{Token: token, Source: source, Name: name}, sourceSetting: setting, settingName: settingName}
	}
	bare := func(sources ...string) (all []profile) {
		for i, s := range sources {
			all = append(all, p(s, "vs", fmt.Sprintf("ProfileToken%03d", 2*i+1), "", ""), p(s, "vs", fmt.Sprintf("ProfileToken%03d", 2*i+2), "", ""))
		}
		return all
	}
	for _, c := range []struct {
		name string
		all  []profile
		want []int
	}{
		{"VideoSource_3", bare("VideoSource_1", "VideoSource_3", "VideoSource_4"), []int{1, 3, 4}},
		{"one of them online", bare("VideoSource_3"), []int{3}},
		{"a plain camera", bare("VideoSourceToken"), []int{1}},
		{"000_VIS_3", bare("000_VIS_1", "000_VIS_3"), []int{1, 3}},
		{"ch3", bare("ch4", "ch3"), []int{4, 3}},
		{"from zero", bare("video_src_0", "video_src_2"), []int{1, 3}},
		{"Axis, four sensors", bare("0", "1", "2", "3"), []int{1, 2, 3, 4}},
		{"Dahua, the second is offline", bare("00000", "00200", "00300"), []int{1, 3, 4}},
		{"Dahua, the first is offline", bare("00100", "00200"), []int{2, 3}},
		{"Hikvision profiles", []profile{p("a", "", "Profile_101", "", ""), p("a", "", "Profile_102", "", ""), p("b", "", "Profile_1602", "", "")}, []int{1, 16}},
		{"profile_0_main", []profile{p("a", "", "profile_0_main", "", ""), p("a", "", "profile_0_sub", "", ""), p("b", "", "profile_2_main", "", "")}, []int{1, 3}},
		{"names of the sources", []profile{p("a", "x", "p", "Channel 2", ""), p("b", "y", "q", "Channel 5", "")}, []int{2, 5}},
		{"names of the profiles", []profile{p("a", "x", "p", "", "通道 2 main"), p("b", "y", "q", "", "通道 5 main")}, []int{2, 5}},
		{"tokens that say nothing", bare("5f3a22e1-0c", "77ab-31-9", "gate"), []int{1, 2, 3}},
		{"two with the same number", bare("cam-1-a", "cam-1-b"), []int{1, 2}},
		{"one without", bare("VideoSource_7", "gate"), []int{1, 2}},
		{"all named alike", []profile{p("a", "x", "p", "Camera 01", ""), p("b", "y", "q", "Camera 01", "")}, []int{1, 2}},
		{"profiles of one source that disagree", []profile{p("a", "", "p", "", "cam 1"), p("a", "", "q", "", "cam 2"), p("b", "", "r", "", "cam 4")}, []int{1, 2}},
		{"a running number of profiles is none of a channel", bare("a", "b"), []int{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			channels := bySource(c.all)
			byText(channels)
			var got []int
			for _, one := range channels {
				got = append(got, one.number)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
