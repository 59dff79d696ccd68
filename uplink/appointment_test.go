package uplink_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// TestLate: a link that works is in time, and one whose connection hangs is not, whoever
// goes on beside it.
func TestLate(t *testing.T) {
	for name, set := range map[string]func(p *place, o *uplink.Options) (hangs int){
		"alone": func(*place, *uplink.Options) int { return 0 },
		"beside a scout": func(p *place, o *uplink.Options) int {
			p.pair(o)
			p.broker.Away(uplinktest.ErrAway)
			return 1
		},
		"beside one who waits for a number": func(p *place, _ *uplink.Options) int {
			p.store.refuseBirths(errors.New("it is read-only"))
			return 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				o := p.options()
				hangs := set(p, &o)
				var full atomic.Bool
				o.Dials[hangs] = clog(o.Dials[hangs], func(uplink.Message) bool { return full.Load() })
				p.start(o)
				for range 600 {
					after(time.Second)
					if late := p.link.Late(time.Now()); late != 0 {
						t.Fatalf("while it works it is late by %v", late)
					}
				}
				full.Store(true)
				after(10 * time.Minute)
				if late := p.link.Late(time.Now()); late < 8*time.Minute {
					t.Errorf("ten minutes after it began to hang it is late by %v", late)
				}
			})
		})
	}
}
