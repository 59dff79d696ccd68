package uplink_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// TestWaveringReceipts: a platform of two halves, one behind the other, that answer in
// turns, shows no progress by it: what neither has is sent again.
func TestWaveringReceipts(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		p.store.add(devices.AlarmLane, 20)
		for range 30 {
			p.acks(devices.AlarmLane, 10, "[[5,5]]")
			after(5 * time.Second)
			p.acks(devices.AlarmLane, 7, "[[5,5]]")
			after(5 * time.Second)
		}
		again := 0
		for _, s := range p.saidOn(devices.AlarmLane) {
			if strings.HasSuffix(s.ID, "-20") && s.Redelivery {
				again++
			}
		}
		if again < 2 || again > 4 {
			t.Errorf("alarm 20 was sent again %d times in 5 minutes, want after 30, 90 and 210 s", again)
		}
	})
}

// TestManyMissing: a platform that misses every second record, and says so in as many
// receipts as it can, is not given more than can be remembered, and gets them all in
// the end.
func TestManyMissing(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		const sent = 8000
		p.start(p.receipted())
		synctest.Wait()
		p.store.add(devices.EventLane, sent)
		after(time.Second)
		p.broker.Hold(true) // nothing of it is answered meanwhile
		began := time.Now()
		for n := 1; n+127 <= sent; n += 128 {
			var ranges []string
			for m := n; m < n+128; m += 2 {
				ranges = append(ranges, fmt.Sprintf("[%d,%d]", m, m))
			}
			p.acks(devices.EventLane, sent, "["+strings.Join(ranges, ",")+"]")
		}
		p.broker.Hold(false)
		after(10 * time.Second)
		if got := p.link.Status().Resent; got < 1000 || got > 1200 {
			t.Errorf("sent again after %v: got %d, want the 1,024 that are remembered, and what was in flight", time.Since(began), got)
		}
	})
}
