package config

import (
	"strings"
	"testing"
)

// TestSpots: a line that is put at a spot belongs to its table, wherever that stands and
// however its name is written.
func TestSpots(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                  "version = 1\n[site]\nname = \"demo\"\n[uplink]\n[[zone]]\nname = \"hall\"\nclass = \"entrance\"\n[[login]]\nname = \"l\"\nuser = \"u\"\npassword = \"env:P\"\n[network]\ndevice_networks = [\"10.0.0.0/8\"]\n[[camera]]\nname = \"a\" # [[camera]]\nzone = \"hall\"\nhost = \"10.0.0.1\"\nlogin = \"l\"\n",
		"name last, no end":      "version = 1\n[site]\nname = \"demo\"\n[ uplink ] # ours\nkeep_alive = \"9s\"\n[[zone]]\nname = \"hall\"\nclass = \"entrance\"\n[[login]]\nname = \"l\"\nuser = \"u\"\npassword = \"env:P\"\n[network]\ndevice_networks = [\"10.0.0.0/8\"]\n[[camera]]\nzone = \"hall\"\nhost = \"10.0.0.1\"\nlogin = \"l\"\nname = \"a\"",
		"Windows, name of lines": "version = 1\r\n[uplink]\r\n[site]\r\nname = \"demo\"\r\n[[zone]]\r\nname = \"hall\"\r\nclass = \"entrance\"\r\n[[login]]\r\nname = \"l\"\r\nuser = \"u\"\r\npassword = \"env:P\"\r\n[network]\r\ndevice_networks = [\"10.0.0.0/8\"]\r\n[[camera]]\r\nname = '''\r\na'''\r\nzone = \"hall\"\r\nhost = \"10.0.0.1\"\r\nlogin = \"l\"\r\n",
	} {
		spots := FindSpots([]byte(text))
		at, ok := spots.Cameras["a"]
		if !ok {
			t.Errorf("%s: the camera has no spot", name)
			continue
		}
		before := text[:at.Behind]
		if !strings.HasSuffix(before, "\n") {
			before += "\n"
		}
		c, found := Parse("x", []byte(before+"title = \"大门\"\n"+text[at.Behind:]), Env{})
		if c == nil || c.Cameras[0].Title != "大门" {
			t.Errorf("%s: %v", name, found)
		}
		at = spots.Uplink
		c, found = Parse("x", []byte(text[:at.Behind]+"drain_rate = 7\n"+text[at.Behind:]), Env{})
		if c == nil || c.Uplink.DrainRate != 7 {
			t.Errorf("%s: uplink: %v", name, found)
		}
	}
}

// TestNoSpot: where [uplink] has no lines of its own, none can be put there.
func TestNoSpot(t *testing.T) {
	for _, text := range []string{
		"version = 1\n[site]\nname = \"demo\"\n",
		"version = 1\nuplink = {drain_rate = 7}\n[site]\nname = \"demo\"\n",
		"version = 1\n[site]\nname = \"demo\"\n[[uplink.broker]]\nname = \"a\"\nurl = \"mqtt://127.0.0.1\"\n",
		"version = 1\nuplink.drain_rate = 7\n[site]\nname = \"demo\"\n",
		"",
		"[uplink",
	} {
		if got := FindSpots([]byte(text)).Uplink; got != (Spot{}) {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}
