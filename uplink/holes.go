package uplink

import (
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// mostHoles is how many holes may wait to be told. Beyond it the last one of its lane is
// stretched over what lies between: more may be told than is missing, and never less.
const mostHoles = 256

// A hole is numbers that the platform asks for and that are not kept any more.
type hole struct {
	lane  devices.Lane
	epoch store.Epoch
	span
}

// hole notes one. It never blocks.
func (t *teller) hole(of *account, lost spans) {
	t.mu.Lock()
	for _, s := range lost {
		t.holes = addHole(t.holes, hole{of.lane, of.epoch, s})
	}
	t.mu.Unlock()
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// addHole puts a hole into the one of its lane that it touches, or beside the others.
func addHole(all []hole, h hole) []hole {
	last := -1
	for i, o := range all {
		if o.lane != h.lane || o.epoch != h.epoch {
			continue
		}
		if last = i; o.last+1 == h.first {
			break
		}
	}
	if last < 0 || all[last].last+1 != h.first && len(all) < mostHoles {
		return append(all, h)
	}
	all[last].span = span{min(all[last].first, h.first), max(all[last].last, h.last)}
	return all
}

// tellHoles says them, and returns when to try again.
func (t *teller) tellHoles(now time.Time) time.Time {
	t.mu.Lock()
	holes := t.holes
	t.holes = nil
	t.mu.Unlock()
	for i, h := range holes {
		e := devices.Event{
			Time: now, Code: devices.StoreGap, Point: string(h.lane),
			Detail: numbers(otherThan(h.epoch, t.store.Epoch()), h.first, h.last),
			Text:   fmt.Sprintf("%d records are missing at the city and not kept here any more", h.count()),
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
