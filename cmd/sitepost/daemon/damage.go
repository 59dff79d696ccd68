package daemon

import (
	"context"
	"fmt"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// tellDamages says at once, and after each commit, which store.db had to be replaced,
// until ctx ends. What the store did not take is told again when it takes something.
func (s *site) tellDamages(ctx context.Context) {
	for {
		changed := s.store.Changed()
		for _, d := range s.store.Damages() {
			if err := s.tellDamage(d); err != nil {
				s.opt.Log.Warn("the store does not take that it was damaged", "err", err)
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// tellDamage says it once. After a crash in between it is said twice.
func (s *site) tellDamage(d store.Damage) error {
	text := fmt.Sprintf("store.db was damaged and has been replaced; the old one lies in %s: copy it away, and have the disk and the power supply of the box checked. What became of its records: %s. What was wrong: %s", d.File, d, d.Why)
	s.opt.Log.Error("store was damaged", "set_aside", d.File, "why", d.Why, "what", d.String(), "epoch_before", d.Epoch)
	e := devices.Event{Time: d.Time, Code: devices.StoreDamaged, Detail: string(d.Epoch), Text: text}
	if err := s.ingest.Say(boxName, e); err != nil {
		return err
	}
	return s.store.DamageTold(d)
}
