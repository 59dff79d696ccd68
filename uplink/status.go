package uplink

import (
	"sync"
	"time"
)

// A Status is what a link shows of itself.
type Status struct {
	Up       bool      `json:"up"`
	Broker   string    `json:"broker,omitempty"` // the one it is connected to, or tries
	Since    time.Time `json:"since,omitzero"`   // of Up
	Why      string    `json:"why,omitempty"`    // it is not up
	Connects uint64    `json:"connects"`         // connections that came up
	Sent     uint64    `json:"sent"`             // messages the broker acknowledged
	Ignored  uint64    `json:"ignored"`          // platform receipts that this site does not ask for
	Refused  uint64    `json:"refused"`          // messages of the city that did not count
	Unsaid   uint64    `json:"unsaid"`           // records that can never be said

	InFlight      int       `json:"in_flight"`                 // messages that wait for their receipt
	InFlightBytes int       `json:"in_flight_bytes"`           // and their size
	Unanswered    time.Time `json:"unanswered_since,omitzero"` // the oldest of them waits since; zero: nothing waits
}

// A tally is a status that several goroutines write.
type tally struct {
	mu     sync.Mutex
	status Status
}

func (t *tally) count(change func(*Status)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.status)
}

// show notes what is in flight.
func (c *connection) show() {
	w := &c.window
	var since time.Time
	if len(w.flights) > 0 {
		since = w.flights[0].since
	}
	c.link.tally.count(func(s *Status) { s.InFlight, s.InFlightBytes, s.Unanswered = len(w.flights), w.bytes, since })
}

// Status returns what the link shows of itself now.
func (l *Link) Status() Status {
	l.tally.mu.Lock()
	defer l.tally.mu.Unlock()
	return l.tally.status
}
