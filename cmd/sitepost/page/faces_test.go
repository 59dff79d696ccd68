package page

import (
	"errors"
	"testing"

	"sitepost/cmd/sitepost/status"
	"sitepost/uplink"
)

// TestHealth: alive is not well, and says which loop does not turn.
func TestHealth(t *testing.T) {
	var hangs error
	s := newStand(t, &Page{Turning: func() error { return hangs }})
	code, body := s.get("/healthz")
	if want := "alive\n"; code != 200 || body != want {
		t.Errorf("got %d %q, want %q", code, body, want)
	}
	hangs = errors.New("the store has not turned for 25s")
	for path, want := range map[string]string{"/healthz": "hangs: " + hangs.Error() + "\n", "/readyz": "not ready: hangs: " + hangs.Error() + "\n"} {
		if code, body := s.get(path); code != 503 || body != want {
			t.Errorf("%s: got %d %q, want 503 %q", path, code, body, want)
		}
	}
}

// TestReady: where an alarm would go now; devices that are gone make no difference.
func TestReady(t *testing.T) {
	up, away := &status.Uplink{Status: uplink.Status{Up: true, Broker: "city-a"}}, &status.Uplink{Status: uplink.Status{Broker: "city-a"}}
	for _, c := range []struct {
		name    string
		failing bool
		city    *status.Uplink
		code    int
		want    string
	}{
		{"all is well", false, up, 200, "ready\nconfig: ab12\nstore: writable\ncity: broker city-a\n"},
		{"no city", false, away, 200, "ready\nconfig: ab12\nstore: writable\ncity: buffering, no broker is up\n"},
		{"no city yet", false, nil, 200, "ready\nconfig: ab12\nstore: writable\ncity: buffering, no broker is configured\n"},
		{"no disk", true, up, 200, "ready\nconfig: ab12\nstore: buffering in memory, the disk refuses\ncity: broker city-a\n"},
		{"neither", true, away, 503, "not ready\nconfig: ab12\nstore: buffering in memory, the disk refuses\ncity: buffering, no broker is up\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t, &Page{Take: func() status.Snapshot {
				snap := status.Snapshot{Config: "ab12", Uplink: c.city, Devices: []status.Device{{Name: "cam-1", State: "offline"}, {Name: "gas-1", State: "silent"}}}
				snap.Store.Failing = c.failing
				snap.Judge()
				return snap
			}})
			if code, body := s.get("/readyz"); code != c.code || body != c.want {
				t.Errorf("got %d %q, want %d %q", code, body, c.code, c.want)
			}
		})
	}
}
