package line

import (
	"context"
	"time"
)

const (
	firstPause = 100 * time.Millisecond // after a loss, before the first opening
	lastPause  = 5 * time.Second        // the pause doubles up to this; a line that held so long begins anew

	steadyAfter = time.Second // how long a line that was lost must hold to be open again
)

// Run owns the line: it opens it, opens it again when it was lost or lent, and
// puts the questions. It returns nil when ctx ends and has closed the port
// then. Only one Run may be under way at a time.
func (l *Line) Run(ctx context.Context) error {
	l.begin()
	defer l.end()
	overdue := time.AfterFunc(startWithin, func() { l.report(l.status.overdue()) })
	defer overdue.Stop()
	o := &owner{line: l, lookout: newLookout(l.cfg)}
	pause := firstPause
	for ctx.Err() == nil {
		pause = l.turn(ctx, o, pause)
		if w := l.wanted(); w != nil {
			l.leave(ctx, w)
			o.lookout.lent()
			overdue.Reset(startWithin)
			pause = firstPause
		}
	}
	return nil
}

// begin and end are said when an owner comes and goes.
func (l *Line) begin() {
	l.status.begin()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endTurn = func() {}
	select {
	case <-l.ended: // of an owner before
		l.ended = make(chan struct{})
	default:
	}
}

// Ended is closed when Run ends, and before it runs it is open: who hears the line, or has
// borrowed it, learns that nobody owns it any more.
func (l *Line) Ended() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

func (l *Line) end() {
	l.mu.Lock()
	close(l.ended)
	l.endTurn, l.loan, l.refused = nil, nil, false
	l.mu.Unlock()
	l.status.begin()
}

// turn opens the line once, holds it, and pauses when it was lost. A turn ends
// early when somebody wants the port. It returns how long to pause next time.
func (l *Line) turn(ctx context.Context, o *owner, pause time.Duration) time.Duration {
	turn, end := context.WithCancel(ctx)
	defer end()
	l.setTurn(end)
	defer context.AfterFunc(turn, l.wake)()
	held, err := l.hold(ctx, turn, o)
	if turn.Err() != nil {
		return pause
	}
	l.report(l.status.down(err))
	if held >= lastPause {
		pause = firstPause
	}
	select {
	case <-turn.Done():
	case <-time.After(pause):
	}
	return min(2*pause, lastPause)
}

// setTurn lets Lend end the turn, at once if somebody waits already.
func (l *Line) setTurn(end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endTurn = end
	if l.loan != nil {
		end()
	}
}

// hold opens the port and lets the owner have it until it is gone or the turn
// has ended. It returns for how long it held.
func (l *Line) hold(ctx, turn context.Context, o *owner) (time.Duration, error) {
	port, err := l.cfg.Open(turn)
	if err != nil {
		return 0, err
	}
	opened := time.Now()
	l.setPort(port)
	err = o.own(ctx, turn, port)
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
