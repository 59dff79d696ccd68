// Package uplinktest is an MQTT broker in memory, for tests of what speaks to
// one through package uplink's Session.
//
// It keeps retained messages, publishes wills, takes a client id over, hands
// messages to subscribers, and can be told to misbehave: kill, refuse, hold
// receipts back, fall silent on a topic. It uses nothing but channels and
// time, so it works inside a testing/synctest bubble, and outside.
//
// It does not know packets, sockets or the contract: what is published is
// remembered as it came.
package uplinktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"sitepost/uplink"
)

var (
	// ErrAway is the error of a dial while the broker is away.
	ErrAway = errors.New("dial: connection refused")
	// ErrLost is the error of a receipt whose session ended first, and the cause
	// of that end.
	ErrLost = errors.New("the broker is gone")

	errTaken  = fmt.Errorf("%w: a younger session has this client id", uplink.ErrHungUp)
	errHungUp = fmt.Errorf("%w for no reason that it gives", uplink.ErrHungUp)
)

// A Broker is a whole broker. Make one with [New]; all methods may be called
// from any goroutine.
type Broker struct {
	mu       sync.Mutex
	retained map[string][]byte
	arrived  []uplink.Message
	sessions map[string]*session
	watchers []*Watcher
	dials    int
	most     int // messages in flight at once, ever

	away    error // what a dial gets; nil: welcome
	hold    bool  // no receipts
	hangUp  func(uplink.Message, int) bool
	silent  []string      // filters on which nothing is delivered
	latency time.Duration // from publish to receipt
	turn    chan struct{} // closed when something arrived
}

// New returns an empty broker that is there.
func New() *Broker {
	return &Broker{retained: make(map[string][]byte), sessions: make(map[string]*session), turn: make(chan struct{})}
}

// Dial returns a way in for a client. A second session under the same name ends
// the first, as MQTT 3.1.1 (3.1.4) says.
func (b *Broker) Dial(client string, subscriptions []string) uplink.Dial {
	return func(ctx context.Context, will uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.dials++
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if b.away != nil {
			return nil, b.away
		}
		if old := b.sessions[client]; old != nil {
			old.cause = errTaken
			b.end(old, true)
		}
		s := newSession(b, client, will, subscriptions, onMessage)
		b.sessions[client] = s
		for _, topic := range slices.Sorted(maps.Keys(b.retained)) {
			m := uplink.Message{Topic: topic, Payload: b.retained[topic], Retain: true}
			if s.wants(topic) {
				s.deliver(m)
			}
		}
		return s, nil
	}
}

// Kill ends every session without a word, as a power cut at the broker or the
// network does. What was in flight has arrived up to a point: keep says how
// many of a session's unacknowledged messages still get through, without a
// receipt. Wills are published.
func (b *Broker) Kill(keep int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range slices.Collect(maps.Values(b.sessions)) {
		for _, p := range s.pending[:min(keep, len(s.pending))] {
			if !p.arrived {
				b.arrive(p.message)
			}
		}
		b.end(s, true)
	}
}

// HangUp makes the broker end a session itself when a message arrives for which
// reason says so; it is not acknowledged and goes no further. nil ends that. The
// number counts the messages of a session from 1.
func (b *Broker) HangUp(reason func(m uplink.Message, number int) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hangUp = reason
}

// Away makes every dial fail with err from now on, and ends the sessions; nil
// makes the broker welcome again.
func (b *Broker) Away(err error) {
	b.mu.Lock()
	b.away = err
	b.mu.Unlock()
	if err != nil {
		b.Kill(0)
	}
}

// Hold keeps all receipts back until it is called with false. Messages arrive.
func (b *Broker) Hold(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold = on
	for _, s := range b.sessions {
		s.poke()
	}
}

// Silence stops delivery, to everybody, on the topics that match a filter. They
// are still taken and acknowledged: an access list does that.
func (b *Broker) Silence(filters ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silent = filters
}

// Latency is how long a receipt takes from now on.
func (b *Broker) Latency(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latency = d
}

// Publish says something as the city does.
func (b *Broker) Publish(m uplink.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrive(m)
}

// Messages returns all that arrived, in order, wills included.
func (b *Broker) Messages() []uplink.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.arrived)
}

// Retained returns what stands at the broker.
func (b *Broker) Retained() map[string][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.retained)
}

// Sessions, Dials and Most count the sessions that are open, the dials so far,
// and the messages that ever were in flight at once on one session.
func (b *Broker) Sessions() int { b.mu.Lock(); defer b.mu.Unlock(); return len(b.sessions) }
func (b *Broker) Dials() int    { b.mu.Lock(); defer b.mu.Unlock(); return b.dials }
func (b *Broker) Most() int     { b.mu.Lock(); defer b.mu.Unlock(); return b.most }

// Await returns nil once enough is content with all that arrived, or the cause
// why ctx ended.
func (b *Broker) Await(ctx context.Context, enough func([]uplink.Message) bool) error {
	for {
		b.mu.Lock()
		turn, ok := b.turn, enough(b.arrived)
		b.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// arrive takes a message in: keeps it, and hands it to whoever wants it. The
// caller holds the lock.
func (b *Broker) arrive(m uplink.Message) {
	m.Payload = bytes.Clone(m.Payload)
	b.arrived = append(b.arrived, m)
	close(b.turn)
	b.turn = make(chan struct{})
	if m.Retain && len(m.Payload) == 0 {
		delete(b.retained, m.Topic)
	} else if m.Retain {
		b.retained[m.Topic] = m.Payload
	}
	if slices.ContainsFunc(b.silent, func(filter string) bool { return Match(filter, m.Topic) }) {
		return
	}
	live := uplink.Message{Topic: m.Topic, Payload: m.Payload}
	for _, s := range b.sessions {
		if s.wants(m.Topic) {
			s.deliver(live)
		}
	}
	for _, w := range b.watchers {
		if Match(w.filter, m.Topic) {
			w.messages = append(w.messages, m)
		}
	}
}

// end takes a session out. The caller holds the lock.
func (b *Broker) end(s *session, will bool) {
	if b.sessions[s.client] != s {
		return
	}
	delete(b.sessions, s.client)
	s.fail()
	if will && s.will.Topic != "" {
		b.arrive(s.will)
	}
}

// Match says whether a topic fits a filter with "+" and "#" (MQTT 3.1.1, 4.7).
func Match(filter, topic string) bool {
	have := strings.Split(topic, "/")
	for i, want := range strings.Split(filter, "/") {
		switch {
		case want == "#":
			return true
		case i >= len(have):
			return false
		case want != "+" && want != have[i]:
			return false
		}
	}
	return len(strings.Split(filter, "/")) == len(have)
}
