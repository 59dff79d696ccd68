package uplink

import (
	"fmt"
	"time"

	"sitepost/devices"
)

// mostHoles is how many holes may wait to be told. Beyond it the platform must ask
// again.
const mostHoles = 256

// A hole is numbers that the platform asks for and that are not kept any more.
type hole struct {
	lane devices.Lane
	span
}

// hole notes one. It never blocks.
func (t *teller) hole(lane devices.Lane, lost spans) {
	t.mu.Lock()
	for _, s := range lost {
		if len(t.holes) < mostHoles {
			t.holes = append(t.holes, hole{lane, s})
		}
	}
	t.mu.Unlock()
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// tellHoles says them, and returns when to try again.
func (t *teller) tellHoles(now time.Time) time.Time {
	t.mu.Lock()
	holes := t.holes
	t.holes = nil
	t.mu.Unlock()
	for i, h := range holes {
		e := devices.Event{
			Time: now, Code: devices.StoreGap, Point: string(h.lane), Detail: fmt.Sprintf("%d-%d", h.first, h.last),
			Text: fmt.Sprintf("%d records are missing at the city and not kept here any more", h.count()),
		}
		if err := t.say(e); err != nil {
			t.log.Warn("the store does not take that it has records no more", "lane", h.lane, "err", err)
			t.mu.Lock()
			t.holes = append(holes[i:len(holes):len(holes)], t.holes...)
			t.mu.Unlock()
			return now.Add(tellAgain)
		}
	}
	return time.Time{}
}
