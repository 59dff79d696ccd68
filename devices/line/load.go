package line

import (
	"time"

	"sitepost/devices"
)

const (
	// weighedFor is how long a line is watched before its load is known.
	weighedFor = time.Minute
	// crowdedFrom is the share of its time from which on a line cannot be asked more, and
	// easedBelow the one up to which the site file may fill it (config.fullest).
	crowdedFrom, easedBelow = 0.95, 0.8
	// crowdedMost is how many such minutes in a row are too many: devices that die
	// together take a line for one, until they are asked more rarely.
	crowdedMost = 2
)

// A load is how much of its time a line needs for what must be asked in its time: from when
// such a question is in the queue until there is none.
//
//	   ▓▓▓▓▓▓       ▓▓▓▓▓▓▓▓▓▓▓▓▓     ▓▓▓▓      asked and waiting
//	├──────────────── a minute ────────────────┤ 55 %
type load struct {
	since   time.Time // of this minute
	seen    time.Time // the owner looked last
	pressed bool      // a question was in the queue then
	busy    time.Duration
	crowded int // minutes in a row that were full
}

// begin forgets what was before: the line was not ours to ask on.
func (l *load) begin(now time.Time) { *l = load{since: now, seen: now} }

// look lets time pass. At the end of a minute in which somebody asked it says whether the
// line is overloaded; "" is that this is not known, or between the two.
func (l *load) look(now time.Time, pressed bool) (is devices.State, share float64) {
	if l.pressed {
		l.busy += now.Sub(l.seen)
	}
	l.seen, l.pressed = now, pressed
	span := now.Sub(l.since)
	if span < weighedFor || l.busy == 0 {
		return "", 0
	}
	share = float64(l.busy) / float64(span)
	l.since, l.busy = now, 0
	if share < crowdedFrom {
		l.crowded = 0
	} else {
		l.crowded++
	}
	switch {
	case l.crowded >= crowdedMost:
		return devices.Raised, share
	case share < easedBelow:
		return devices.Cleared, share
	}
	return "", share
}

// weigh notes how much of its time the line needs while it may ask.
func (o *owner) weigh(now time.Time) {
	if o.lookout.view != alone {
		o.load.begin(now)
		return
	}
	is, share := o.load.look(now, o.line.isPressed())
	if o.line.status.loaded(is, share, now) {
		o.line.log.Warn("line is overloaded: what is asked is asked later than it should be", "share", share)
	}
}

// isPressed says whether a question waits or is asked that must be asked in its time.
func (l *Line) isPressed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.asks {
		if !a.Eager {
			return true
		}
	}
	return false
}
