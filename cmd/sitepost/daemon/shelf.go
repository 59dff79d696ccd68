package daemon

import (
	"path/filepath"
	"slices"
	"strings"

	"sitepost/config"
	"sitepost/devices/instrument"
)

// Shelf returns the profiles that a site file may name: those that come with
// sitepost, and the site's own in a folder, which win.
func Shelf(siteDir string) config.Profiles { return shelf{siteDir} }

type shelf struct{ siteDir string }

// Names lists every profile, sorted.
func (s shelf) Names() []string {
	all := instrument.Shipped()
	own, _ := filepath.Glob(filepath.Join(s.siteDir, "*.toml")) // fails only for a bad pattern
	for _, path := range own {
		all = append(all, strings.TrimSuffix(filepath.Base(path), ".toml"))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Lookup returns what the rules of a site file need to know of a profile.
func (s shelf) Lookup(name string) (config.ProfileFacts, error) {
	p, err := instrument.Load(name, s.siteDir)
	if err != nil {
		return config.ProfileFacts{}, err
	}
	facts := config.ProfileFacts{
		Kind: p.Kind, Trust: string(p.Trust), Settings: p.Settings.String(), Inputs: p.Inputs,
		Codes: p.Codes(), Points: p.Points(), SiteOwn: p.SiteOwn, Addressed: p.Addressed(), Modbus: p.Modbus(),
		Channels: p.Channels, Span: p.Span, GasUnits: p.GasUnits(), Silence: p.Silence,
	}
	for _, a := range p.Asks() {
		facts.Questions = append(facts.Questions, config.Question{Send: a.Bytes, AnswerBytes: a.AnswerBytes, Every: a.Every, Within: a.Within})
	}
	return facts, nil
}
