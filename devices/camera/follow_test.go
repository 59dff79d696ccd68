package camera_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/find"
)

// A notebook is a log that a test reads while it is written.
type notebook struct {
	mu   sync.Mutex // protects text
	text bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notebook) has(words string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Contains(n.text.String(), words)
}

// TestFollow promises that a camera with a new address is followed and told, if it
// is gone from the old one, and never for a word that anybody on the network can
// say: not while it still answers, not outside the networks, not to another serial
// number.
func TestFollow(t *testing.T) {
	for _, c := range []struct {
		name     string
		stays    bool   // at the old address too
		other    bool   // and it is another one that has it now
		serial   string // of the one that is seen at the new address
		networks string
		want     string // camera.moved, or why not
		moved    bool
	}{
		{"gone from where it was", false, false, "0A11", "127.0.0.0/8", "127.0.0.31 is 127.0.0.32 now", true},
		{"another one is there", true, true, "0A11", "127.0.0.0/8", "127.0.0.31 is 127.0.0.32 now", true},
		{"still there", true, false, "0A11", "127.0.0.0/8", "a camera still answers at", false},
		{"another serial number", false, false, "0C33", "127.0.0.0/8", `it has serial number \"0C33\", ours has \"0A11\"`, false},
		{"outside the networks", false, false, "0A11", "127.0.0.31/32", "the address is outside network.device_networks", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint := cameratest.Endpoint()
			was := endpoint
			if c.other {
				was = cameratest.Endpoint()
			}
			one := cameratest.Start(t, cameratest.Options{HTTP: "127.0.0.31:0", Endpoint: was, Auth: "open", Vendor: "V", Model: "M", Serial: "0A11"})
			networks := []netip.Prefix{netip.MustParsePrefix(c.networks)}
			asks := client(t, one, func() (string, error) { return "", nil }, networks)
			memory := remembering()
			who, err := asks.TakeInventory(cameratest.Soon(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := memory.Change(func(k *camera.Known) { k.Inventory = who }); err != nil {
				t.Fatal(err)
			}
			one.Offline(!c.stays)
			two := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.32:0", Endpoint: endpoint, Auth: "open", Vendor: "V", Model: "M", Serial: c.serial})
			log := &notebook{}
			said := make(chan devices.Event, 8)
			ctx, end := context.WithCancel(cameratest.Soon(t))
			defer end()
			ended := make(chan error, 1)
			d := camera.Follow(camera.FollowOptions{
				Cameras: []camera.Followed{{Name: "cam-1", Client: asks, Memory: memory, Endpoint: strings.ToUpper(endpoint)}},
				Listen:  find.ListenOptions{Interfaces: []string{"lo"}, Networks: networks},
				Log:     slog.New(slog.NewTextHandler(log, nil)),
			})
			go func() { ended <- d.Run(ctx, func(e devices.Event) error { said <- e; return nil }) }()
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for done := false; !done; {
				two.SayHello() // a camera says it again, too
				select {
				case e := <-said:
					if e.Device != "cam-1" || e.Code != devices.CameraMoved || e.Text != c.want || !c.moved {
						t.Errorf("got %+v, want %q", e, c.want)
					}
					done = true
				case <-tick.C:
					done = !c.moved && log.has(c.want)
				case <-ctx.Done():
					t.Fatalf("got neither a move nor a reason, only %s", log.text.String())
				}
			}
			end()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if moved := asks.Host() == "127.0.0.32" && memory.Known().Address == two.Address(); moved != c.moved {
				t.Errorf("it is asked at %s and remembered at %q, want moved %t", asks.Address(), memory.Known().Address, c.moved)
			}
		})
	}
}

// TestFollowRestart promises that who attends to a camera hears of it when it has
// started anew, and that a camera the site does not have is only written to the
// log, once.
func TestFollowRestart(t *testing.T) {
	v := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.33:0", Password: "secret"})
	stranger := cameratest.Start(t, cameratest.Options{Interface: "lo", HTTP: "127.0.0.34:0", Password: "secret"})
	asks := client(t, v, func() (string, error) { return "secret", nil }, cameratest.Loopback)
	who, err := asks.TakeInventory(cameratest.Soon(t))
	if err != nil {
		t.Fatal(err)
	}
	anew, log := make(chan struct{}, 1), &notebook{}
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	ended := make(chan error, 1)
	d := camera.Follow(camera.FollowOptions{
		Cameras: []camera.Followed{{Name: "cam-1", Client: asks, Memory: remembering(), Endpoint: who.Identity.Endpoint, Anew: anew}},
		Listen:  find.ListenOptions{Interfaces: []string{"lo"}, Networks: cameratest.Loopback},
		Log:     slog.New(slog.NewTextHandler(log, nil)),
	})
	go func() {
		ended <- d.Run(ctx, func(e devices.Event) error { t.Errorf("got %+v, want nothing said", e); return nil })
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for heard := false; !heard || !log.has(stranger.Address()); {
		v.SayHello()
		stranger.SayHello()
		select {
		case <-anew:
			heard = true
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("heard of the restart: %t; the log has %s", heard, log.text.String())
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.text.String(), stranger.Address()); n != 1 {
		t.Errorf("the stranger is in the log %d times, want 1", n)
	}
	if n := stranger.Logins().Tried; n != 0 {
		t.Errorf("%d logins were sent to a camera the site does not have", n)
	}
}
