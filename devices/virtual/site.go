package virtual

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/osdp/osdptest"
)

// A Site is everything of a site file that is not the box: its lines with the
// instruments and card readers on them. Cameras are made apart, with
// [ServeCamera], because a site file does not say what make they are.
//
// The scenario moves it: [Site.Set], [Site.Contact], [Site.Unplug], and what
// [Site.Instrument] and [Site.Reader] offer.
type Site struct {
	instruments map[string]*Instrument // by the names of the site file; those on one module share one
	readers     map[string]*osdptest.Reader
	controllers map[string]*controller // by what they are asked by
	contacts    map[string][]config.Input
	buses       map[string]*Bus
	servers     []*Server
}

// NewSite makes the instruments of a site file and their lines: a pty at the
// path of each tty, a server at the address of each serial server. profiles is
// the folder of the site's own profiles.
func NewSite(c *config.Config, profiles string) (*Site, error) {
	s, err := Instruments(c, profiles)
	if err != nil {
		return nil, err
	}
	for _, l := range c.Lines {
		if err := s.lay(l, s.On(c, l.Name)); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// lay makes one line with its instruments.
func (s *Site) lay(l config.Line, on []Speaker) error {
	if l.Port != "" {
		bus, err := OpenBus(l.Port, line.Settings(l.Settings), on...)
		if err == nil {
			s.buses[l.Name] = bus
		}
		return err
	}
	var server *Server
	var err error
	if l.ModbusTCP {
		server, err = ServeModbusTCP(l.Address, on...)
	} else {
		server, err = ServeSerial(l.Address, line.Settings(l.Settings), l.Preamble, on...)
	}
	if err == nil {
		s.servers = append(s.servers, server)
	}
	return err
}

// Instruments makes the instruments of a site file without any line: for a test
// that lays its own with [Attach].
func Instruments(c *config.Config, profiles string) (*Site, error) {
	s := &Site{
		instruments: map[string]*Instrument{}, readers: map[string]*osdptest.Reader{}, controllers: map[string]*controller{},
		contacts: map[string][]config.Input{}, buses: map[string]*Bus{},
	}
	modules := map[string]*Instrument{}
	for _, i := range c.Instruments {
		if i.Protocol == config.OSDP {
			reader, err := newReader(i)
			if err != nil {
				return nil, fmt.Errorf("virtual reader %q: %w", i.Name, err)
			}
			s.readers[i.Name] = reader
			continue
		}
		module := fmt.Sprintf("%s %d %s %d", i.Line, i.Address, i.Profile, i.Channel)
		if modules[module] == nil {
			made, err := newInstrument(i, profiles)
			if err != nil {
				return nil, fmt.Errorf("virtual instrument %q: %w", i.Name, err)
			}
			modules[module] = made
			s.combine(i, made)
		}
		s.instruments[i.Name] = modules[module]
		s.contacts[i.Name] = i.Inputs
		if err := s.rest(i); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// combine puts a channel of a controller to its others.
func (s *Site) combine(i config.Instrument, made *Instrument) {
	if i.Channel == 0 {
		return
	}
	at := controllerOf(i)
	if s.controllers[at] == nil {
		s.controllers[at] = &controller{}
	}
	s.controllers[at].channels = append(s.controllers[at].channels, made)
}

// controllerOf names the controller that an instrument is a channel of.
func controllerOf(i config.Instrument) string {
	return fmt.Sprintf("%s %d %s", i.Line, i.Address, i.Profile)
}

// newInstrument makes an instrument of the site file, or one channel of it.
func newInstrument(i config.Instrument, profiles string) (*Instrument, error) {
	p, err := instrument.Load(i.Profile, profiles)
	if err == nil && i.Channel > 0 {
		p, err = p.Channel(i.Channel)
	}
	if err != nil {
		return nil, err
	}
	return NewInstrument(p, i.Address), nil
}

// newReader makes a reader that has the site's key.
func newReader(i config.Instrument) (*osdptest.Reader, error) {
	m := osdptest.Make{Address: byte(i.Address)}
	if !i.SecureKey.IsZero() {
		text, err := i.SecureKey.Read()
		if err != nil {
			return nil, err
		}
		m.Key, m.SecureOnly = text.Reveal(), true
		if key, err := hex.DecodeString(m.Key); err == nil {
			m.Key = string(key)
		}
		if len(m.Key) != 16 {
			return nil, errors.New("its key is neither 32 hex digits nor 16 bytes")
		}
	}
	return osdptest.New(m), nil
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

// On returns the instruments and readers on a line, each once.
func (s *Site) On(c *config.Config, name string) []Speaker {
	var all []Speaker
	for _, i := range c.Instruments {
		if i.Line != name {
			continue
		}
		var speaker Speaker = s.instruments[i.Name]
		switch {
		case i.Protocol == config.OSDP:
			speaker = s.readers[i.Name]
		case i.Channel > 0:
			speaker = s.controllers[controllerOf(i)]
		}
		if !slices.Contains(all, speaker) {
			all = append(all, speaker)
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

// Reader returns an OSDP reader by its name in the site file.
func (s *Site) Reader(name string) (*osdptest.Reader, error) {
	if r, ok := s.readers[name]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("the virtual site has no reader %q", name)
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
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
