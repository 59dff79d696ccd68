package uplink

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	scoutEvery   = time.Minute      // between two attempts: half of it to one and a half
	scoutHolds   = 10 * time.Minute // the preferred broker is back when it held for so long
	scoutReprove = time.Minute      // between two canaries of a scout
)

// scout tries the preferred broker while another one has our connection. It opens
// a session there that says nothing but its canary, again and again, and when it
// held for ten minutes joins that broker in earnest: better gets a connection
// that has proved itself, and the present one is left in order. It works until
// ctx ends or better was served.
//
// A scout has no will: it is not the box's presence there, and where two brokers
// pass messages on to each other its will would overwrite the up/state of the
// connection at work.
//
// It has the client_id of the box, for that is what a broker knows. At two
// brokers the two sessions do not disturb each other. Where two names lead to one
// broker, or to a cluster that counts a client_id once, the scout pushes out the
// connection at work. That costs a reconnection; after the second in a row the
// link takes the names for one broker and scouts no more: there is nothing to
// return to.
func (l *Link) scout(ctx context.Context, present *connection, better chan<- *connection) {
	for {
		wait := time.Duration(float64(scoutEvery) * (0.5 + rand.Float64()))
		lapse(ctx, max(wait, time.Until(l.turns.brokers[0].notBefore)))
		if ctx.Err() != nil {
			return
		}
		err := l.watchPreferred(ctx, present)
		if err == nil {
			var c *connection
			if c, err = l.join(ctx, 0); err == nil {
				select {
				case better <- c:
				case <-ctx.Done():
					c.abandon()
				}
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if refused, is := errors.AsType[*Refused](err); is {
			l.turns.avoid(0, time.Now().Add(refusedPause))
			l.refusedBy(0, refused)
		}
		l.Log.Debug("the preferred broker does not hold yet", "broker", l.Names[0], "err", err)
	}
}

// watchPreferred returns nil when the preferred broker held for ten minutes
// without a break.
func (l *Link) watchPreferred(ctx context.Context, present *connection) error {
	own, err := l.canary(present.epoch, present.birth)
	if err != nil {
		return err
	}
	ears := newEars(l, own)
	ears.deaf.Store(true)
	session, err := l.dial(ctx, 0, Will{}, ears)
	if err != nil {
		return err
	}
	present.scouted.Store(time.Now().UnixNano())
	c := &connection{link: l, session: session, ears: ears, turn: 0}
	defer c.abandon()
	var began time.Time
	for {
		if err := l.turns.proved(0, c.prove(ctx)); err != nil {
			return err
		}
		if began.IsZero() {
			began = time.Now()
			l.welcomeAt(0)
			l.Log.Info("the preferred broker answers again, and is used when it held", "broker", l.Names[0], "for", scoutHolds)
		}
		left := time.Until(began.Add(scoutHolds))
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(min(left, scoutReprove))
		select {
		case <-timer.C:
		case <-session.Lost():
			timer.Stop()
			return c.lost()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
