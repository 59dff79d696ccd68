package uplink

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	// retired is the last state of a site that was given up.
	retired = "retired"
	// retireWithin is how long all of it may take at one broker.
	retireWithin = time.Minute
	// retireAtOnce is how many topics are emptied at once.
	retireAtOnce = 32
)

// A Parting is how one broker was left for good.
type Parting struct {
	Broker  string
	Emptied int   // topics
	Err     error // why it holds what it held; nil: it holds nothing but up/state
}

// Retire takes the site off every broker for good, one after the other: each retained
// topic that the store remembers is emptied, and up/state says "retired". It is called
// after Run has returned, and may be called again: what a broker has done already it does
// once more.
//
// The store stays as it is, so that a site that comes back shows all of it again. The
// will of these connections is "retired" too: nobody finds a site "down" that has gone.
func (l *Link) Retire(ctx context.Context) (all []Parting) {
	l.parting = retired
	for i := range l.Dials {
		turn := (l.turns.now + i) % len(l.Dials)
		p := Parting{Broker: l.Names[turn]}
		p.Emptied, p.Err = l.retireAt(ctx, turn)
		if p.Err != nil {
			l.Log.Warn("a broker was not left for good", "broker", p.Broker, "emptied", p.Emptied, "err", p.Err)
		}
		all = append(all, p)
	}
	return all
}

// retireAt leaves one broker.
func (l *Link) retireAt(ctx context.Context, turn int) (emptied int, err error) {
	ctx, cancel := context.WithTimeout(ctx, retireWithin)
	defer cancel()
	topics, err := l.remembered()
	if err != nil {
		return 0, err
	}
	c, err := l.join(ctx, turn)
	if err != nil {
		return 0, err
	}
	free := context.AfterFunc(ctx, c.session.Drop) // it may be stuck in a full socket
	defer free()
	for some := range slices.Chunk(topics, retireAtOnce) {
		if err := c.hand(ctx, some...); err != nil {
			c.session.Drop()
			return emptied, err
		}
		emptied += len(some)
	}
	last, err := l.lifeNow(retired, c.epoch, c.birth)
	if err == nil {
		err = c.hand(ctx, last)
	}
	if err != nil {
		c.session.Drop()
		return emptied, err
	}
	bye, done := context.WithTimeout(ctx, goodbye)
	defer done()
	if err := c.session.Close(bye); err != nil { // it has everything, and the will says the same
		l.Log.Debug("goodbye to the broker", "err", err)
	}
	return emptied, nil
}

// remembered are the messages that empty all retained topics but up/state.
func (l *Link) remembered() (all []Message, err error) {
	documents, err := l.Store.Currents(true)
	if err != nil {
		return nil, fmt.Errorf("read retained state: %w", err)
	}
	for _, d := range documents {
		all = append(all, Message{Topic: Topic(l.Site, d.Key), Retain: true})
	}
	return all, nil
}

// hand hands messages over and waits until the broker has them.
func (c *connection) hand(ctx context.Context, all ...Message) error {
	var receipts []Receipt
	for _, m := range all {
		receipts = append(receipts, c.session.Publish(m))
	}
	for _, r := range receipts {
		select {
		case <-r.Done():
			if r.Error() != nil {
				return c.why(r.Error())
			}
		case <-c.session.Lost():
			return c.lost()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
