package camera

import (
	"context"
	"slices"
	"sync"
)

// Places are the RTSP sessions that a recorder allows us. Its cameras share them:
// who keeps a session gives it up when another camera waits, and waits in its turn,
// behind all that have waited longer.
type Places struct {
	mu    sync.Mutex // protects all below
	free  int
	queue []*turn // who waits, the longest first
}

// A turn is a session of a recorder, or the wait for one. Who asked for it gives it
// back, whether it has come or not.
type turn struct {
	places *Places       // nil = nobody shares it
	come   chan struct{} // closed when it has come
}

// NewPlaces allows n sessions at a time.
func NewPlaces(n int) *Places { return &Places{free: max(n, 1)} }

// ask asks for a session.
func (p *Places) ask() *turn {
	t := &turn{places: p, come: make(chan struct{})}
	if p == nil {
		close(t.come)
		return t
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == 0 {
		p.queue = append(p.queue, t)
		return t
	}
	p.free--
	close(t.come)
	return t
}

// wait returns false when ctx ended first.
func (t *turn) wait(ctx context.Context) bool {
	select {
	case <-t.come:
		return true
	case <-ctx.Done():
		return false
	}
}

// give ends a session, or the wait for it.
func (t *turn) give() {
	p := t.places
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.queue, t); i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
		return
	}
	if len(p.queue) == 0 {
		p.free++
		return
	}
	close(p.queue[0].come)
	p.queue = slices.Delete(p.queue, 0, 1)
}

// wanted says whether somebody waits.
func (p *Places) wanted() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue) > 0
}
