package virtual

import (
	"errors"
	"fmt"
	"slices"

	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
)

// A Site is everything of a site file that is not the box: its lines with the
// instruments on them. Cameras are made apart, with [ServeCamera], because a
// site file does not say what make they are.
//
// The scenario moves it: [Site.Set], [Site.Count], [Site.Contact], and
// [Site.Unplug].
type Site struct {
	instruments map[string]*Instrument // by the names of the site file; those on one module share one
	contacts    map[string][]config.Input
	buses       map[string]*Bus
}

// NewSite makes the instruments of a site file and, where a line is a tty, its
// pty at the configured path. profiles is the folder of the site's own profiles.
func NewSite(c *config.Config, profiles string) (*Site, error) {
	s, err := Instruments(c, profiles)
	if err != nil {
		return nil, err
	}
	for _, l := range c.Lines {
		if l.Port == "" {
			continue
		}
		bus, err := OpenBus(l.Port, line.Settings(l.Settings), s.On(c, l.Name)...)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.buses[l.Name] = bus
	}
	return s, nil
}

// Instruments makes the instruments of a site file without any line: for a test
// that lays its own with [Attach].
func Instruments(c *config.Config, profiles string) (*Site, error) {
	s := &Site{instruments: map[string]*Instrument{}, contacts: map[string][]config.Input{}, buses: map[string]*Bus{}}
	modules := map[string]*Instrument{}
	for _, i := range c.Instruments {
		if i.Profile == "" {
			continue
		}
		module := fmt.Sprintf("%s %d %s", i.Line, i.Address, i.Profile)
		if modules[module] == nil {
			p, err := instrument.Load(i.Profile, profiles)
			if err != nil {
				return nil, fmt.Errorf("virtual instrument %q: %w", i.Name, err)
			}
			modules[module] = NewInstrument(p, i.Address)
		}
		s.instruments[i.Name] = modules[module]
		s.contacts[i.Name] = i.Inputs
		if err := s.rest(i); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// rest puts the contacts of an instrument as they are when nothing happens: a
// normally closed one is closed.
func (s *Site) rest(i config.Instrument) error {
	for _, in := range i.Inputs {
		if err := s.Set(i.Name, map[string]any{in.Terminal: in.NormallyClosed}); err != nil {
			return err
		}
	}
	return nil
}

// On returns the instruments on a line, each once.
func (s *Site) On(c *config.Config, name string) []Speaker {
	var all []Speaker
	for _, i := range c.Instruments {
		if v := s.instruments[i.Name]; i.Line == name && v != nil && !slices.Contains(all, Speaker(v)) {
			all = append(all, v)
		}
	}
	return all
}

// Set changes what an instrument shows, by the names of its profile's reads.
func (s *Site) Set(name string, values map[string]any) error {
	i, err := s.Instrument(name)
	if err != nil {
		return err
	}
	if err := i.Set(values); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	return nil
}

// Instrument returns an instrument by its name in the site file.
func (s *Site) Instrument(name string) (*Instrument, error) {
	if i, ok := s.instruments[name]; ok {
		return i, nil
	}
	return nil, fmt.Errorf("the virtual site has no instrument %q", name)
}

// Contact makes what is wired to an instrument's terminal active, or not: a
// normally closed contact opens when it is active.
func (s *Site) Contact(name, terminal string, active bool) error {
	for _, in := range s.contacts[name] {
		if in.Terminal == terminal {
			return s.Set(name, map[string]any{terminal: active != in.NormallyClosed})
		}
	}
	return fmt.Errorf("nothing of %q is wired to terminal %q", name, terminal)
}

// Unplug pulls the adapter of a line out, or plugs it in again.
func (s *Site) Unplug(name string, out bool) error {
	b, ok := s.buses[name]
	if !ok {
		return fmt.Errorf("the virtual site has no line %q", name)
	}
	if out {
		b.Unplug()
		return nil
	}
	return b.Plug()
}

// Close takes all lines away.
func (s *Site) Close() error {
	for _, b := range s.buses {
		b.Close()
	}
	return nil
}
