package camera_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// a camera, and a recorder of which two channels are online.
func plain() onvif.Inventory {
	two := 2
	return onvif.Inventory{
		Identity: onvif.Identity{Endpoint: "urn:uuid:1", Serial: "0A11", Firmware: "V5.7.3 build 220112", ClockKnown: true},
		MACs:     []string{"bc:ad:28:01:02:03"}, DigitalInputs: &two,
		Profiles: []onvif.Profile{
			{Token: "main", Name: "Main", Source: "s1", Codec: "H264", Width: 1920, Height: 1080, FPS: 25, Bitrate: 4096},
			{Token: "sub", Name: "Sub", Source: "s1", Codec: "H264", Width: 640, Height: 360, FPS: 15, Bitrate: 512},
		},
	}
}

func recorder() onvif.Inventory {
	v := plain()
	v.Profiles = append(v.Profiles, onvif.Profile{Token: "main2", Source: "s2", Codec: "H264", Width: 1920, Height: 1080})
	return v
}

// TestCompare promises an event for what became different in a camera, in words,
// and none for what is volatile, reordered or was not told.
func TestCompare(t *testing.T) {
	t.Parallel()
	event := func(detail, text string) []devices.Event {
		return []devices.Event{{Code: devices.CameraChanged, Detail: detail, Text: text}}
	}
	one := 1
	for _, c := range []struct {
		name   string
		before onvif.Inventory
		change func(*onvif.Inventory)
		want   []devices.Event
	}{
		{"nothing", plain(), func(*onvif.Inventory) {}, nil},
		{"not known before", onvif.Inventory{}, func(v *onvif.Inventory) { *v = plain() }, nil},
		{"the clock", plain(), func(v *onvif.Inventory) { v.Identity.ClockOffset, v.Identity.ClockKnown = time.Hour, false }, nil},
		{"the order of the profiles", plain(), func(v *onvif.Inventory) { slices.Reverse(v.Profiles) }, nil},
		{"firmware", plain(), func(v *onvif.Inventory) { v.Identity.Firmware = "V5.7.15 build 230626" },
			event("firmware", "V5.7.3 build 220112 is V5.7.15 build 230626 now")},
		{"firmware not told", plain(), func(v *onvif.Inventory) { v.Identity.Firmware = "" }, nil},
		{"size and codec", plain(), func(v *onvif.Inventory) {
			v.Profiles[0].Width, v.Profiles[0].Height, v.Profiles[0].Codec = 1280, 720, "H265"
		}, event("configuration", `profile "main": codec H264 is H265 now; profile "main": size 1920x1080 is 1280x720 now`)},
		{"limits", plain(), func(v *onvif.Inventory) { v.Profiles[1].FPS, v.Profiles[1].Bitrate = 12.5, 256 },
			event("configuration", `profile "sub": frame rate limit 15 is 12.5 now; profile "sub": bit rate limit 512 is 256 now`)},
		{"another source and name", plain(), func(v *onvif.Inventory) { v.Profiles[1].Source, v.Profiles[1].Name = "s2", "Small" },
			event("configuration", `profile "sub": video source s1 is s2 now; profile "sub": name Sub is Small now`)},
		{"a profile more, one less", plain(), func(v *onvif.Inventory) { v.Profiles[1].Token = "third" },
			event("configuration", `profile "sub" is gone; profile "third" is new`)},
		{"a camera's only source has another token", plain(), func(v *onvif.Inventory) {
			v.Profiles = []onvif.Profile{{Token: "x", Source: "s9"}}
		}, event("configuration", `profile "main" is gone; profile "sub" is gone; profile "x" is new`)},
		{"no profiles told", plain(), func(v *onvif.Inventory) { v.Profiles = nil }, nil},
		{"a list that was cut", plain(), func(v *onvif.Inventory) { v.Profiles, v.ProfilesLeftOff = v.Profiles[:1], 7 }, nil},
		{"a channel of a recorder went offline (quirk 24)", recorder(), func(v *onvif.Inventory) { v.Profiles = v.Profiles[:2] }, nil},
		{"a channel came online", plain(), func(v *onvif.Inventory) { *v = recorder() }, nil},
		{"a profile of a recorder is gone", recorder(), func(v *onvif.Inventory) { v.Profiles = slices.Delete(v.Profiles, 1, 2) },
			event("configuration", `profile "sub" is gone`)},
		{"inputs", plain(), func(v *onvif.Inventory) { v.DigitalInputs = &one }, event("configuration", "digital inputs 2 is 1 now")},
		{"inputs not told", plain(), func(v *onvif.Inventory) { v.DigitalInputs = nil }, nil},
		{"another camera", plain(), func(v *onvif.Inventory) { v.Identity.Serial, v.Identity.Firmware = "0B22", "V6" },
			event("replaced", "serial number 0A11 is 0B22 now")},
		{"another camera with the same serial number (quirk 8)", plain(), func(v *onvif.Inventory) {
			v.Identity.Endpoint, v.MACs = "urn:uuid:2", []string{"bc:ad:28:01:02:04"}
		}, event("replaced", "endpoint urn:uuid:1 is urn:uuid:2 now")},
		{"an endpoint made up at each start", plain(), func(v *onvif.Inventory) { v.Identity.Endpoint = "urn:uuid:2" }, nil},
		{"hostile words", plain(), func(v *onvif.Inventory) {
			v.Profiles[0].Codec, v.Profiles[0].Token = "H264", "main"
			v.Profiles[0].Name = "a\x1b[31m\r\n" + strings.Repeat("b", 500)
		}, event("configuration", `profile "main": name Main is a [31m `+strings.Repeat("b", 121)+" now")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			now := c.before
			now.Profiles = slices.Clone(c.before.Profiles)
			c.change(&now)
			if diff := cmp.Diff(c.want, camera.Compare(c.before, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCompareBounds promises a bounded text, whatever a camera tells.
func TestCompareBounds(t *testing.T) {
	t.Parallel()
	before, now := plain(), plain()
	for i := range 1000 {
		now.Profiles = append(now.Profiles, onvif.Profile{Token: fmt.Sprintf("%d%s", i, strings.Repeat("报", 500)), Source: "s1"})
	}
	got := camera.Compare(before, now)
	if len(got) != 1 || utf8.RuneCountInString(got[0].Text) > 1024 || !strings.HasSuffix(got[0].Text, "; and 996 more") {
		t.Errorf("got %v", got)
	}
	for i := range now.Profiles {
		now.Profiles[i].Token = fmt.Sprint(i)
	}
	got = camera.Compare(onvif.Inventory{Profiles: []onvif.Profile{{Token: "0", Source: "s1"}}}, now)
	want := `profile "1" is new; profile "2" is new; profile "3" is new; profile "4" is new; ` +
		`profile "5" is new; profile "6" is new; profile "7" is new; profile "8" is new; and 993 more`
	if len(got) != 1 || got[0].Text != want {
		t.Errorf("got %v, want %q", got, want)
	}
}

// TestCompareReal promises that a camera's own answers before and after an update
// make the event, and two of the same camera none.
func TestCompareReal(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Profiles: cameratest.Channels(1), MACs: []string{"bc:ad:28:01:02:03"}})
	c := client(t, v, func() (string, error) { return "secret", nil }, cameratest.Loopback)
	take := func() onvif.Inventory {
		got, err := c.TakeInventory(cameratest.Soon(t))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := take()
	if got := camera.Compare(first, take()); got != nil {
		t.Errorf("got %v", got)
	}
	v.SetFirmware("1.2.4")
	smaller := cameratest.Channels(1)
	smaller[0].Width, smaller[0].Height = 1280, 720
	v.SetProfiles(smaller)
	want := []devices.Event{
		{Code: devices.CameraChanged, Detail: "firmware", Text: "1.2.3 is 1.2.4 now"},
		{Code: devices.CameraChanged, Detail: "configuration", Text: `profile "Profile_101": size 1920x1080 is 1280x720 now`},
	}
	if diff := cmp.Diff(want, camera.Compare(first, take())); diff != "" {
		t.Error(diff)
	}
}
