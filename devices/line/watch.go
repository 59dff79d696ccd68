package line

import (
	"context"
	"errors"
	"sync"
	"time"

	"sitepost/devices"
)

// startWithin is how long a line may take to open at the start before it is
// called lost.
const startWithin = time.Second

// A status is what is known about a line.
//
//	         up                down
//	unknown ────► open ◄──────────────► lost
//	    └─────── not open within 1 s ────►┘
//
// losses counts the ways into lost, so that a watcher who was slow tells of a
// loss that is already over.
type status struct {
	mu      sync.Mutex // guards all below
	phase   phase
	since   time.Time // of open or lost
	failed  error     // why the line could not be opened since the start
	losses  int
	lostAt  time.Time     // the last loss
	why     error         // of the last loss
	changed chan struct{} // closed and replaced at each change of phase
}

type phase int

const (
	unknown phase = iota
	open
	lost
)

// An edge is a change of state worth a line in the log: open if why is nil.
type edge struct{ why error }

func (s *status) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase, s.failed = unknown, nil
}

func (s *status) up() *edge {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enter(open)
	return &edge{}
}

// down is said after a failed opening and after a loss. It is an edge only
// after a loss: a line that was never open has a second, and one that is lost
// stays lost.
func (s *status) down(why error) *edge {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = why
	if s.phase != open {
		return nil
	}
	return s.lose(why)
}

// overdue is said one second after the start.
func (s *status) overdue() *edge {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase != unknown:
		return nil
	case s.failed != nil:
		return s.lose(s.failed)
	}
	return s.lose(&Trouble{
		Err:   errors.New("opening takes longer than a second"),
		Short: "no answer",
		Step:  "is the device at the other end powered?",
	})
}

// lose enters lost; the caller holds the lock.
func (s *status) lose(why error) *edge {
	s.enter(lost)
	s.losses++
	s.lostAt, s.why = s.since, why
	return &edge{why: why}
}

// enter changes the phase; the caller holds the lock.
func (s *status) enter(p phase) {
	s.phase, s.since = p, time.Now()
	close(s.changed)
	s.changed = make(chan struct{})
}

// A glance is a copy of a status.
type glance struct {
	phase         phase
	since, lostAt time.Time
	losses        int
	why           error
	changed       <-chan struct{}
}

func (s *status) look() glance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return glance{s.phase, s.since, s.lostAt, s.losses, s.why, s.changed}
}

// Watch returns the conversation that tells whether the line is lost. Each
// time it is started it says the present state first, as soon as that is
// known: a line that opens within a second of its start was not lost.
func (l *Line) Watch() devices.Device { return watch{l} }

type watch struct{ line *Line }

// Run says line.lost raised and cleared until ctx ends or emit fails.
func (w watch) Run(ctx context.Context, emit func(devices.Event) error) error {
	var told devices.State
	seen := w.line.status.look().losses
	for {
		now := w.line.status.look()
		if (now.phase == lost || now.losses > seen) && told != devices.Raised {
			if err := emit(raised(now)); err != nil {
				return err
			}
			told = devices.Raised
		}
		seen = now.losses
		if now.phase == open && told != devices.Cleared {
			if err := emit(devices.Event{Time: now.since, Code: devices.LineLost, State: devices.Cleared}); err != nil {
				return err
			}
			told = devices.Cleared
		}
		select {
		case <-ctx.Done():
			return nil
		case <-now.changed:
		}
	}
}

// raised says why the line is lost and what to do.
func raised(g glance) devices.Event {
	text := g.why.Error()
	if _, ok := errors.AsType[*Trouble](g.why); !ok {
		text += " (look at the port and its cable)"
	}
	return devices.Event{
		Time: g.lostAt, Code: devices.LineLost, State: devices.Raised,
		Detail: short(g.why), Text: string([]rune(text)[:min(1024, len([]rune(text)))]),
	}
}
