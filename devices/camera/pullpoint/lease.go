package pullpoint

import "time"

// A lease is how long a pull point lives, as far as the camera tells. Some move its
// end with each pull, some only when it is renewed, and whether a pull should is
// disputed (onvif/specs#506): so it is watched.
//
// Its times are monotonic: a box whose clock jumps renews nothing too early or too
// late.
type lease struct {
	granted time.Duration // from the last renewal
	until   time.Time     // zero = not known: 1970, past, or not told
	moved   time.Time     // when the end last moved
	renewed time.Time     // when it was made, or a renewal was asked for last
}

// begin starts a lease that was asked for just now.
func begin(asked time.Duration, left time.Duration, now time.Time) lease {
	l := lease{granted: asked, moved: now, renewed: now}
	if left > 0 {
		l.granted, l.until = left, now.Add(left)
	}
	return l
}

// adopted is the lease of a pull point whose end is not known yet and may be near: it
// is due as soon as its end is heard, or is not told.
func adopted(asked time.Duration) lease { return lease{granted: asked} }

// hear takes what an answer to a pull tells: what is left, 0 if that is not known.
// Ends that differ by less than jitter mean the same.
func (l *lease) hear(left time.Duration, now time.Time, jitter time.Duration) {
	if left <= 0 {
		return
	}
	until := now.Add(left)
	switch {
	case l.until.IsZero():
		l.until = until
	case until.Sub(l.until) >= jitter:
		l.until, l.moved = until, now
	case until.Sub(l.until) <= -jitter: // it was shortened, or the camera's clock was set
		l.until = until
	}
}

// due says whether a renewal is to be asked for: half of the time is over and the
// end does not move by itself. poll is how long one pull takes.
func (l *lease) due(now time.Time, poll, atLeast time.Duration) bool {
	if l.granted < 2*atLeast { // the camera's own choice, which leaves no time for good manners
		atLeast = max(atLeast/2, l.granted/2)
	}
	half := l.granted / 2
	switch {
	case now.Sub(l.renewed) < atLeast:
		return false
	case l.until.IsZero():
		return now.Sub(l.renewed) >= half
	}
	return l.until.Sub(now) <= half && now.Sub(l.moved) > poll+poll/2
}

// over says whether the camera has forgotten the pull point by its own word.
func (l *lease) over(now time.Time) bool { return !l.until.IsZero() && now.After(l.until) }

// left is how long the camera keeps the pull point from now on, 0 if that is not
// known or cannot be meant.
func (h *holding) left(t told) time.Duration {
	end, now := stamp(t.TerminationTime), stamp(t.CurrentTime)
	if end.IsZero() {
		return 0
	}
	if now.IsZero() {
		offset, known := h.Client.ClockOffset()
		if !known {
			return 0
		}
		now = time.Now().Add(offset)
	}
	return max(end.Sub(now), 0)
}
