package instrument

import (
	"testing"
)

// TestShippedProfiles: every profile we ship proves itself, whole, byte by byte
// and behind noise, and has a try for everything it can say.
func TestShippedProfiles(t *testing.T) {
	t.Parallel()
	names := Shipped()
	if len(names) < 8 {
		t.Errorf("got %d profiles, want at least 8", len(names))
	}
	for _, name := range names {
		p, err := Load(name, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, v := range append(p.Prove(), p.ProveHard()...) {
			if !v.OK {
				t.Errorf("%s: %v", name, v)
			}
		}
		if err := p.Unproven(); err != nil {
			t.Error(err)
		}
		if p.SiteOwn || p.Title == "" || p.Source == "" || len(p.tries) == 0 {
			t.Errorf("%s: a shipped profile has a title, a source and tries, and is ours", name)
		}
	}
}
