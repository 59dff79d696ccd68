package uplink

import "time"

// There are brokers that take no packet above some size, and lines on which a large one
// takes longer than its receipt may. Retained documents go before the alarms, and up/open
// has no bound of the contract: a connection would die on it, and so would the next, and
// no alarm would ever leave the box. So a document with which so many connections broke
// as the oldest in flight, none of which had it acknowledged, is left out, and all else
// goes. It is tried again when it has become half as large, and every six hours. A small
// one is never the reason.
const (
	mostBallast  = 3
	ballastHolds = 6 * time.Hour
)

// A ballast is what connections that broke say of a retained document.
type ballast struct {
	deaths int
	size   int // bytes of the message
	last   time.Time
}

// sank notes that a connection broke that nobody ended on purpose. It returns the document
// that is left out from now on, "" if there is none.
func (l *Link) sank(c *connection, now time.Time) (key string) {
	for _, f := range c.window.flights {
		if f.id != "" {
			return "" // a record may be the reason
		}
		if f.doc == "" || f.size <= leastBound {
			continue // so are birth and state
		}
		b := l.ballast[f.doc]
		l.ballast[f.doc] = ballast{b.deaths + 1, f.size, now}
		if b.deaths+1 == mostBallast {
			return f.doc
		}
		return ""
	}
	return ""
}

// leavesOut says whether a document of such a size is not to be said now.
func (l *Link) leavesOut(key string, size int, now time.Time) bool {
	b := l.ballast[key]
	return b.deaths >= mostBallast && size > b.size/2 && now.Sub(b.last) < ballastHolds
}
