package instrument

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed profiles/*.toml
var shipped embed.FS

// Shipped returns the names of our own profiles, sorted.
func Shipped() []string {
	entries, err := shipped.ReadDir("profiles")
	if err != nil {
		panic(err) // embedded: it is there
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	slices.Sort(names) // a name before the longer ones that begin with it
	return names
}

// Load reads the profile of a name: siteDir/NAME.toml where there is one, else
// ours. With siteDir "" only ours are looked at. The error is [*Mistakes] for a
// file with mistakes, fs.ErrNotExist for a name that is nobody's.
func Load(name, siteDir string) (*Profile, error) {
	if !nameShape.MatchString(name) {
		return nil, fmt.Errorf("profile %q: %s: %w", name, nameRule, fs.ErrNotExist)
	}
	if siteDir != "" {
		p, err := loadFile(name, filepath.Join(siteDir, name+".toml"))
		if !errors.Is(err, fs.ErrNotExist) {
			return p, err
		}
	}
	text, err := shipped.ReadFile("profiles/" + name + ".toml")
	if err != nil {
		return nil, fmt.Errorf("profile %q is neither ours nor the site's%s: %w", name, didYouMean(name, Shipped()), fs.ErrNotExist)
	}
	p, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	p.SiteOwn = false
	return p, nil
}

// loadFile reads a site's own profile.
func loadFile(name, path string) (*Profile, error) {
	about, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if about.Size() > maxFile || !about.Mode().IsRegular() {
		return nil, &Mistakes{path, []Mistake{{0, 0, "not a file of at most 64 KiB: a profile describes one kind of instrument"}}}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := Parse(name, text)
	if mistakes, ok := errors.AsType[*Mistakes](err); ok {
		mistakes.File = path
	}
	if p != nil {
		p.file = path
	}
	return p, err
}
