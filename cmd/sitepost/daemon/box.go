package daemon

import (
	"slices"

	"sitepost/cmd/sitepost/box"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// newBox makes what watches the machine.
func (s *site) newBox() *box.Box {
	clock := s.file().Clock
	return box.New(box.Options{
		Host: *s.opt.Host, Name: boxName, Version: s.opt.Version,
		CompareWith: clock.CompareWith, Warn: clock.Warn, Alarm: clock.Alarm,
		Memory: s.store, Written: func() int64 { return s.store.Stock().Written }, Say: func(e devices.Event) error { return s.ingest.Say(boxName, e) }, Log: s.opt.Log,
	})
}

// boxJudges says of a condition of the box whether it is still looked at: a time
// server that was taken out of the site file cannot be compared with any more.
func boxJudges(c *config.Config, o store.Standing) bool {
	if o.Device != boxName || o.Code != devices.ClockUnsynced || o.Point == "" {
		return true
	}
	return slices.Contains(c.Clock.CompareWith, o.Point)
}
