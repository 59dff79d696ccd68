package camera

import (
	"context"
	"sync/atomic"
)

// Places are the RTSP sessions that a recorder allows us. Its cameras share them:
// who keeps a session gives it up when another camera waits, and waits in its turn.
type Places struct {
	taken   chan struct{} // one value for each session that is open
	waiting atomic.Int32
}

// NewPlaces allows n sessions at a time.
func NewPlaces(n int) *Places { return &Places{taken: make(chan struct{}, n)} }

// take waits for a session. It returns false when ctx ended first.
func (p *Places) take(ctx context.Context) bool {
	if p == nil {
		return true
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case p.taken <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// give ends a session that was taken.
func (p *Places) give() {
	if p != nil {
		<-p.taken
	}
}

// wanted says whether somebody waits.
func (p *Places) wanted() bool { return p != nil && p.waiting.Load() > 0 }
