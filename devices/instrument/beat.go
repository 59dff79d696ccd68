package instrument

import (
	"fmt"
	"time"
)

// Beat is for simulators: the values of all heartbeats at the n-th beat, for
// [Profile.Speak] and [Profile.SpeakRegisters]. They differ from those of the
// beat before.
func (p *Profile) Beat(n int) map[string]any {
	values := map[string]any{}
	for _, r := range p.heartbeats() {
		step := uint64(1)
		if r.mask != 0 && r.is == nil {
			step = r.mask & -r.mask
		}
		values[r.name] = r.measure(value{number: float64(step) * float64(n%2)}, value{number: 1}).number
	}
	return values
}

// A beat is a value that must change: the heartbeat of a device whose other
// registers may all stand still for ever, alive or frozen.
type beat struct {
	read  *read
	now   value
	known bool
	since time.Time // of now
	seen  time.Time // last
	stuck string    // why the device must be frozen, "" where it is not
}

// hear takes what stands there at a time, and returns why the device must be
// frozen, "" where it is not. Where it is watched all the time, a pause of more
// than half of what is allowed was an outage of ours, a cable or a question
// that was not answered, and is not held against the device.
func (b *beat) hear(at time.Time, v value, watched bool) string {
	pause := at.Sub(b.seen)
	switch {
	case !b.known || v != b.now:
		b.now, b.known, b.since = v, true, at
	case watched && pause > b.read.changes/2:
		b.since = b.since.Add(pause)
	}
	b.seen = at
	if at.Sub(b.since) <= b.read.changes {
		return ""
	}
	return fmt.Sprintf("%s stays %s for more than %v: the device stands still (restart it)", b.read.name, v.is(), b.read.changes)
}
