package uplink

import (
	"errors"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// fill hands over as many offers as the window takes, the most important first,
// and returns when a source wants to be asked again.
func (c *connection) fill(now time.Time) time.Time {
	if c.bye != nil {
		return time.Time{}
	}
	if !c.begun {
		if !now.Before(c.beginAt) {
			c.begin(now)
		}
	} else if !now.Before(c.tick) {
		if err := c.live(now); err != nil {
			c.link.Log.Warn("up/state is not repeated", "err", err)
		}
	}
	for {
		o, again := c.best(now)
		if o == nil {
			return again
		}
		o.solo = o.solo || c.link.suspect.wantsAlone(o.id)
		if !c.window.takes(o) {
			return again
		}
		c.send(o, now)
	}
}

// best returns the most important offer.
func (c *connection) best(now time.Time) (*offer, time.Time) {
	var again time.Time
	for _, s := range c.sources {
		o, later := s.offer(now)
		if o != nil {
			return o, again
		}
		again = earlier(again, later)
	}
	return nil, again
}

// send hands one offer to the session and waits for its receipt in the window.
func (c *connection) send(o *offer, now time.Time) {
	f := flight{since: now, within: ackWatchdog, id: o.id, doc: o.doc, aside: o.aside, solo: o.solo, done: o.done}
	if o.skip {
		f.receipt = settled{}
	} else {
		if f.size = o.size(); o.alone {
			f.size, f.within = 0, pictureMost
		}
		f.receipt = c.session.Publish(o.Message)
		f.done = func() {
			c.acks++
			c.link.tally.acked(time.Now())
			if o.id != "" {
				c.link.suspect.acked(o.id)
				c.trial.acked(o.id)
			}
			delete(c.link.ballast, o.doc)
			if o.done != nil {
				o.done()
			}
		}
	}
	c.window.add(f)
	if o.taken != nil {
		o.taken()
	}
}

// errStill is why a box is not called up whose disk neither takes nor refuses.
var errStill = errors.New("the store's writer has not come round since up/state was last due: it hangs")

// live queues up/state, if the store still answers and its writer comes round: a hung box
// is not up.
func (c *connection) live(now time.Time) error {
	c.tick = now.Add(stateEvery)
	l := c.link
	was := c.pulse
	if c.pulse, _ = l.Store.Pulses(); c.begun && c.pulse == was {
		return errStill
	}
	_, err := l.Store.Read(devices.AlarmLane, l.Store.Marks(devices.AlarmLane).Sent, 1)
	if _, damaged := errors.AsType[*store.DamageError](err); err != nil && !damaged {
		return err // damage is an answer too, and the store mends it
	}
	m, err := l.lifeNow("up", c.epoch, c.birth)
	if err != nil {
		return err
	}
	c.first.push(&offer{Message: m, urgent: true})
	return nil
}

// settled is the receipt of what was never sent.
type settled struct{}

func (settled) Done() <-chan struct{} { return closed }
func (settled) Error() error          { return nil }

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
