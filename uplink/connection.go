package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"sitepost/ingest/store"
)

// canaryPatience is how long our own canary may be on its way.
const canaryPatience = 10 * time.Second

// papersEvery is how often a connection looks whether its certificates are new.
const papersEvery = time.Minute

var (
	// errNoEcho ends a connection whose broker did not send the canary back, and
	// did not even acknowledge it: it hangs.
	errNoEcho = fmt.Errorf("the broker did not take our canary within %v", canaryPatience)
	// errSilent ends a connection on which a message was not acknowledged in time.
	errSilent = fmt.Errorf("a message was not acknowledged within %v", ackWatchdog)
)

// denied says that a broker takes what we say, and nothing comes out at the other
// end: an access list does that, and no MQTT 3.1.1 broker tells.
var denied = Refused{
	Why:  "the broker does not give our own canary back",
	Next: "ask the city whether this box may write up/# and read up/canary",
}

// A connection is one session at work, from the canary to its end. All of it
// runs in one goroutine.
//
//	canary ─► birth ─► open ─► changed retained ─► the lanes ─► stopped, moved
type connection struct {
	link     *Link
	session  Session
	ears     *ears
	turn     int // of its broker
	epoch    store.Epoch
	birth    uint64
	papers   string // state of its certificates when it was dialled
	up       time.Time
	better   chan *connection // from the scout: leave this one for that one
	numbered chan struct{}    // closed when the store can number connections; nil: it numbered this one
	scouted  atomic.Int64     // when the last scout's session was opened, in ns

	window   window
	acks     int // messages acknowledged
	trial    *trial
	first    *queue // made by the link itself: birth, state
	controls *queue // of the trial
	replies  *queue
	slow     *throttle
	roads    []*road
	kept     *retained
	again    *refresh
	pictures *pictures
	sources  []source // the most important first
	begun    bool     // birth and what is open were queued
	beginAt  time.Time
	tick     time.Time
	pulse    uint64 // of the store's writer, at the last tick
	papersAt time.Time
	bye      *farewell // it is to end in order
	byeBy    time.Time
	stopping bool
	stopBy   time.Time
}

// prove sends the canary and waits until it comes back.
func (c *connection) prove(ctx context.Context) error {
	select {
	case <-c.ears.echoed: // a late one
	default:
	}
	receipt := c.session.Publish(c.ears.own)
	timer := time.NewTimer(canaryPatience)
	defer timer.Stop()
	select {
	case <-c.ears.echoed:
		return nil
	case <-c.session.Lost():
		return c.lost()
	case <-timer.C:
		select {
		case <-receipt.Done():
			if receipt.Error() == nil {
				return &denied
			}
		default:
		}
		return errNoEcho
	case <-ctx.Done():
		return ctx.Err()
	}
}

// work sends until the connection ends, and returns why. It returns nil after
// ctx ended and what was in the store then has been sent, as far as time allowed,
// and a *farewell when it is to be left in order.
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
		c.look(now)
		again := c.fill(now)
		if err := c.due(again, now); err != nil || c.stopped(again, now) {
			return err
		}
		c.link.tally.flying(&c.window)
		wait := time.Until(c.alarmClock(again, now))
		c.link.round.by(wait)
		timer.Reset(wait)
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
		case <-c.ears.rival:
			c.link.sign("a canary on our topic that is not ours")
		case <-c.numbered:
			c.numbered = nil
			c.part(&farewell{why: "the store can number connections again"})
		case next := <-c.better:
			c.part(&farewell{why: "the preferred broker is back", state: "moved", next: next})
		case <-timer.C:
		case <-stop:
			stop = nil
			c.stop()
		}
	}
}

// due returns why the connection ends now, if it does.
func (c *connection) due(again, now time.Time) error {
	if late := c.window.overdue(); !late.IsZero() && !now.Before(late) {
		if c.pictures.flying > 0 {
			return errHeavy
		}
		return errSilent
	}
	if c.bye != nil && (len(c.window.flights) == 0 || !now.Before(c.byeBy)) {
		return c.bye
	}
	return nil
}

// stopped says that a connection which is to stop is done.
func (c *connection) stopped(again, now time.Time) bool {
	return c.stopping && (c.idle(again) || !now.Before(c.stopBy))
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

// kicked says whether the connection ended because our own scout came.
func (c *connection) kicked() bool {
	at := c.scouted.Load()
	return at != 0 && time.Since(time.Unix(0, at)) < kickedWithin && errors.Is(c.lost(), ErrHungUp)
}

func (c *connection) wake() {
	for _, s := range c.sources {
		s.wake()
	}
}

// alarmClock returns the moment at which work must look again.
func (c *connection) alarmClock(again, now time.Time) time.Time {
	at := earlier(c.tick, again)
	at = earlier(at, c.beginAt)
	at = earlier(at, c.papersAt)
	at = earlier(at, c.window.overdue())
	at = earlier(at, c.link.calm(c.up, now))
	if c.bye != nil {
		at = earlier(at, c.byeBy)
	}
	if c.stopping {
		at = earlier(at, c.stopBy)
	}
	return at
}
