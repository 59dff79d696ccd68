package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"sitepost/config"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
	"sitepost/devices/osdp"
	"sitepost/ingest"
)

// An ownLine is a line of the site, and what knows another master's question there:
// that depends on what hangs on it, which may change while the line runs.
type ownLine struct {
	*line.Line
	knows atomic.Pointer[func(heard []byte) bool]
}

// planLine plans a line and the conversation that tells how it is. Its port is opened
// when it runs, and stays open whatever comes to hang on it.
func (p *plan) planLine(c config.Line) error {
	foreign, err := p.foreign(c)
	if err != nil {
		return err
	}
	c.Title, c.Mixed = "", false // nobody on the line needs to know
	l := share(p, "line "+c.Name, []any{c, foreign != nil}, func() *ownLine { return p.site.newLine(c, foreign != nil) })
	p.lines[c.Name] = l
	p.onAccept(func() { l.knows.Store(&foreign) })
	is, s := fmt.Sprintf("line %q", c.Name), p.site
	p.add(part{name: is, order: onLines, uses: []any{l}, begin: func() (func(context.Context), error) {
		return func(ctx context.Context) {
			if err := l.Run(ctx); err != nil {
				s.opt.Log.Error("line ended", "line", c.Name, "err", err)
			}
		}, nil
	}})
	p.talk(is, ingest.Conversation{Name: c.Name, Device: l.Watch(), Silence: never(c.Name)}, nil, l)
	return nil
}

// newLine makes a line.
func (s *site) newLine(c config.Line, asks bool) *ownLine {
	open := s.opt.Open
	if open == nil {
		open = OpenLine
	}
	l := new(ownLine)
	o := line.Config{
		Name: c.Name, Open: open(c), Settings: line.Settings(c.Settings), Pause: c.Pause,
		ListenOnly: c.Use == config.Listen, Private: c.ModbusTCP, Log: s.opt.Log,
	}
	if asks {
		o.Foreign = func(heard []byte) bool { return (*l.knows.Load())(heard) }
	}
	l.Line = line.New(o)
	return l
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
func (p *plan) foreign(c config.Line) (func(heard []byte) bool, error) {
	known := []func([]byte) bool{modbus.Overheard}
	asks := false
	for _, i := range p.config.Instruments {
		if i.Line != c.Name || i.Disabled != nil {
			continue
		}
		if i.Protocol == config.OSDP {
			asks, known = true, append(known, osdp.Overheard)
			continue
		}
		profile, err := p.profile(i)
		if err != nil {
			return nil, fmt.Errorf("instrument %q: %w", i.Name, err)
		}
		asks, known = asks || !profile.Speaks(), append(known, profile.Overheard)
	}
	if !asks {
		return nil, nil
	}
	return func(heard []byte) bool {
		return slices.ContainsFunc(known, func(knows func([]byte) bool) bool { return knows(heard) })
	}, nil
}
