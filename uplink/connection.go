package uplink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// canaryPatience is how long our own canary may be on its way.
const canaryPatience = 10 * time.Second

var (
	// errNoEcho ends a connection whose broker did not send the canary back: it
	// takes what we say, and nothing comes out at the other end.
	errNoEcho = errors.New("the broker does not give our own canary back (ask the city whether this box may write up/# and read up/canary)")
	// errSilent ends a connection on which a message was not acknowledged in time.
	errSilent = fmt.Errorf("a message was not acknowledged within %v", ackWatchdog)
)

// A connection is one session at work, from the canary to its end. All of it
// runs in one goroutine.
//
//	canary ─► birth ─► open ─► changed retained ─► the lanes ─► stopped
type connection struct {
	link    *Link
	session Session
	ears    *ears
	birth   uint64

	window   window
	first    *queue // made by the link itself: birth, state
	replies  *queue
	slow     *throttle
	roads    []*road
	pictures *pictures
	sources  []source // the most important first
	tick     time.Time
	stopping bool
	stopBy   time.Time
}

// prove sends the canary and waits until it comes back.
func (c *connection) prove(ctx context.Context) error {
	c.session.Publish(c.ears.own)
	timer := time.NewTimer(canaryPatience)
	defer timer.Stop()
	select {
	case <-c.ears.echoed:
		return nil
	case <-c.session.Lost():
		return c.lost()
	case <-timer.C:
		return errNoEcho
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open makes the sources and fills the first of them: birth, what is open, and
// what changed in the retained state since the last connection.
func (c *connection) open(again map[devices.Lane]uint64) error {
	l := c.link
	wait := time.Duration(0)
	if l.DrainStart > 0 {
		wait = rand.N(l.DrainStart)
	}
	c.slow = l.desk.throttle(time.Now().Add(wait))
	for _, lane := range devices.Lanes() {
		c.roads = append(c.roads, newRoad(lane, l, again[lane], c.slow))
	}
	kept := newRetained(l)
	c.pictures = newPictures(l, c.slow, time.Now())
	c.first, c.replies = new(queue), new(queue)
	if err := c.live(time.Now()); err != nil {
		return err
	}
	all, err := c.openFirst(kept)
	if err != nil {
		return err
	}
	alarms, events, readings := c.roads[0], c.roads[1], c.roads[2]
	c.sources = []source{
		c.first,
		&alarms.fresh, // all of them: alarms have no old part
		kept,
		c.replies,
		newRedelivery(c, devices.AlarmLane),
		&events.fresh,
		newRedelivery(c, devices.EventLane),
		&events.old,
		&readings.fresh,
		&readings.old,
		&refresh{retained: kept, slow: c.slow, waiting: all},
		c.pictures,
	}
	return nil
}

// openFirst queues up/open and the changed retained documents behind the birth,
// and returns all documents for the refresh.
func (c *connection) openFirst(kept *retained) ([]store.Current, error) {
	all, err := c.link.Store.Currents(true)
	if err != nil {
		return nil, fmt.Errorf("read retained state: %w", err)
	}
	changed, err := c.link.Store.Currents(false)
	if err != nil {
		return nil, fmt.Errorf("read retained state: %w", err)
	}
	var open []store.Current
	for _, doc := range all {
		if doc.Key == openKey {
			open = append(open, doc)
		}
	}
	for _, doc := range append(open, changed...) {
		if o := kept.of(doc); o != nil {
			kept.handed[doc.Key] = doc.Revision // it is as good as sent: the queue keeps its order
			c.first.push(o)
		}
	}
	return all, nil
}

// work sends until the connection ends, and returns why. It returns nil after
// ctx ended and what was in the store then has been sent, as far as time allowed.
func (c *connection) work(ctx context.Context) error {
	changed := c.link.Store.Changed()
	timer := time.NewTimer(0)
	defer timer.Stop()
	stop := ctx.Done()
	for {
		if err := c.window.settle(); err != nil {
			return c.why(err)
		}
		now := time.Now()
		again := c.fill(now)
		if late := c.window.overdue(); !late.IsZero() && !now.Before(late) {
			if c.pictures.flying > 0 {
				return errHeavy
			}
			return errSilent
		}
		if c.stopping && (c.idle(again) || !now.Before(c.stopBy)) {
			return nil
		}
		timer.Reset(time.Until(c.alarmClock(again)))
		select {
		case <-c.session.Lost():
			_ = c.window.settle() // what was acknowledged before the end still counts
			return c.lost()
		case <-changed:
			changed = c.link.Store.Changed()
			c.wake()
		case <-c.window.next():
		case m := <-c.ears.inbox:
			c.hear(m)
		case <-timer.C:
		case <-stop:
			stop = nil
			c.stop()
		}
	}
}

// lost says why the connection broke.
func (c *connection) lost() error { return fmt.Errorf("connection lost: %w", c.session.Cause()) }

// why prefers the reason of a lost connection to that of a receipt, which only
// knows that it never came.
func (c *connection) why(err error) error {
	select {
	case <-c.session.Lost():
		return c.lost()
	default:
		return err
	}
}

func (c *connection) wake() {
	for _, s := range c.sources {
		s.wake()
	}
}

// alarmClock returns the moment at which work must look again.
func (c *connection) alarmClock(again time.Time) time.Time {
	at := earlier(c.tick, again)
	at = earlier(at, c.window.overdue())
	if c.stopping {
		at = earlier(at, c.stopBy)
	}
	return at
}
