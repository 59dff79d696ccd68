package line

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrEarClosed is returned by Next after Close.
var ErrEarClosed = errors.New("ear is closed")

// An ear keeps no more than this for somebody who does not listen.
const (
	maxChunks     = 1024
	maxChunkBytes = 64 << 10
)

// A Chunk is what came unasked in one piece; where a pause falls says nothing
// about where a message ends. At is when its last byte came. Fresh says that
// something may be missing before it, because the line was opened again, a
// question was asked in between, or the listener was too slow: a half-heard
// message must be forgotten.
type Chunk struct {
	Bytes []byte
	At    time.Time
	Fresh bool
	Sent  bool // by us; only a tap hears it
}

// An Ear hears all that comes unasked on a line, from the moment it was made.
// One that taps hears everything.
type Ear struct {
	line *Line
	taps bool
	news chan struct{} // holds one token while chunks are waiting

	mu     sync.Mutex // guards all below
	chunks []Chunk
	size   int  // bytes in chunks
	begun  bool // heard something
	closed bool
}

// Listen returns an ear for what comes unasked. It must be closed.
func (l *Line) Listen() *Ear { return l.ear(false) }

// Tap returns an ear for everything: our questions when they were written
// (Chunk.Sent), the answers and whatever else comes while a question is under
// way, late answers, and what comes unasked. What is thrown away right before
// a question is not heard. It must be closed.
func (l *Line) Tap() *Ear { return l.ear(true) }

func (l *Line) ear(taps bool) *Ear {
	e := &Ear{line: l, taps: taps, news: make(chan struct{}, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ears = append(l.ears, e)
	return e
}

// Next returns the next chunk, which belongs to the caller; the first one is
// Fresh. It returns the reason that ended ctx, or ErrEarClosed. It is called
// by one goroutine.
func (e *Ear) Next(ctx context.Context) (Chunk, error) {
	for {
		if c, err := e.take(); err != nil || c.Bytes != nil {
			return c, err
		}
		select {
		case <-ctx.Done():
			return Chunk{}, context.Cause(ctx)
		case <-e.news:
		}
	}
}

// Close ends listening. It may be called more than once.
func (e *Ear) Close() {
	e.line.mu.Lock()
	e.line.ears = slices.DeleteFunc(e.line.ears, func(other *Ear) bool { return other == e })
	e.line.mu.Unlock()
	e.mu.Lock()
	e.closed = true
	e.chunks = nil
	e.mu.Unlock()
	e.ring()
}

// take takes the oldest chunk, the zero one if there is none.
func (e *Ear) take() (Chunk, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return Chunk{}, ErrEarClosed
	}
	if len(e.chunks) == 0 {
		return Chunk{}, nil
	}
	c := e.chunks[0]
	e.chunks[0] = Chunk{}
	e.chunks = e.chunks[1:]
	e.size -= len(c.Bytes)
	return c, nil
}

// give gives a chunk to the ears that tap, or to those that do not, and waits
// for none of them.
func (l *Line) give(c Chunk, taps bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.ears {
		if e.taps == taps {
			e.hear(c)
		}
	}
}

// hear keeps a copy of a chunk. When there is no room the oldest chunks go,
// and the one that is first then is Fresh.
func (e *Ear) hear(c Chunk) {
	c.Bytes = bytes.Clone(c.Bytes)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	c.Fresh = c.Fresh || !e.begun
	e.begun = true
	e.chunks = append(e.chunks, c)
	e.size += len(c.Bytes)
	for len(e.chunks) > maxChunks || e.size > maxChunkBytes {
		e.size -= len(e.chunks[0].Bytes)
		e.chunks = e.chunks[1:]
		e.chunks[0].Fresh = true
	}
	e.ring()
}

func (e *Ear) ring() {
	select {
	case e.news <- struct{}{}:
	default:
	}
}
