package uplink

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// A Status is what a link shows of itself.
type Status struct {
	Up        bool      `json:"up"`
	Broker    string    `json:"broker,omitempty"`     // the one it is connected to, or tried last
	Preferred string    `json:"preferred,omitempty"`  // the first of the config
	Since     time.Time `json:"since,omitzero"`       // of Up
	Why       string    `json:"why,omitempty"`        // it is not up
	Next      string    `json:"next,omitempty"`       // what a person can do about that; "" is wait
	RefusedBy []string  `json:"refused_by,omitempty"` // brokers that want a person to do something
	TakenOver bool      `json:"taken_over"`           // another box uses our name

	Tried         uint64    `json:"tried"`    // dials, scouts included
	Connects      uint64    `json:"connects"` // connections that came up
	Sent          uint64    `json:"sent"`     // messages the broker acknowledged
	LastAck       time.Time `json:"last_ack,omitzero"`
	InFlight      int       `json:"in_flight"` // messages that wait for their receipt, of 64
	InFlightBytes int       `json:"in_flight_bytes"`
	Unanswered    time.Time `json:"unanswered_since,omitzero"` // the oldest of them waits since; zero: nothing waits

	Ignored uint64 `json:"ignored"` // platform receipts that this site does not ask for
	Refused uint64 `json:"refused"` // messages of the city that did not count
	Unsaid  uint64 `json:"unsaid"`  // records that can never be said
	Resent  uint64 `json:"resent"`  // records sent again because the platform did not have them, or asked
	Obeyed  uint64 `json:"obeyed"`  // commands

	PlatformOffset time.Duration `json:"platform_offset_ns"`      // the platform's clock minus ours, the way here included
	PlatformHeard  time.Time     `json:"platform_heard,omitzero"` // when it last said its time; zero: never

	// ClockTolerated is the moment from which the broker's certificate is valid,
	// where it was taken before that because the box does not know the time.
	ClockTolerated time.Time `json:"clock_tolerated,omitzero"`
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
	s := l.tally.status
	s.RefusedBy = slices.Clone(s.RefusedBy)
	return s
}

// up notes a connection that works.
func (t *tally) up(broker string, now time.Time) {
	t.count(func(s *Status) {
		s.Up, s.Since, s.Broker, s.Why, s.Next = true, now, broker, "", ""
		s.Connects++
	})
}

// lost notes why there is none.
func (t *tally) lost(broker string, err error) {
	t.count(func(s *Status) {
		if s.Up || s.Since.IsZero() {
			s.Up, s.Since = false, time.Now()
		}
		s.Broker, s.Why, s.Next = broker, err.Error(), ""
		if refused, is := errors.AsType[*Refused](err); is {
			s.Next = refused.Next
		} else if s.TakenOver {
			s.Next = rivalNext
		}
	})
}

func (t *tally) acked(now time.Time) {
	t.count(func(s *Status) { s.Sent++; s.LastAck = now })
}

// flying notes what is in flight.
func (t *tally) flying(w *window) {
	var since time.Time
	if len(w.flights) > 0 {
		since = w.flights[0].since
	}
	t.count(func(s *Status) { s.InFlight, s.InFlightBytes, s.Unanswered = len(w.flights), w.bytes, since })
}

func (t *tally) refusedBy(broker string, is bool) {
	t.count(func(s *Status) {
		s.RefusedBy = slices.DeleteFunc(s.RefusedBy, func(name string) bool { return name == broker })
		if is {
			s.RefusedBy = append(s.RefusedBy, broker)
		}
	})
}
