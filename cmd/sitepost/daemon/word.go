package daemon

import (
	"slices"
	"sync"
	"time"

	"sitepost/cmd/sitepost/status"
)

// A word is what is to be said of the site file until another one is accepted: that a
// newer one was refused, and which keys of it count from the next restart on.
type word struct {
	mu      sync.Mutex // guards all below
	refused *status.Refused
	waiting []string
}

func (w *word) refuse(why, who string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = &status.Refused{Why: why, By: who, At: at}
}

func (w *word) accept(waiting []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused, w.waiting = nil, waiting
}

func (w *word) waits() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.waiting...)
}

// now returns both.
func (w *word) now() (refused *status.Refused, waiting []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused, slices.Clone(w.waiting)
}
