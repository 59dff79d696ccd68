package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A conversation comes and goes while the others go on:
//
//	Join ── whom it speaks for, on which line ──► hold ── again and again ──► ctx ends
//
// talks are those that are held.
type talks struct {
	mu     sync.Mutex         // guards all below
	again  map[string]*pauses // by name of a conversation; several may have one
	held   sync.WaitGroup
	ending bool // Run waits for held
}

// pauses are those of all conversations of a name.
type pauses struct {
	over     chan struct{} // closed when a person has done what they were waiting for
	speakers int
}

// Join says whom a conversation speaks for, and on which line. hold keeps it running
// from when Run has begun until ctx ends, and is called once; when it returns nobody
// speaks any more, and what was said is with the store. An error means that somebody
// stands nowhere.
func (in *Ingest) Join(c Conversation) (hold func(ctx context.Context), err error) {
	site := in.roll.Load()
	if _, stands := site.Places[c.Name]; !stands && len(c.Silence) == 0 {
		return nil, fmt.Errorf("conversation %q stands nowhere on the site", c.Name)
	}
	for device := range c.Silence {
		if site.by[device] == nil {
			return nil, fmt.Errorf("conversation %q speaks for %q, which stands nowhere on the site", c.Name, device)
		}
	}
	if w := site.by[c.Name]; w != nil && w.isLine {
		in.lines.leave(c.Name) // the conversation says it anew
	}
	from := time.Now()
	if c.Via != "" {
		from = from.Add(listening)
	}
	for device, longest := range c.Silence {
		w := site.by[device]
		w.mu.Lock()
		w.longest, w.via, w.last = longest, c.Via, from
		w.mu.Unlock()
		in.upkeep.unsettle(device) // it may have left the maintenance of a line, or be back after the end of its own
	}
	in.talks.join(c.Name)
	return func(ctx context.Context) { in.hold(ctx, c) }, nil
}

// hold keeps a conversation that has joined.
func (in *Ingest) hold(ctx context.Context, c Conversation) {
	defer in.talks.leave(c.Name)
	select {
	case <-in.begun:
	case <-ctx.Done():
		return
	}
	if in.talks.begin() {
		defer in.talks.held.Done()
		in.keep(ctx, c)
	}
}

// Again ends the pauses of all conversations of a name: a person has done what they
// were waiting for. What does not pause is not touched.
func (in *Ingest) Again(name string) {
	t := &in.talks
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.again[name]; p != nil {
		close(p.over)
		p.over = make(chan struct{})
	}
}

func (t *talks) join(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.again[name] == nil {
		t.again[name] = &pauses{over: make(chan struct{})}
	}
	t.again[name].speakers++
}

func (t *talks) leave(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.again[name]
	if p.speakers--; p.speakers == 0 {
		delete(t.again, name)
	}
}

// awaited is closed when somebody asks for a conversation from now on.
func (t *talks) awaited(name string) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.again[name].over
}

// begin counts a conversation, unless it is too late for one.
func (t *talks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ending {
		t.held.Add(1)
	}
	return !t.ending
}

// end lets no conversation begin any more, and waits for those that are held.
func (t *talks) end() {
	t.mu.Lock()
	t.ending = true
	t.mu.Unlock()
	t.held.Wait()
}
