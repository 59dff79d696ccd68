package daemon

import (
	"context"
	"reflect"

	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/ingest"
)

// A plan is what one site file makes of the site: the parts that run, and the things
// that several of them share. It is made whole before anything is begun or ended, so
// that a mistake changes nothing, and is not changed once it is in force.
//
//	site file ──► plan ──► parts    compared with those that run: what is not the same
//	                │               is ended and begun anew
//	                └────► things   taken over from the plan before where they are made
//	                                of the same: lines, what asks a camera, what is
//	                                known of it …
type plan struct {
	site     *site
	config   *config.Config
	profiles map[string]*instrument.Profile // by name, as far as they were needed
	lines    map[string]*ownLine
	asked    map[string]*asked // cameras and recorders with an address of their own, by name
	eyes     map[string][]*eye // of the cameras that look at a zone, by its name
	who      ingest.Site

	parts  []part
	things map[string]thing
	before map[string]thing // of the plan before
	accept []func()         // what is to be done when the plan comes into force
}

// A thing is shared by several parts.
type thing struct {
	from any // the values that it is made of
	it   any // a pointer
}

// newPlan plans a site file. What it begins anew beside the plan in force is thrown away
// with it if it fails.
func (s *site) newPlan(c *config.Config) (*plan, error) {
	p := &plan{
		site: s, config: c, profiles: map[string]*instrument.Profile{}, lines: map[string]*ownLine{},
		asked: map[string]*asked{}, eyes: map[string][]*eye{}, things: map[string]thing{},
	}
	p.before = s.inForce().things
	err := p.planDevices()
	if err == nil {
		p.who, err = p.whoStands()
	}
	if err != nil {
		p.endThings(p.before)
		return nil, err
	}
	p.planComparison()
	p.planCity()
	return p, nil
}

// whoStands is what ingest needs to know of the site.
func (p *plan) whoStands() (ingest.Site, error) {
	says, err := p.says()
	known := places(p.config)
	for name := range outOfUse(p.config) {
		delete(known, name) // nobody speaks for it
	}
	return ingest.Site{
		Places: known, Says: says, CardKey: p.site.cardKey(p.config), CardKeyID: p.config.Cards.KeyID,
		ReadingsEvery: p.config.Uplink.Readings, Judged: staysOpen(p.config, says),
	}, err
}

// add plans a part.
func (p *plan) add(one part) { p.parts = append(p.parts, one) }

// onAccept plans what is to be done when the plan comes into force.
func (p *plan) onAccept(do func()) { p.accept = append(p.accept, do) }

// share returns a thing that several parts share: that of the plan before if it is
// made of the same values, else a new one. Parts that use it name it in uses.
func share[T any](p *plan, name string, from any, create func() *T) *T {
	it, _ := tryShare(p, name, from, func() (*T, error) { return create(), nil })
	return it
}

// tryShare is share for what can fail.
func tryShare[T any](p *plan, name string, from any, create func() (*T, error)) (*T, error) {
	if was, is := p.before[name]; is && reflect.DeepEqual(was.from, from) {
		p.things[name] = was
		return was.it.(*T), nil
	}
	it, err := create()
	if err == nil {
		p.things[name] = thing{from, it}
	}
	return it, err
}

// endThings ends what the plan shares and another does not.
func (p *plan) endThings(other map[string]thing) {
	for name, t := range p.things {
		if ends, does := t.it.(interface{ end() }); does && other[name].it != t.it {
			ends.end()
		}
	}
}

// compare returns the parts that run and must end, and those that must begin.
func (p *plan) compare(now map[[2]any]*running) (ending []*running, beginning []part) {
	stays := map[[2]any]bool{}
	for _, one := range p.parts {
		if r := now[one.key()]; r != nil && r.same(one) {
			stays[one.key()] = true
		} else {
			beginning = append(beginning, one)
		}
	}
	for key, r := range now {
		if !stays[key] {
			ending = append(ending, r)
		}
	}
	return ending, beginning
}

// force puts the plan in force: all that is asked of the site file from now on is
// asked of this one.
func (s *site) force(p *plan) {
	before := s.plan.Swap(p)
	for _, do := range p.accept {
		do()
	}
	if before != nil {
		before.endThings(p.things)
	}
	p.before = nil // nor what it knew
}

// inForce is the plan in force; before there is one it is that of nothing.
func (s *site) inForce() *plan {
	if p := s.plan.Load(); p != nil {
		return p
	}
	return &plan{site: s, config: s.opt.Config}
}

// file is the site file that is in force.
func (s *site) file() *config.Config { return s.inForce().config }

// ownLines are the lines of the site, by name.
func (s *site) ownLines() map[string]*line.Line {
	all := map[string]*line.Line{}
	for name, l := range s.inForce().lines {
		all[name] = l.Line
	}
	return all
}

// runsUntil says until when the parts of each order may run.
func (ps *parts) runsUntil(city, lines, talk context.Context) {
	ps.ctx = [orders]context.Context{toCity: city, onLines: lines, talking: talk}
	ps.running = map[[2]any]*running{}
}
