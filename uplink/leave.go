package uplink

import (
	"context"
	"time"
)

// goodbye is how long "stopped" and the session's own end may take.
const goodbye = 2 * time.Second

// stop lets nothing more in. What is in the store by now may go at once, within
// the drain rate; nothing else is worth waiting for.
func (c *connection) stop() {
	c.stopping = true
	c.stopBy = time.Now().Add(c.link.DrainFor)
	c.slow.start = time.Now()
	for _, r := range c.roads {
		r.close()
	}
	c.sources = c.sources[:len(c.sources)-2] // no refresh, and no pictures
	c.wake()
}

// idle says that there is nothing to send and nothing to wait for.
func (c *connection) idle(again time.Time) bool {
	if len(c.window.flights) > 0 || !again.IsZero() {
		return false
	}
	o, _ := c.best(time.Now())
	return o == nil
}

// abandon ends a connection that never came up. Nothing was said on it, so a
// link that is told to stop leaves what stands at the broker as it is.
func (c *connection) abandon(ctx context.Context) {
	if ctx.Err() == nil {
		c.session.Drop()
		return
	}
	bye, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if err := c.session.Close(bye); err != nil {
		c.link.Log.Debug("goodbye to the broker", "err", err)
	}
}

// leave says "stopped" and goodbye.
func (c *connection) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if m, err := c.link.lifeNow("stopped", c.birth); err == nil {
		receipt := c.session.Publish(m)
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
