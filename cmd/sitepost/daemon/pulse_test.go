package daemon

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPulse: a site is alive on the loopback port while both its store and its supervision
// turn, and not any more soon after one of them stands still.
func TestPulse(t *testing.T) {
	t.Parallel()
	for _, stands := range []string{"the store", "the supervision"} {
		synctest.Test(t, func(t *testing.T) {
			var still atomic.Bool
			var rounds atomic.Uint64
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				for ctx.Err() == nil {
					time.Sleep(time.Second)
					if !still.Load() || stands != "the supervision" {
						rounds.Add(1)
					}
				}
			}()
			turn := func(ctx context.Context) error {
				if still.Load() && stands == "the store" {
					<-ctx.Done()
				}
				return ctx.Err()
			}
			p := &porch{turned: time.Now()}
			go p.feel(ctx, turn, rounds.Load)
			time.Sleep(10 * time.Minute)
			if err := p.turning(); err != nil {
				t.Errorf("all turns: got %v", err)
			}
			still.Store(true)
			time.Sleep(pulseMost + 2*pulseEvery)
			if p.turning() == nil {
				t.Errorf("%s stands still, and that is alive", stands)
			}
			cancel()
			time.Sleep(time.Second)
		})
	}
}
