package uplink

import (
	"errors"
	"time"
)

// Turns say which broker is dialled next, and when. The first is the preferred one.
//
//	        ┌── pause, next broker ◄── failed, or did not hold 30 s ──┐
//	        ▼                                                          │
//	┌──► DIAL i ──── canary came back ────► WORK i ────────────────────┤
//	│                                        │   ▲                     │
//	│                                  i ≠ 0 │   │ lost, refused       │
//	│                                        ▼   │ (scout.go)          │
//	│                                      SCOUT 0 ── held 10 min ─┐   │
//	│                                                              ▼   │
//	│          ┌── `moved` said at i, goodbye ◄── join 0, proved ── MOVE
//	│          ▼                                                       │
//	│        WORK 0                                                    │
//	└── pause, the same broker ◄── lost after it held 30 s ────────────┘
//
// A scout works beside WORK i and costs it nothing. So a site that reaches its
// preferred broker for nine minutes at a time stays where it is. A broker that
// refused us, or at which another box uses our name, is left alone for a while and
// the others take its turn.
type turns struct {
	brokers   []turn
	now       int
	failures  int  // in a row, whatever broker
	oneBroker bool // two names and one broker behind them: nothing to return to
	kicked    int  // times in a row that a scout cost us the connection
}

// A turn is what is known of one broker.
type turn struct {
	notBefore time.Time
	hangUps   int // in a row, when we published our canary
	quick     int // in a row, within seconds after the canary came back
}

// quickly is how soon a connection ends that another box takes over: it dials
// again at once, as we do.
const (
	quickly      = 10 * time.Second
	mostHangUps  = 3
	mostKicked   = 2
	kickedWithin = 5 * time.Second
)

// failed notes how an attempt ended at the broker whose turn it was, and returns
// how long to wait for the next, whose turn it is then. roll is a random number
// from 0 to 1.
func (t *turns) failed(held time.Duration, err error, now time.Time, roll float64) time.Duration {
	if _, refused := errors.AsType[*Refused](err); refused {
		t.avoid(t.now, now.Add(refusedPause))
	}
	if held >= steadyAfter {
		t.failures = 0
	}
	wait := pause(t.failures, roll)
	t.failures++
	if held < steadyAfter || t.brokers[t.now].notBefore.After(now) {
		t.now = t.next(now.Add(wait))
	}
	return max(wait, t.brokers[t.now].notBefore.Sub(now))
}

// avoid leaves a broker alone until then.
func (t *turns) avoid(broker int, until time.Time) {
	if b := &t.brokers[broker]; until.After(b.notBefore) {
		b.notBefore = until
	}
}

// next is the first broker behind the present one that may be dialled then, or the
// one that may be soonest.
func (t *turns) next(at time.Time) int {
	best := t.now
	for i := range t.brokers {
		n := (t.now + 1 + i) % len(t.brokers)
		if !t.brokers[n].notBefore.After(at) {
			return n
		}
		if i == 0 || t.brokers[n].notBefore.Before(t.brokers[best].notBefore) {
			best = n
		}
	}
	return best
}

// proved notes whether a connection proved itself, and turns the third hang-up in
// a row that answers our canary into what it is: some brokers acknowledge what
// they deny, others hang up.
func (t *turns) proved(broker int, err error) error {
	b := &t.brokers[broker]
	if err == nil || !errors.Is(err, ErrHungUp) {
		b.hangUps = 0
		return err
	}
	if b.hangUps++; b.hangUps < mostHangUps {
		return err
	}
	return &Refused{
		Why:  "it hangs up when we publish: " + err.Error(),
		Next: "ask the city whether this box may write up/# and read up/canary, and whether another box uses its client_id",
	}
}

// unlinked notes that the scout's word ended our connection, or not. Two in a row
// mean that both names lead to one broker, where the younger connection of a
// client_id ends the older.
func (t *turns) unlinked(byScout bool) {
	if !byScout {
		t.kicked = 0
		return
	}
	if t.kicked++; t.kicked >= mostKicked {
		t.oneBroker = true
	}
}
