package line

import (
	"context"
	"errors"
	"sync"
	"time"
)

// readWait is how long a Read of a port waits for a first byte. It is the
// shortest time-out that a Linux terminal knows (VTIME is in tenths of a
// second).
const readWait = 100 * time.Millisecond

// A Port is an open line. One goroutine reads and writes; Close and Interrupt
// may come from others.
//
// Read waits at most about 100 ms. 0 and no error mean that nothing came; an
// error means that the port is gone for good. Write has a deadline of its own;
// an error, a missed deadline included, means that the port is gone. Discard
// throws away what has come and was not read. Close ends a Read or Write that
// waits and returns within 200 ms.
type Port interface {
	Read(p []byte) (n int, err error)
	Write(p []byte) (int, error)
	Discard() error
	Close() error
}

// An Interrupter is a Port that need not wait: after Interrupt the Read that
// waits returns at once, or the next one does if none waits. Without it a line
// works too, but a question may wait 100 ms before it is sent.
type Interrupter interface{ Interrupt() }

// An Opener opens a line once. It returns early when ctx ends, and closes what
// it has opened before it returns an error. Errors that a person can do
// something about are of type [*Trouble].
type Opener func(ctx context.Context) (Port, error)

// A Trouble is a reason why a line is down that a person can do something
// about.
type Trouble struct {
	Err   error
	Short string // one or two words: "missing", "permission", "in use", "not a port", "refused", "no answer", "gone", "stuck", "settings"
	Step  string // what to do next, in words
}

// Error gives the reason with the next step in parentheses.
func (t *Trouble) Error() string { return t.Err.Error() + " (" + t.Step + ")" }

// Unwrap returns the reason alone.
func (t *Trouble) Unwrap() error { return t.Err }

// short returns the word for why a line is down.
func short(err error) string {
	if t, ok := errors.AsType[*Trouble](err); ok {
		return t.Short
	}
	return "down"
}

// patience is the waiting of Reads on something that has read deadlines: at
// most so long, and not at all once somebody has interrupted.
type patience struct {
	set func(time.Time) error // sets the read deadline

	mu    sync.Mutex // guards woken, and the order of calls to set
	woken bool
}

// begin sets the deadline of a Read that begins now.
func (p *patience) begin(wait time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.woken {
		return p.set(time.Unix(1, 0))
	}
	return p.set(time.Now().Add(wait))
}

// end is said when the Read has ended, for whatever reason: an interruption
// has then had its effect.
func (p *patience) end() {
	p.mu.Lock()
	p.woken = false
	p.mu.Unlock()
}

// Interrupt makes the present or the next Read return at once.
func (p *patience) Interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken = true
	_ = p.set(time.Unix(1, 0)) // fails only when the port is closed, and then nobody waits
}
