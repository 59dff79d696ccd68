package line

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrLent is returned by Lend while the line is lent.
	ErrLent = errors.New("line is lent to somebody else")
	// ErrNotRunning is returned by Lend when nobody owns the line, or the owner
	// has ended.
	ErrNotRunning = errors.New("line is not running")
)

// A loan is the time for which somebody else has the port.
//
//	Lend ──► the question under way is settled ──► port closed ──► giveBack
//	         └──────── loan is wanted ───────────┘└── loan is out ──┘
type loan struct {
	out  chan struct{} // closed when the port is
	back chan struct{} // closed by giveBack
}

// Lend closes the port and leaves it to somebody else until giveBack is called
// or Run ends. It returns when the question under way is settled and the port
// is closed, so that another program can open and lock it. A line that is lost
// can be lent: it is not opened again meanwhile. Asks wait; ears stay and hear
// nothing. After giveBack, which may be called more than once, the line is
// opened at once, and listened to as at the start: the answer to the last
// question of the other program may still come. The errors are ErrLent, ErrNotRunning, or the reason that
// ended ctx.
func (l *Line) Lend(ctx context.Context) (giveBack func(), err error) {
	want := &loan{out: make(chan struct{}), back: make(chan struct{})}
	ended, err := l.want(want)
	if err != nil {
		return nil, fmt.Errorf("line %q: %w", l.cfg.Name, err)
	}
	giveBack = sync.OnceFunc(func() { l.unwant(want); close(want.back) })
	select {
	case <-want.out:
		return giveBack, nil
	case <-ctx.Done():
		giveBack()
		return nil, context.Cause(ctx)
	case <-ended:
		return nil, fmt.Errorf("line %q: %w", l.cfg.Name, ErrNotRunning)
	}
}

// want puts down that somebody wants the port, and ends the owner's turn. The
// channel returned is closed when Run ends.
func (l *Line) want(w *loan) (ended <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.endTurn == nil:
		return nil, ErrNotRunning
	case l.loan != nil:
		return nil, ErrLent
	}
	l.loan = w
	l.endTurn()
	return l.ended, nil
}

func (l *Line) unwant(w *loan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loan == w {
		l.loan = nil
	}
}

// wanted returns the loan that somebody waits for, nil if nobody does.
func (l *Line) wanted() *loan {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loan
}

// leave leaves the port, which is closed, to a loan until that is over.
func (l *Line) leave(ctx context.Context, w *loan) {
	l.status.lend()
	l.log.Info("line is lent")
	close(w.out)
	select {
	case <-ctx.Done():
	case <-w.back:
	}
	l.status.giveBack()
}
