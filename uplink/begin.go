package uplink

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// open makes the sources of a connection that has proved itself.
func (c *connection) open(again map[devices.Lane]uint64) {
	l := c.link
	wait := time.Duration(0)
	if l.DrainStart > 0 {
		wait = rand.N(l.DrainStart)
	}
	now := time.Now()
	c.slow = l.desk.throttle(now.Add(wait))
	c.first, c.controls, c.replies = new(queue), new(queue), new(queue)
	for _, lane := range devices.Lanes() {
		c.roads = append(c.roads, newRoad(lane, c, again[lane]))
	}
	c.kept = newRetained(c)
	c.again = &refresh{retained: c.kept, slow: c.slow}
	c.pictures = newPictures(l, c.slow, now)
	saved := &salvaged{connection: c}
	alarms, events, readings := c.roads[0], c.roads[1], c.roads[2]
	c.sources = []source{
		c.first,
		&witness{c: c},
		&volatiles{connection: c},
		&alarms.fresh, // all of them: alarms have no old part
		c.controls,
		&salvagedLane{saved, true},
		c.kept,
		c.replies,
		newRedelivery(c, devices.AlarmLane),
		&events.fresh,
		newRedelivery(c, devices.EventLane),
		&events.old,
		&salvagedLane{saved, false},
		&readings.fresh,
		&readings.old,
		c.again,
		c.pictures,
	}
	c.papersAt = now.Add(papersEvery)
	c.begin(now)
	c.trial = l.suspect.trial(c)
}

// begin queues birth, up/open and the changed retained documents, and all
// documents for the refresh. A store that cannot be read is asked again, and
// meanwhile the box is not called up; but the alarms it has in memory go.
func (c *connection) begin(now time.Time) {
	all, changed, err := c.documents()
	if err == nil {
		err = c.live(now)
	}
	if err == nil {
		c.openFirst(all, changed)
		c.begun, c.beginAt = true, time.Time{}
		return
	}
	if c.beginAt.IsZero() {
		c.link.Log.Warn("the store cannot be read, and the city is not told that this box is up", "err", err)
	}
	c.beginAt, c.tick = now.Add(readAgain), time.Time{}
}

// documents reads the retained documents, all and those that changed.
func (c *connection) documents() (all, changed []store.Current, err error) {
	if all, err = c.link.Store.Currents(true); err == nil {
		changed, err = c.link.Store.Currents(false)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read retained state: %w", err)
	}
	return all, changed, nil
}

// openFirst queues up/open and the changed retained documents behind the birth.
func (c *connection) openFirst(all, changed []store.Current) {
	var open []store.Current
	for _, doc := range all {
		if doc.Key == openKey {
			open = append(open, doc)
		}
	}
	for _, doc := range append(open, changed...) {
		if o := c.kept.of(doc); o != nil {
			c.kept.handed[doc.Key] = doc.Revision // it is as good as sent: the queue keeps its order
			c.first.push(o)
		}
	}
	c.again.waiting = all
}
