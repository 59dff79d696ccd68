package ingest

import (
	"time"

	"sitepost/devices"
)

// Heard says when a device was last heard in this run, and what came of it today;
// zero and nil where that is not known.
func (in *Ingest) Heard(device string) (last time.Time, today *devices.Day) {
	w := in.find(device)
	if w == nil {
		return time.Time{}, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.met {
		last = w.last
	}
	today, _ = w.day.figures(time.Now())
	return last, today
}
