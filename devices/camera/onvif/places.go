package onvif

import (
	"context"
	"net"
	"sync"
)

// Places are the connections that a camera is given at a time. Who waits is served
// in the order of coming. Questions that may stay long (long polls) have one of
// the places among themselves, so that the other one comes free after at most
// answerWithin, whatever the camera does:
//
//	long polls ──► long (1) ──┐
//	                          ├──► all (2) ──► the camera
//	other questions ──────────┘
type places struct {
	all, long chan struct{}
}

func newPlaces() *places {
	return &places{all: make(chan struct{}, maxConnections), long: make(chan struct{}, maxConnections-1)}
}

// enter waits for a place. The caller leaves it.
func (p *places) enter(ctx context.Context, long bool) (*place, error) {
	taken := &place{holders: 1, ctx: ctx}
	queues := []chan struct{}{p.all}
	if long {
		queues = []chan struct{}{p.long, p.all}
	}
	for _, q := range queues {
		select {
		case q <- struct{}{}:
			taken.queues = append(taken.queues, q)
		case <-ctx.Done():
			taken.leave()
			return nil, ctx.Err()
		}
	}
	return taken, nil
}

// A place is held by a question and by every connection that was dialled for it,
// because net/http may still dial or close when the question is over.
type place struct {
	ctx    context.Context // the question's
	queues []chan struct{}

	mu      sync.Mutex // protects holders
	holders int
}

type placeKey struct{}

// placeOf is the place of the question that a dial is for, nil if it has none.
func placeOf(ctx context.Context) *place {
	p, _ := ctx.Value(placeKey{}).(*place)
	return p
}

// hold holds the place for one more, unless it was left before: net/http may begin
// to dial for a question that is over.
func (p *place) hold() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holders == 0 {
		return context.Canceled
	}
	p.holders++
	return nil
}

// leave frees the place when nobody holds it any more.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holders--; p.holders > 0 {
		return
	}
	for _, q := range p.queues {
		<-q
	}
}

// A seated connection holds a place until it is closed.
type seated struct {
	net.Conn
	leave func() // once
}

func (c *seated) Close() error {
	err := c.Conn.Close()
	c.leave()
	return err
}
