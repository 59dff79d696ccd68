package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/config"
	"sitepost/devices/camera/find"
)

const smallSite = `version = 1
[site]
name = "demo"
[network]
device_interfaces = ["lo"]
device_networks = ["127.0.0.0/8"]
[[zone]]
name = "hall"
class = "entrance"
[[login]]
name = "cameras"
user = "onvif"
password = "env:CAMERAS"
`

// TestTableOfHostileCamera promises that nothing a camera tells of itself can write
// more into the site file than its own table. (security.md 2)
func TestTableOfHostileCamera(t *testing.T) {
	t.Parallel()
	const evil = "\"\n[[login]]\r\nname = 'x' # \\ \x00\u2028\uff02"
	site, found := config.Parse("site.toml", []byte(smallSite), config.Env{})
	if site == nil {
		t.Fatal(found)
	}
	d := &discovery{tool: &tool{}, site: site, login: "cameras", zone: "hall"}
	f := find.Finding{State: find.New, Found: find.Found{Endpoint: evil, Serial: evil, Vendor: evil, Model: strings.Repeat("海", 500), Address: "127.0.0.9:80"}}
	text, names := d.appended([]byte(smallSite), []find.Finding{f}, nil)
	after, found := config.Parse("site.toml", text, config.Env{})
	if after == nil {
		t.Fatalf("%s\n%s", found, text)
	}
	plain, _ := config.Parse("site.toml", []byte(smallSite+"[[camera]]\nname = \"login-name-x-9\"\nzone = \"hall\"\nhost = \"127.0.0.9\"\nlogin = \"cameras\"\n"), config.Env{})
	if diff := cmp.Diff(plain.Cameras, after.Cameras); diff != "" || len(after.Logins) != 1 || !strings.HasPrefix(string(text), smallSite) {
		t.Errorf("%s\n%s", diff, text)
	}
	if diff := cmp.Diff([]string{"login-name-x-9"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestNamesOfNewCameras promises a name that the site file takes for every camera,
// and none twice.
func TestNamesOfNewCameras(t *testing.T) {
	t.Parallel()
	taken := map[string]bool{"hikvision-ds-2cd2042-11": true, "camera-7": true, "camera-1-7": true, "camera-0-1-7": true, "camera-10-0-1-7": true}
	for _, c := range []struct{ vendor, model, address, want string }{
		{"HIKVISION", "DS-2CD2042", "10.37.20.12:80", "hikvision-ds-2cd2042-12"},
		{"HIKVISION", "DS-2CD2042", "10.37.20.11:80", "hikvision-ds-2cd2042-20-11"},
		{"海康", "枪机", "10.37.20.11:8080", "camera-11"},
		{"", "", "10.0.1.7:80", "camera-2"},
		{"", "", "10.0.1.7:81", "camera-3"},
		{strings.Repeat("long ", 20), "", "10.37.20.113:80", "long-long-long-long-long-lon-113"},
	} {
		got := nameFor(find.Finding{Found: find.Found{Vendor: c.vendor, Model: c.model, Address: c.address}}, taken)
		taken[got] = true
		if got != c.want || len(got) > 32 {
			t.Errorf("%s %s at %s: got %q, want %q", c.vendor, c.model, c.address, got, c.want)
		}
	}
}

// A roster is what a running daemon knows of its cameras.
type roster []control.Camera

func (r roster) List() []control.Camera { return r }

func (roster) Login(context.Context, string) (control.Camera, bool, error) {
	return control.Camera{}, false, nil
}

// TestDiscoverAsksTheDaemon promises that what the running daemon has learnt of a
// camera is used to recognise it, and that a refused login is told.
func TestDiscoverAsksTheDaemon(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "control.sock")
	ctx, cancel := context.WithCancel(t.Context())
	learnt := roster{
		{Name: "gate", Endpoint: "urn:uuid:learnt", Serial: "learnt", MACs: []string{"44:19:b6:01:02:03"}, Refused: "correct the password"},
		{Name: "of another site"},
	}
	listener, err := control.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		door := control.Door{Cameras: learnt, Log: slog.New(slog.DiscardHandler)}
		ended <- door.Serve(ctx, listener)
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	site, found := config.Parse("site.toml", []byte(smallSite+"[[camera]]\nname = \"gate\"\nzone = \"hall\"\nlogin = \"cameras\"\nhost = \"127.0.0.9\"\nserial = \"written\"\n"), config.Env{})
	if site == nil {
		t.Fatal(found)
	}
	var said strings.Builder
	d := &discovery{tool: &tool{control: socket, stderr: &said}, site: site}
	want := []find.Known{{
		Name: "gate", Host: "127.0.0.9", Endpoint: "urn:uuid:learnt", Serial: "written",
		MACs: []string{"44:19:b6:01:02:03"}, Refused: "correct the password",
	}}
	if diff := cmp.Diff(want, d.known(t.Context())); diff != "" || said.String() != "" {
		t.Errorf("-want +got:\n%s%s", diff, said.String())
	}
}
