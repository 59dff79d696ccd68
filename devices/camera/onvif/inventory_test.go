package onvif_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// client is one that knows the login of a virtual camera.
func client(t *testing.T, v *cameratest.Camera) *onvif.Client {
	t.Helper()
	c, err := onvif.New(to(v, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// simple are two profiles of one source, the main one H.265.
func simple() []cameratest.Profile {
	return []cameratest.Profile{
		{Token: "sub", Name: "Sub", Source: "video_0", Codec: "H264", Width: 640, Height: 360, FPS: 15, Kbit: 512, URI: "rtsp://127.0.0.11/sub"},
		{Token: "main", Name: "Main", Source: "video_0", Codec: "H265", Width: 2560, Height: 1440, FPS: 25, Kbit: 4096, URI: "rtsp://127.0.0.11/main"},
	}
}

// TestInventory promises all that a camera is and has, and that a question it does
// not answer costs only that answer (quirks 9, 10, 21).
func TestInventory(t *testing.T) {
	t.Parallel()
	two := 2
	full := onvif.Inventory{
		MACs:    []string{"bc:ad:28:01:02:03", "bc:ad:28:01:02:04"},
		Sources: []onvif.Source{{Token: "video_0", Width: 1920, Height: 1080, FPS: 25}},
		Profiles: []onvif.Profile{
			{Token: "sub", Name: "Sub", Source: "video_0", Codec: "H264", Width: 640, Height: 360, FPS: 15, Bitrate: 512},
			{Token: "main", Name: "Main", Source: "video_0", Codec: "H265", Width: 2560, Height: 1440, FPS: 25, Bitrate: 4096},
		},
		DigitalInputs: &two,
	}
	macs := []string{"BC-AD-28-01-02-03", "00:00:00:00:00:00", "bc:ad:28:01:02:03", "eth1", "01:00:5e:00:00:01", "BCAD28010204"}
	for _, c := range []struct {
		name string
		o    cameratest.Options
		want func(*onvif.Inventory)
	}{
		{"all of it", cameratest.Options{MACs: macs, Inputs: 2}, func(*onvif.Inventory) {}},
		{"no network interfaces (quirk 10)", cameratest.Options{Inputs: 2}, func(v *onvif.Inventory) {
			v.MACs = nil
			v.NotTold = []string{`network interfaces: the camera answers with HTTP 500 Sender ActionNotSupported "not a question of this camera"`}
		}},
		{"no list of sources", cameratest.Options{MACs: macs, Inputs: 2, Sources: []string{""}}, func(v *onvif.Inventory) {
			v.Sources = []onvif.Source{{Token: "video_0"}}
		}},
		{"no DeviceIO", cameratest.Options{MACs: macs}, func(v *onvif.Inventory) { v.DigitalInputs = nil }},
		{"H265 only in Media2 (quirk 21)", cameratest.Options{MACs: macs, Inputs: 2, Media1Only: true}, func(v *onvif.Inventory) { v.Profiles = v.Profiles[:1] }},
		{"no GetServices", cameratest.Options{MACs: macs, Inputs: 2, NoServices: true}, func(v *onvif.Inventory) { v.Profiles = v.Profiles[:1] }},
		{"digest", cameratest.Options{MACs: macs, Inputs: 2, Auth: "digest"}, func(*onvif.Inventory) {}},
		{"no profile at all", cameratest.Options{MACs: macs, Inputs: 2, Profiles: []cameratest.Profile{}, Sources: []string{"video_0"}}, func(v *onvif.Inventory) {
			v.Profiles = nil
			v.NotTold = []string{"profiles: the camera offers no video profile"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.o.Profiles == nil {
				c.o.Profiles = simple()
			}
			c.o.Password = "secret"
			v := cameratest.Start(t, c.o)
			got, err := client(t, v).TakeInventory(cameratest.Soon(t))
			if err != nil {
				t.Fatal(err)
			}
			want := full
			c.want(&want)
			want.Identity = onvif.Identity{Vendor: "Virtual", Model: "V-1", Serial: "0A11", Firmware: "1.2.3", Endpoint: got.Identity.Endpoint, ClockKnown: true}
			ignore := cmpopts.IgnoreFields(onvif.Inventory{}, "Services")
			if diff := cmp.Diff(want, got, ignore, cmpopts.IgnoreFields(onvif.Identity{}, "ClockOffset")); diff != "" {
				t.Error(diff)
			}
			if !slices.Contains(slices.Collect(maps.Keys(got.Services)), onvif.MediaSpace) {
				t.Errorf("got services %v", got.Services)
			}
			if n := v.Logins().Refused; n != 0 {
				t.Errorf("%d logins were refused", n)
			}
		})
	}
}

// TestInventoryBounds promises that a list of 5,000 profiles is cut, and that this
// is said.
func TestInventoryBounds(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", ExtraProfiles: 5000})
	got, err := client(t, v).TakeInventory(cameratest.Soon(t))
	if err != nil || len(got.Profiles) != 1024 || got.ProfilesLeftOff != 5001-1024 {
		t.Errorf("got %d profiles, %d left off, %v", len(got.Profiles), got.ProfilesLeftOff, err)
	}
}

// TestInventoryJSON promises snake_case keys and nothing for what was not told.
func TestInventoryJSON(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(onvif.Inventory{
		Profiles: []onvif.Profile{{Token: "main", FPS: 25, Bitrate: 4096}}, ProfilesLeftOff: 1, Sources: []onvif.Source{{Token: "s"}},
	})
	want := `{"identity":{"clock_offset_ns":0,"clock_known":false},"sources":[{"token":"s"}],` +
		`"profiles":[{"token":"main","fps_limit":25,"bitrate_limit_kbit":4096}],"profiles_left_off":1}`
	if diff := cmp.Diff(want, string(raw)); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestInventoryNeedsLogin promises that a refused login is told as such, and costs
// no more logins than one question would.
func TestInventoryNeedsLogin(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "another"})
	_, err := client(t, v).TakeInventory(cameratest.Soon(t))
	if _, refused := errors.AsType[*onvif.LoginRefused](err); !refused || v.Logins().Refused > 2 {
		t.Errorf("got %v after %d refused logins", err, v.Logins().Refused)
	}
}

// TestStreams promises the streams of a camera's profiles: the best that can be
// measured, the one that the site typed, the still picture beside it; and that
// Media1 is asked where Media2 does not have what is wanted.
func TestStreams(t *testing.T) {
	t.Parallel()
	both := onvif.Streams{Main: "rtsp://127.0.0.11/main", Sub: "rtsp://127.0.0.11/sub", SourceToken: "video_0", MainToken: "main", SubToken: "sub"}
	sub := onvif.Streams{Main: both.Sub, SourceToken: "video_0", MainToken: "sub"}
	for _, c := range []struct {
		name     string
		o        cameratest.Options
		pick     onvif.Pick
		snapshot string // its path, at the camera
		want     onvif.Streams
		fails    string
	}{
		{"H265 is in Media2 only", cameratest.Options{}, onvif.Pick{}, "", both, ""},
		{"Media1 knows nothing of it", cameratest.Options{Media1Only: true}, onvif.Pick{}, "", sub, ""},
		{"typed", cameratest.Options{}, onvif.Pick{Main: "sub"}, "", sub, ""},
		{"typed, and in Media1 only", cameratest.Options{Profiles: append(simple(), cameratest.Profile{
			Token: "old", Source: "video_0", Width: 320, Height: 180, URI: "rtsp://127.0.0.11/old", Old: true,
		})}, onvif.Pick{Main: "old"}, "", onvif.Streams{Main: "rtsp://127.0.0.11/old", SourceToken: "video_0", MainToken: "old"}, ""},
		{"typed and not there", cameratest.Options{}, onvif.Pick{Main: "third"}, "", onvif.Streams{}, `it has no profile "third" (it tells "sub", "main")`},
		{"a still picture", cameratest.Options{SnapshotURI: "http://127.0.0.11/snap?ch=1"}, onvif.Pick{}, "http://127.0.0.11/snap?ch=1", both, ""},
		{"a still picture behind NAT (quirk 22)", cameratest.Options{SnapshotURI: "http://192.168.1.64/snap?a=1&amp;b=2"}, onvif.Pick{}, "/snap?a=1&b=2", both, ""},
		{"a still picture of 0.0.0.0 (quirk 2)", cameratest.Options{SnapshotURI: "http://0.0.0.0:80/snap", Media1Only: true}, onvif.Pick{}, "/snap", sub, ""},
		{"a still picture by Media1 only", cameratest.Options{SnapshotURI: "http://127.0.0.11/snap", SnapshotOld: true}, onvif.Pick{},
			"http://127.0.0.11/snap", both, ""},
		{"a still picture by FTP", cameratest.Options{SnapshotURI: "ftp://127.0.0.11/snap"}, onvif.Pick{}, "", both, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.o.Password = "secret"; c.o.Profiles == nil {
				c.o.Profiles = simple()
			}
			v := cameratest.Start(t, c.o)
			got, err := client(t, v).Streams(cameratest.Soon(t), c.pick)
			if words := fmt.Sprint(err); err != nil && words != c.fails || err == nil && c.fails != "" {
				t.Fatalf("got %v, want %q", err, c.fails)
			}
			c.want.Snapshot = c.snapshot
			if len(c.snapshot) > 0 && c.snapshot[0] == '/' {
				c.want.Snapshot = "http://" + v.Address() + c.snapshot
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRecorderChannels promises that a channel of a recorder keeps its number while
// others are offline (quirk 24), that a missing one is named with those that are
// there, and that its events find their channel.
func TestRecorderChannels(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Profiles: cameratest.Channels(4, 3)})
	c := client(t, v)
	ctx := cameratest.Soon(t)
	got, err := c.Streams(ctx, onvif.Pick{Channel: 4})
	want := onvif.Streams{
		Main: "rtsp://127.0.0.11:554/Profile_401", Sub: "rtsp://127.0.0.11:554/Profile_402",
		SourceToken: "VideoSource_4", MainToken: "Profile_401", SubToken: "Profile_402",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	_, err = c.Streams(ctx, onvif.Pick{Channel: 3})
	if diff := cmp.Diff("it has no channel 3 (it tells 1, 2, 4; a recorder tells only those that are online)", fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	tokens, err := c.Channels(ctx)
	wantTokens := map[string]int{}
	for _, n := range []int{1, 2, 4} {
		for _, form := range []string{"VideoSource_%d", "VideoSourceConfig_%d", "Analytics_%d", "Profile_%d01", "Profile_%d02"} {
			wantTokens[fmt.Sprintf(form, n)] = n
		}
	}
	if diff := cmp.Diff(wantTokens, tokens); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestRecorderOrder promises that where no token carries a number the camera's own
// list of sources gives it, also of those that have no profile, and that a token
// of two channels names neither.
func TestRecorderOrder(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{
		Password: "secret", Sources: []string{"north", "gate", "south"},
		Profiles: []cameratest.Profile{{Token: "p", Source: "south", Width: 640, Height: 360}, {Token: "q", Source: "north", Width: 640, Height: 360}},
	})
	got, err := client(t, v).Channels(context.Background())
	if diff := cmp.Diff(map[string]int{"south": 3, "p": 3, "north": 1, "q": 1}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
