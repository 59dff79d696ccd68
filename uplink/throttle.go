package uplink

import (
	"time"

	"golang.org/x/time/rate"
)

// A throttle holds the old messages of an outage back: none before start, and
// then no more than the rate. One throttle serves all lanes of a connection.
type throttle struct {
	start time.Time
	limit *rate.Limiter
}

// newThrottle allows perSecond messages a second; 0 allows any number. What may
// come at once is a twentieth of a second's worth, so that a high rate does not
// need a timer for each message.
func newThrottle(start time.Time, perSecond int) *throttle {
	t := &throttle{start: start, limit: rate.NewLimiter(rate.Inf, 1)}
	if perSecond > 0 {
		t.limit = rate.NewLimiter(rate.Limit(perSecond), 1+perSecond/20)
	}
	return t
}

// change gives it another rate. What it had saved up stays bounded by the new one.
func (t *throttle) change(perSecond int) { t.limit = newThrottle(t.start, perSecond).limit }

// wait returns the moment at which the next message may go; zero means now.
func (t *throttle) wait(now time.Time) time.Time {
	if now.Before(t.start) {
		return t.start
	}
	return t.pace(now)
}

// pace is wait for what the city has asked for: with the rate, and not after start.
func (t *throttle) pace(now time.Time) time.Time {
	if t.limit.Limit() == rate.Inf {
		return time.Time{}
	}
	missing := 1 - t.limit.TokensAt(now)
	if missing <= 0 {
		return time.Time{}
	}
	pause := time.Duration(missing / float64(t.limit.Limit()) * float64(time.Second))
	return now.Add(pause + time.Microsecond) // rounded up: never woken too early
}

// spend counts one message.
func (t *throttle) spend(now time.Time) { t.limit.AllowN(now, 1) }
