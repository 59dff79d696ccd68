package config

import (
	"fmt"
	"math"
	"time"
)

// checkRound holds that a line has time for what is asked on it.
func (r *rules) checkRound(l *wLine, on []*wDevice) {
	line := l.meant(r.settings(l))
	if line.Settings.Baud == 0 && !line.ModbusTCP {
		return
	}
	var asked []Instrument
	for _, d := range on {
		asked = append(asked, r.instrument(d))
	}
	ts := line.turns(asked, func(profile string) *ProfileFacts { return r.facts[profile] })
	sum := ts.round(line.Name)
	if ts.least() > fullest {
		more := ", or raise its baud rate"
		if line.ModbusTCP {
			more = ""
		}
		r.add(Meaning, l.head, "%s is overloaded: its questions take %.0f %% of the time, and more than %.0f %% cannot be kept up, instrument %q alone takes %.0f %%: move instruments to another line%s", l.who(), sum.Load*100, fullest*100, ts.dearest().name, ts.dearest().load()*100, more)
		return
	}
	if sum.Load > 1 {
		r.add(Note, l.head, "%s has no time to ask its card readers every %v: everybody is asked once in %s, and a card is heard that much later; raise its baud rate if that matters", l.who(), osdpPace, rounded(sum.Round))
	}
	if h := ts.hurried(); h.name != "" {
		r.add(Note, l.head, "instrument %q is asked every %v, and on %s it may wait %s when all are due at once: what is shorter may be missed; move instruments to another line if that matters", h.name, h.every, l.who(), rounded(h.waits))
	}
	if s := ts.stalled(); s.name != "" {
		r.add(Note, l.head, "with one dead device on %s the others may wait %s, and instrument %q, asked every %v, counts as silent after %v: make its silence longer", l.who(), rounded(s.waits), s.name, s.every, s.silence)
	}
}

// rounded prints a reckoned time without figures that nobody knows.
func rounded(d time.Duration) string {
	if d >= 10*time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f ms", math.Ceil(float64(d)/float64(time.Millisecond)))
}
