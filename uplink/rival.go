package uplink

import (
	"errors"
	"time"
)

const (
	rivalPause      = 5 * time.Minute // the longest wait while two boxes push each other out
	firstRivalPause = 5 * time.Second

	rivalCalm = 5 * time.Minute // connected for so long without a sign: it has gone
	rivalNext = "find the other box that is configured as this site, or runs a copy of its disk, and give it a name and client_id of its own"
)

// A rival is another box that uses our name at the broker. Its signs are a canary
// on our topic that is not ours, and connections that had proved themselves and
// are ended by the broker within seconds, three times in a row: that is what
// happens to the older of two under one client_id.
type rival struct {
	holds bool
	calm  bool      // it was said that there is none
	sign  time.Time // the last
}

// rivalWait is the longest wait after so many signs in a row. It begins small, for a
// broker that is restarted again and again looks the same.
func rivalWait(signs int) time.Duration {
	return min(rivalPause, firstRivalPause<<min(max(0, signs-mostHangUps), 8))
}

// sign notes a sign of another box.
func (l *Link) sign(why string) {
	l.rival.sign, l.rival.calm = time.Now(), false
	if l.rival.holds {
		return
	}
	l.rival.holds = true
	l.Log.Warn("another box uses our name at the broker", "why", why, "next", rivalNext)
	l.tally.count(func(s *Status) { s.TakenOver = true })
	l.teller.now(l.teller.taken, true, why+" ("+rivalNext+")")
}

// calm ends the condition when it is time, and else returns when that is. It is
// asked while connected, since up.
func (l *Link) calm(up, now time.Time) time.Time {
	if l.rival.calm {
		return time.Time{}
	}
	at := up
	if l.rival.sign.After(at) {
		at = l.rival.sign
	}
	if at = at.Add(rivalCalm); now.Before(at) {
		return at
	}
	l.rival.calm, l.rival.holds = true, false
	l.tally.count(func(s *Status) { s.TakenOver = false })
	l.teller.now(l.teller.taken, false, "")
	return time.Time{}
}

// pushed looks for the sign of another box in the end of a connection that was up.
// sameRecord says that it ended with the record in flight that the one before
// ended with: then it is that record's doing.
func (l *Link) pushed(c *connection, held time.Duration, err error, sameRecord bool) {
	b := &l.turns.brokers[c.turn]
	hungUp := errors.Is(err, ErrHungUp) && !sameRecord && !c.kicked()
	if !hungUp || held >= quickly && !l.rival.holds {
		b.quick = 0
		return
	}
	if b.quick++; b.quick < mostHangUps && !l.rival.holds {
		return
	}
	l.sign("connections at " + l.Names[c.turn] + " that had proved themselves are ended by the broker within seconds")
}
