package uplink_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A shut store keeps its retained documents to itself for a while.
type shut struct {
	*memory
	broken atomic.Bool
}

func (s *shut) Currents(all bool) ([]store.Current, error) {
	if s.broken.Load() {
		return nil, errors.New("input/output error")
	}
	return s.memory.Currents(all)
}

// TestNotUpYet: while the retained documents cannot be read the box is not called up,
// not even once, and its alarms go; then it is, with what is open behind it.
func TestNotUpYet(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		s := &shut{memory: p.store}
		s.broken.Store(true)
		o := p.options()
		o.Store = s
		p.start(o)
		p.store.add(devices.AlarmLane, 1)
		after(10 * time.Second)
		if got := p.kinds(); len(got) != 2 || got[1] != "alarm/gas-1" {
			t.Errorf("got %q, want the canary and the alarm", got)
		}
		s.broken.Store(false)
		after(2 * time.Second)
		if got := p.kinds(); len(got) != 4 || got[2] != "state" || got[3] != "open" {
			t.Errorf("got %q, want state and open behind them", got)
		}
	})
}
