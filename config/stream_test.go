package config

import (
	"testing"
	"time"
)

// TestStreamsAsMeant: what a site writes about its streams is what is meant; what
// is not judged is written as such, and stays apart from what is left out.
func TestStreamsAsMeant(t *testing.T) {
	t.Parallel()
	const site = "version = 1\n[site]\nname = \"demo\"\n"
	for written, want := range map[string]Stream{
		"": {0.001, 50 * time.Millisecond, 25, 2_000_000, 5 * time.Second, 5 * time.Second},
		"[stream]\nfps = 0\nbitrate = \"0bit/s\"\nloss = 1\n": {1, 50 * time.Millisecond, 0, 0, 5 * time.Second, 5 * time.Second},
		"[stream]\nfirst_frame = \"1500ms\"\nloss = 0\n":      {0, 50 * time.Millisecond, 25, 2_000_000, 5 * time.Second, 1500 * time.Millisecond},
	} {
		c, findings := Parse("a.toml", []byte(site+written), Env{Profiles: shelf{}})
		if errs := findings.Errors(); len(errs) > 0 {
			t.Errorf("%s: %v", written, errs)
			continue
		}
		if c.Stream != want {
			t.Errorf("%s: got %+v, want %+v", written, c.Stream, want)
		}
	}
	const camera = site + "[network]\ndevice_networks = [\"10.0.0.0/24\"]\n[[zone]]\nname = \"a\"\nclass = \"quay\"\n" +
		"[[login]]\nname = \"l\"\nuser = \"u\"\npassword = \"file:/s/c\"\n[[camera]]\nname = \"c\"\nzone = \"a\"\nhost = \"10.0.0.1\"\nlogin = \"l\"\n"
	for written, want := range map[string]bool{"": false, "metadata = true\n": true, "metadata = false\n": false} {
		c, findings := Parse("a.toml", []byte(camera+written), Env{Profiles: shelf{}})
		if errs := findings.Errors(); len(errs) > 0 {
			t.Errorf("%s: %v", written, errs)
			continue
		}
		if got := c.Cameras[0].Metadata; got != want {
			t.Errorf("%q: got metadata %t, want %t", written, got, want)
		}
	}
}
