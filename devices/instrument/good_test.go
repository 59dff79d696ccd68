package instrument

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readProfile parses a file of testdata.
func readProfile(t testing.TB, path string) *Profile {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(strings.TrimSuffix(filepath.Base(path), ".toml"), text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// allProfiles returns ours and those of testdata/good.
func allProfiles(t testing.TB) map[string]*Profile {
	t.Helper()
	all := map[string]*Profile{}
	for _, name := range Shipped() {
		p, err := Load(name, "")
		if err != nil {
			t.Fatal(err)
		}
		all[name] = p
	}
	paths, err := filepath.Glob("testdata/good/*.toml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("testdata/good: %d files, %v", len(paths), err)
	}
	for _, path := range paths {
		p := readProfile(t, path)
		all[p.Name] = p
	}
	return all
}

// TestMeaning: what each word of a profile means is written down as a profile
// with tries, under testdata/good; every report there speaks and clears.
func TestMeaning(t *testing.T) {
	t.Parallel()
	for name, p := range allProfiles(t) {
		for _, v := range append(p.Prove(), p.ProveHard()...) {
			if !v.OK {
				t.Errorf("%s:%d: %v", name, v.Line, v)
			}
		}
		if err := p.Unproven(); err != nil {
			t.Error(err)
		}
	}
}
