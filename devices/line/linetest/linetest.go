// Package linetest is a line that is not there, for tests: in memory, for
// testing/synctest, and on a pseudo terminal, for all that only a kernel does.
//
// It knows nothing of what is said on a line. The cable in memory behaves as a
// terminal does, not as a pipe: it has room for what nobody reads yet, bytes
// written to nobody are lost, and unplugging ends a Read that waits.
package linetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"sitepost/devices/line"
)

// room is how many writes a cable holds in each direction.
const room = 4096

// A Cable is a line in memory, as seen from its far end, where the instrument
// is: Read reads what the line wrote, Write says something to the line. It
// works inside and outside of a synctest bubble.
type Cable struct {
	written chan []byte // by the line
	closed  chan struct{}
	close   func()
	rest    []byte // of written, for the one reader

	mu     sync.Mutex // guards all below
	pulled bool
	port   *port // the present one, nil if none is open
	opened int
}

// NewCable returns a cable that is plugged in and not open.
func NewCable() *Cable {
	c := &Cable{written: make(chan []byte, room), closed: make(chan struct{})}
	c.close = sync.OnceFunc(func() { close(c.closed) })
	return c
}

// Pair returns an open port and the cable behind it.
func Pair() (line.Port, *Cable) {
	c := NewCable()
	p, err := c.Open(context.Background())
	if err != nil {
		panic(err) // a new cable is plugged in
	}
	return p, c
}

// Open is a line.Opener. It fails while the cable is pulled or open.
func (c *Cable) Open(context.Context) (line.Port, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened++
	switch {
	case c.pulled:
		return nil, &line.Trouble{Err: errors.New("open cable: no such file"), Short: "missing", Step: "plug it in"}
	case c.port != nil:
		return nil, &line.Trouble{Err: errors.New("open cable: in use"), Short: "in use", Step: "close the other one"}
	}
	c.port = &port{cable: c, heard: make(chan []byte, room), gone: make(chan struct{}), woken: make(chan struct{}, 1)}
	return c.port, nil
}

// Opened returns how often opening was tried.
func (c *Cable) Opened() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened
}

// Unplug pulls the cable: the open port is gone, and Open fails until Plug.
func (c *Cable) Unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = true
	c.drop()
}

// Plug plugs the cable in again.
func (c *Cable) Plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = false
}

// drop ends the present port; the caller holds the lock.
func (c *Cable) drop() {
	if c.port != nil {
		close(c.port.gone)
		c.port = nil
	}
}

// Read waits for what the line writes. After Close it returns io.EOF. It is
// called by one goroutine.
func (c *Cable) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		select {
		case c.rest = <-c.written:
		case <-c.closed:
			return 0, io.EOF
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write says something to the line. It never waits: bytes for which there is
// nobody, or no room, are lost, as on a wire.
func (c *Cable) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.port != nil && len(p) > 0 {
		select {
		case c.port.heard <- bytes.Clone(p):
		default:
		}
	}
	return len(p), nil
}

// Close unplugs the cable for good and ends Read.
func (c *Cable) Close() error {
	c.Unplug()
	c.close()
	return nil
}

// A port is the line's end of a cable.
type port struct {
	cable *Cable
	heard chan []byte
	gone  chan struct{}
	woken chan struct{}
	rest  []byte
}

// Read waits 100 ms, as the ports of package line do.
func (p *port) Read(buf []byte) (int, error) {
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	if len(p.rest) == 0 {
		select {
		case <-p.gone:
			return 0, &line.Trouble{Err: errors.New("cable is pulled"), Short: "gone", Step: "plug it in"}
		case p.rest = <-p.heard:
		case <-timer.C:
		case <-p.woken:
		}
	}
	n := copy(buf, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Write fails at once when nobody has read for very long.
func (p *port) Write(b []byte) (int, error) {
	select {
	case <-p.gone:
		return 0, &line.Trouble{Err: errors.New("cable is pulled"), Short: "gone", Step: "plug it in"}
	default:
	}
	select {
	case p.cable.written <- bytes.Clone(b):
		return len(b), nil
	default:
		return 0, &line.Trouble{Err: errors.New("write stuck"), Short: "stuck", Step: "read the far end"}
	}
}

// Discard throws away what was said and not read.
func (p *port) Discard() error {
	p.rest = nil
	for {
		select {
		case <-p.heard:
		default:
			return nil
		}
	}
}

// Interrupt ends the Read that waits, or the next one.
func (p *port) Interrupt() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// Close gives the cable back.
func (p *port) Close() error {
	p.cable.mu.Lock()
	defer p.cable.mu.Unlock()
	if p.cable.port == p {
		p.cable.drop()
	}
	return nil
}
