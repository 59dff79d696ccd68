package daemon

import (
	"context"
	"slices"

	"sitepost/cmd/sitepost/box"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// newBox makes what watches the machine.
func (s *site) newBox() *box.Box {
	return box.New(box.Options{
		Host: *s.opt.Host, Name: boxName, Version: s.opt.Version,
		Memory: s.store, Written: func() int64 { return s.store.Stock().Written }, Say: func(e devices.Event) error { return s.ingest.Say(boxName, e) }, Log: s.opt.Log,
	})
}

// planComparison plans the comparison of the box's clock with time servers.
func (p *plan) planComparison() {
	clock, s := p.config.Clock, p.site
	p.add(part{name: "comparison of the clock", order: onLines, from: clock, begin: func() (func(context.Context), error) {
		with := box.Comparison{With: clock.CompareWith, Warn: clock.Warn, Alarm: clock.Alarm}
		return func(ctx context.Context) { s.box.Compare(ctx, with) }, nil
	}})
}

// boxJudges says of a condition of the box whether it is still looked at: a time
// server that was taken out of the site file cannot be compared with any more.
func boxJudges(c *config.Config, o store.Standing) bool {
	if o.Device != boxName || o.Code != devices.ClockUnsynced || o.Point == "" {
		return true
	}
	return slices.Contains(c.Clock.CompareWith, o.Point)
}
