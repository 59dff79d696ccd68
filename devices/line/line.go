// Package line owns serial lines: ports of this machine and serial servers in
// raw TCP mode.
//
//	instrument ─ Ask ──┐                         ┌ tty: guard + tarm/serial
//	instrument ─ Ask ──┼─► queue ─► owner ─► Port ┤
//	capture ─── Ear ◄──┘                         └ TCP serial server
//	ingest ─── Watch
//
// Its rules:
//
// A line has one owner, [Line.Run], which alone reads and writes. Questions
// are put in the order in which they were asked.
//
// An answer belongs to the question before it. Before each question the line
// has been silent for 3.5 characters (or the configured pause) and what came
// unasked is thrown away; after a question that was not answered in time the
// line stays silent for as long again, so that a late answer is heard, dropped
// and never taken for the next one.
//
// A line that is lost is opened again, for ever, with growing pauses.
// Questions wait meanwhile. Who watches the line hears one condition, however
// many instruments are on it.
//
// The owner waits for the port and for nothing else: not for those who listen,
// not for those who asked.
//
// It does not know what the bytes mean, whether a question may be asked, or
// which addresses may be dialled. It is the only room for tarm/serial.
package line

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	firstPause = 100 * time.Millisecond // after a loss, before the first opening
	lastPause  = 5 * time.Second        // the pause doubles up to this; a line that held so long begins anew
)

// A Config says what a line is.
type Config struct {
	Name       string // of the site file, for logs and errors
	Open       Opener
	Settings   Settings      // for the timing
	Pause      time.Duration // silence between two questions, where 3.5 characters are not enough
	ListenOnly bool          // somebody else asks on this line; it is never written to
	Log        *slog.Logger  // nil: nobody is told
}

// A Line is one line and its queue of questions. All methods may be called
// from any goroutine.
type Line struct {
	cfg    Config
	log    *slog.Logger
	status status

	mu   sync.Mutex // guards all below
	asks []*ask     // waiting or being asked, in order
	ears []*Ear
	port Port // nil while the line is down
}

// New returns a line that is not open yet: Run opens it.
func New(cfg Config) *Line {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := &Line{cfg: cfg, log: log.With("line", cfg.Name)}
	l.status.changed = make(chan struct{})
	return l
}

// Run owns the line: it opens it, opens it again when it was lost, and puts
// the questions. It returns nil when ctx ends and has closed the port then.
// Only one Run may be under way at a time.
func (l *Line) Run(ctx context.Context) error {
	l.status.begin()
	defer l.status.begin() // nothing is known of a line without an owner
	overdue := time.AfterFunc(startWithin, func() { l.report(l.status.overdue()) })
	defer overdue.Stop()
	defer context.AfterFunc(ctx, l.wake)()

	o := &owner{line: l}
	pause := firstPause
	for {
		held, err := l.hold(ctx, o)
		if ctx.Err() != nil {
			return nil
		}
		l.report(l.status.down(err))
		if held >= lastPause {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// hold opens the port and lets the owner have it until it is gone. It returns
// for how long it held.
func (l *Line) hold(ctx context.Context, o *owner) (time.Duration, error) {
	port, err := l.cfg.Open(ctx)
	if err != nil {
		return 0, err
	}
	opened := time.Now()
	l.setPort(port)
	l.report(l.status.up())
	err = o.own(ctx, port)
	l.setPort(nil)
	if closing := port.Close(); err == nil {
		err = closing
	}
	return time.Since(opened), err
}

// report writes an edge of the line's state to the log; a nil event is none.
func (l *Line) report(edge *edge) {
	switch {
	case edge == nil:
	case edge.why == nil:
		l.log.Info("line is open")
	default:
		l.log.Warn("line is down", "why", edge.why)
	}
}

func (l *Line) setPort(port Port) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.port = port
}

// wake makes the owner look up from its reading: a question was asked or taken
// back, or the line shall close.
func (l *Line) wake() {
	l.mu.Lock()
	port := l.port
	l.mu.Unlock()
	if p, ok := port.(Interrupter); ok {
		p.Interrupt()
	}
}
