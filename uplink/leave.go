package uplink

import (
	"context"
	"time"
)

const (
	// goodbye is how long "stopped" and the session's own end may take.
	goodbye = 2 * time.Second
	// partPatience is how long a connection that is left in order may wait for what
	// is in flight. What is not acknowledged by then is sent again on the next.
	partPatience = 10 * time.Second
)

// A farewell ends a connection that is left for another one, in order.
type farewell struct {
	why   string
	state string      // said on up/state; "" is "down": nobody knows which broker takes the next one
	next  *connection // that has proved itself already; nil: it is dialled
}

func (f *farewell) Error() string { return f.why }

// part ends the connection as soon as nothing is in flight. The first reason
// counts.
func (c *connection) part(why *farewell) {
	if c.bye != nil || c.stopping {
		if why.next != nil {
			why.next.abandon()
		}
		return
	}
	c.bye, c.byeBy = why, time.Now().Add(partPatience)
}

// look finds the reasons for which a connection is to be made anew.
func (c *connection) look(now time.Time) {
	if c.bye != nil || c.stopping {
		return
	}
	if !c.current() {
		c.part(&farewell{why: "the store has a new file and counts in a new epoch"})
		return
	}
	if now.Before(c.papersAt) {
		return
	}
	c.papersAt = now.Add(papersEvery)
	if now := c.link.papers(c.turn); now != "" && c.papers != "" && now != c.papers {
		c.part(&farewell{why: "the certificates were renewed"})
	}
}

// current says whether the store still counts in the epoch of this connection. If
// not, no mark of its may be touched: its numbers are others.
func (c *connection) current() bool { return c.link.Store.Epoch() == c.epoch }

// stop lets nothing more in. What is in the store by now may go at once, within
// the drain rate; nothing else is worth waiting for.
func (c *connection) stop() {
	if c.bye != nil && c.bye.next != nil {
		c.bye.next.abandon()
	}
	c.bye = nil
	c.stopping = true
	c.stopBy = c.link.stopBy()
	c.slow.start = time.Now()
	for _, r := range c.roads {
		r.close()
	}
	c.sources = c.sources[:len(c.sources)-2] // no refresh, and no pictures
	c.wake()
}

// unclog drops a session that work is stuck in when it should have stopped: a
// Publish in front of a full socket sees no clock.
func (c *connection) unclog(ctx context.Context, worked <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-worked:
		return
	}
	timer := time.NewTimer(time.Until(c.link.stopBy()) + goodbye/2)
	defer timer.Stop()
	select {
	case <-timer.C:
		c.session.Drop()
	case <-worked:
	}
}

// idle says that there is nothing to send and nothing to wait for.
func (c *connection) idle(again time.Time) bool {
	if len(c.window.flights) > 0 || !again.IsZero() {
		return false
	}
	o, _ := c.best(time.Now())
	return o == nil
}

// abandon ends a connection on which nothing was said yet: what stands at the
// broker is not ours, and stays as it is.
func (c *connection) abandon() {
	bye, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if err := c.session.Close(bye); err != nil {
		c.link.Log.Debug("goodbye to the broker", "err", err)
	}
}

// leave says a last state and goodbye.
func (c *connection) leave(state string) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if m, err := c.link.lifeNow(state, c.epoch, c.birth); err == nil {
		free := context.AfterFunc(ctx, c.session.Drop) // it may be stuck in a full socket
		receipt := c.session.Publish(m)
		free()
		select {
		case <-receipt.Done():
		case <-c.session.Lost():
		case <-ctx.Done():
		}
	}
	if err := c.session.Close(ctx); err != nil {
		c.link.Log.Debug("goodbye to the broker", "err", err)
	}
}
