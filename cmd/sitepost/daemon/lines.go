package daemon

import (
	"fmt"
	"slices"

	"sitepost/config"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
	"sitepost/devices/osdp"
)

// newLine makes a line; it is opened when it runs.
func (s *site) newLine(c config.Line) (*line.Line, error) {
	open := s.opt.Open
	if open == nil {
		open = OpenLine
	}
	foreign, err := s.foreign(c)
	if err != nil {
		return nil, err
	}
	return line.New(line.Config{
		Name: c.Name, Open: open(c), Settings: line.Settings(c.Settings), Pause: c.Pause,
		ListenOnly: c.Use == config.Listen, Private: c.ModbusTCP, Foreign: foreign, Log: s.opt.Log,
	}), nil
}

// OpenLine returns the opener of a line as the site file has it.
func OpenLine(c config.Line) line.Opener {
	switch {
	case c.ModbusTCP:
		return modbus.OpenTCP(c.Address)
	case c.Address != "":
		return line.OpenTCP(c.Address, c.Preamble)
	}
	return line.OpenTTY(c.Port, line.Settings(c.Settings))
}

// foreign returns what knows another master's question on a line: one in
// Modbus, or one that we put there ourselves. It is nil where we ask nothing.
func (s *site) foreign(c config.Line) (func(heard []byte) bool, error) {
	known := []func([]byte) bool{modbus.Overheard}
	asks := false
	for _, i := range s.file().Instruments {
		if i.Line != c.Name || i.Disabled != nil {
			continue
		}
		if i.Protocol == config.OSDP {
			asks, known = true, append(known, osdp.Overheard)
			continue
		}
		p, err := s.profile(i)
		if err != nil {
			return nil, fmt.Errorf("instrument %q: %w", i.Name, err)
		}
		asks, known = asks || !p.Speaks(), append(known, p.Overheard)
	}
	if !asks {
		return nil, nil
	}
	return func(heard []byte) bool {
		return slices.ContainsFunc(known, func(knows func([]byte) bool) bool { return knows(heard) })
	}, nil
}
