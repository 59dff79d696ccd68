package instrument

import (
	"fmt"
	"math"
	"slices"
)

// Channel returns the profile of one channel of a controller that has the same
// map for each: what it asks and reads lies n-1 strides behind channel 1, which
// is the one in the file. It has no channels of its own.
func (p *Profile) Channel(n int) (*Profile, error) {
	switch {
	case p.Channels == 0:
		return nil, fmt.Errorf("profile %q has no channels: take channel out", p.Name)
	case n < 1 || n > p.Channels:
		return nil, fmt.Errorf("profile %q has channels 1 to %d, not %d", p.Name, p.Channels, n)
	}
	by := p.stride * (n - 1)
	c := p.altered(func(r *read) { r.register += by })
	c.Channels, c.stride = 0, 0
	for i := range c.blocks {
		c.blocks[i].Offset += uint16(by) // parseChannels has seen that the last one fits
		c.blocks[i].first += by
	}
	for i := range c.tries {
		c.tries[i].registers = slices.Clone(c.tries[i].registers)
		for j := range c.tries[i].registers {
			c.tries[i].registers[j].first += by
		}
	}
	return c, nil
}

// altered returns a copy of a profile whose reads are changed; whatever named
// a read names the changed one.
func (p *Profile) altered(change func(*read)) *Profile {
	c := *p
	c.blocks, c.tries = slices.Clone(p.blocks), slices.Clone(p.tries)
	c.reads = make(map[string]*read, len(p.reads))
	for name, r := range p.reads {
		altered := *r
		change(&altered)
		c.reads[name] = &altered
	}
	of := func(r *read) *read {
		if r == nil {
			return nil
		}
		return c.reads[r.name]
	}
	for _, r := range c.reads {
		r.unitFrom, r.by = of(r.unitFrom), of(r.by)
	}
	c.reports = make([]*report, len(p.reports))
	for i, r := range p.reports {
		altered := *r
		altered.of, altered.detail, altered.mode = of(r.of), of(r.detail), of(r.mode)
		c.reports[i] = &altered
	}
	return &c
}

// A Span is what the ends of a loop stand for: Low at 4 mA, High at 20 mA.
type Span struct {
	Low, High float64
	Unit      string
}

// check says why a span does not fit a profile.
func (s *Span) check(p *Profile) error {
	switch {
	case s == nil:
		return nil
	case !p.Span:
		return fmt.Errorf("profile %q knows what it measures: take span out", p.Name)
	case !(s.Low < s.High) || math.IsInf(s.High-s.Low, 0) || s.Unit == "":
		return fmt.Errorf("span %v to %v %s: write what 4 mA and what 20 mA stand for, with the unit", s.Low, s.High, s.Unit)
	}
	return nil
}

// spanning returns a profile whose loops measure what the site says.
func (p *Profile) spanning(s Span) *Profile {
	return p.altered(func(r *read) {
		if r.siteSpan {
			r.span, r.unit = &interval{s.Low, s.High}, s.Unit
		}
	})
}
