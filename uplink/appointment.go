package uplink

import (
	"sync/atomic"
	"time"
)

// An appointment is the moment by which a goroutine comes round again: before it waits
// for whatever there is to wait for, it says until when at most. It is kept with the
// reading of the monotonic clock, for the wall clock of a box may jump by years while
// the link rests.
type appointment struct{ at atomic.Pointer[time.Time] } // nil: it has none

// by says that it comes round within a time.
func (a *appointment) by(wait time.Duration) {
	a.at.Store(new(time.Now().Add(max(0, wait))))
}

// Late is how much later than it said the link comes round: 0 while it is in time, or
// does not run yet. To dial and to send have bounds of their own, so that a link that
// is late by a minute hangs, and nothing that is on disk leaves the box.
func (l *Link) Late(now time.Time) time.Duration {
	at := l.round.at.Load()
	if at == nil {
		return 0
	}
	return max(0, now.Sub(*at))
}
