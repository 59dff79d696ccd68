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
	Resent   uint64    `json:"resent"`           // records sent again because the platform did not have them, or asked
	Obeyed   uint64    `json:"obeyed"`           // commands

	PlatformOffset time.Duration `json:"platform_offset_ns"`      // the platform's clock minus ours, the way here included
	PlatformHeard  time.Time     `json:"platform_heard,omitzero"` // when it last said its time; zero: never
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

// Status returns what the link shows of itself now.
func (l *Link) Status() Status {
	l.tally.mu.Lock()
	defer l.tally.mu.Unlock()
	return l.tally.status
}
