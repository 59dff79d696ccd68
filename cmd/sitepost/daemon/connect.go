package daemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/osdp"
	"sitepost/ingest"
)

// names returns the keys of a map, sorted: what is built from a map is built
// in the same order every time.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// planDevices plans the lines and one conversation for each instrument, contact
// module, card reader, camera and line.
func (p *plan) planDevices() error {
	for _, c := range p.config.Lines {
		if err := p.planLine(c); err != nil {
			return err
		}
	}
	for _, i := range p.config.Instruments {
		if i.Protocol == config.OSDP && i.Disabled == nil {
			p.planReader(i)
		}
	}
	for _, m := range modules(p.config) {
		if err := p.planModule(m); err != nil {
			return fmt.Errorf("instrument %q: %w", m[0].Name, err)
		}
	}
	return p.planCameras()
}

// never is the silence of a device that may say nothing for ever.
func never(name string) map[string]time.Duration { return map[string]time.Duration{name: 0} }

// modules groups the instruments by what is asked once: instruments that are
// wired to the same contact module are one, every other instrument is its own.
// Disabled ones and those without a profile are left out.
func modules(c *config.Config) [][]config.Instrument {
	byModule := map[string][]config.Instrument{}
	var order []string
	for _, i := range c.Instruments {
		if i.Disabled != nil || i.Profile == "" {
			continue
		}
		key := "instrument " + i.Name
		if len(i.Inputs) > 0 {
			key = fmt.Sprintf("module %s %d %s", i.Line, i.Address, i.Profile)
		}
		if byModule[key] == nil {
			order = append(order, key)
		}
		byModule[key] = append(byModule[key], i)
	}
	var all [][]config.Instrument
	for _, key := range order {
		all = append(all, byModule[key])
	}
	return all
}

// planModule plans the one conversation of a group.
func (p *plan) planModule(group []config.Instrument) error {
	first := group[0]
	profile, err := p.profile(first)
	if err != nil {
		return err
	}
	name, is := first.Name, fmt.Sprintf("instrument %q", first.Name)
	if len(group) > 1 {
		name = fmt.Sprintf("%s/%d", first.Line, first.Address)
		is = fmt.Sprintf("contact module %q", name)
	}
	silence := map[string]time.Duration{}
	var wirings []instrument.Wiring
	for _, i := range group {
		silence[i.Name] = longest(i, profile)
		for _, in := range i.Inputs {
			wirings = append(wirings, instrument.Wiring{
				Device: i.Name, Input: in.Terminal, Code: in.Code, NormallyClosed: in.NormallyClosed,
				Pulse: in.Pulse, Steady: in.Steady, Stretch: in.Stretch,
			})
		}
	}
	d := instrument.New(instrument.Options{
		Line: p.lines[first.Line].Line, Profile: profile, Address: first.Address, Device: first.Name, Wirings: wirings,
		Limits: (*instrument.Limits)(first.Limits), Span: (*instrument.Span)(first.Span),
		Forward: first.Forward, Log: p.site.opt.Log.With("device", name),
	})
	p.talk(is, ingest.Conversation{Name: name, Device: d, Silence: silence, Via: first.Line},
		[]any{profile.Hash, first.Channel, first.Address, first.Limits, first.Span, first.Forward, wirings}, p.lines[first.Line])
	return nil
}

// profile returns that of an instrument, for its channel if it has several. Each
// file is read once, so that all parts of the site have the same one.
func (p *plan) profile(i config.Instrument) (*instrument.Profile, error) {
	profile := p.profiles[i.Profile]
	if profile == nil {
		var err error
		if profile, err = instrument.Load(i.Profile, p.site.opt.Profiles); err != nil {
			return nil, err
		}
		p.profiles[i.Profile] = profile
	}
	if i.Channel == 0 {
		return profile, nil
	}
	return profile.Channel(i.Channel)
}

// readerSilence is how long a card reader may say nothing: it is polled five
// times a second, and 8 s without an answer is how the standard calls it
// offline.
const readerSilence = 10 * time.Second

// planReader plans the conversation of one OSDP reader.
func (p *plan) planReader(i config.Instrument) {
	longest := readerSilence
	switch {
	case i.NeverSilent:
		longest = 0
	case i.Silence > 0:
		longest = i.Silence
	}
	o := osdp.Options{
		Line: p.lines[i.Line].Line, Address: i.Address, Device: i.Name, Role: string(i.Role),
		Install: i.Install, Log: p.site.opt.Log.With("device", i.Name),
	}
	if !i.SecureKey.IsZero() {
		o.Key = func() ([]byte, error) {
			key, err := i.SecureKey.Read()
			return []byte(key.Reveal()), err
		}
	}
	p.talk(fmt.Sprintf("instrument %q", i.Name),
		ingest.Conversation{Name: i.Name, Device: osdp.New(o), Silence: map[string]time.Duration{i.Name: longest}, Via: i.Line},
		[]any{i.Address, i.Role, i.Install, i.SecureKey}, p.lines[i.Line])
}

// longest is the longest healthy silence of an instrument: the site's word
// before the profile's; 0 for one that may be silent for ever.
func longest(i config.Instrument, p *instrument.Profile) time.Duration {
	switch {
	case i.NeverSilent:
		return 0
	case i.Silence > 0:
		return i.Silence
	}
	return p.Silence
}

// revealed reads a secret at each use, so that it can be changed while we run.
func revealed(s config.Secret) func() (string, error) {
	return func() (string, error) {
		if s.IsZero() {
			return "", nil
		}
		secret, err := s.Read()
		return strings.TrimRight(secret.Reveal(), "\r\n"), err
	}
}
