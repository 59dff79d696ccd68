package uplinktest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sitepost/uplink"
)

// A session is one client's connection. Everything but its goroutine works
// under the broker's lock.
type session struct {
	broker        *Broker
	client        string
	will          uplink.Will
	subscriptions []string
	onMessage     func(uplink.Message)

	cause    error            // why it ended, if that is known
	number   int              // messages so far
	pending  []*parcel        // published, not acknowledged, oldest first
	incoming []uplink.Message // for onMessage
	lost     chan struct{}
	kick     chan struct{}
	gone     chan struct{} // closed when the goroutine has ended
}

// A parcel is one published message and its receipt.
type parcel struct {
	message uplink.Message
	due     time.Time // when the receipt may come
	arrived bool
	done    chan struct{}
	err     error
}

func (p *parcel) Done() <-chan struct{} { return p.done }
func (p *parcel) Error() error          { return p.err }

func newSession(b *Broker, client string, will uplink.Will, subscriptions []string, onMessage func(uplink.Message)) *session {
	s := &session{
		broker: b, client: client, will: will, subscriptions: subscriptions, onMessage: onMessage,
		lost: make(chan struct{}), kick: make(chan struct{}, 1), gone: make(chan struct{}),
	}
	go s.run()
	return s
}

// Publish hands a message to the broker.
func (s *session) Publish(m uplink.Message) uplink.Receipt {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	p := &parcel{message: m, due: time.Now().Add(s.broker.latency), done: make(chan struct{})}
	if s.broker.sessions[s.client] != s {
		p.err = ErrLost
		close(p.done)
		return p
	}
	s.pending = append(s.pending, p)
	s.broker.most = max(s.broker.most, len(s.pending))
	s.poke()
	return p
}

// Lost is closed when the session has ended.
func (s *session) Lost() <-chan struct{} { return s.lost }

// Cause is ErrLost, or that the broker ended the session itself.
func (s *session) Cause() error {
	s.broker.mu.Lock()
	defer s.broker.mu.Unlock()
	return cmp.Or(s.cause, ErrLost)
}

// Close ends the session; no will is published.
func (s *session) Close(context.Context) error {
	s.leave(false)
	return nil
}

// Drop ends the session; the will is published.
func (s *session) Drop() { s.leave(true) }

func (s *session) leave(will bool) {
	s.broker.mu.Lock()
	s.broker.end(s, will)
	s.broker.mu.Unlock()
	<-s.gone
}

// fail ends the session's side: nothing that is pending was acknowledged.
func (s *session) fail() {
	for _, p := range s.pending {
		p.err = ErrLost
		close(p.done)
	}
	s.pending = nil
	close(s.lost)
}

func (s *session) wants(topic string) bool {
	return slices.ContainsFunc(s.subscriptions, func(filter string) bool { return Match(filter, topic) })
}

func (s *session) deliver(m uplink.Message) {
	s.incoming = append(s.incoming, m)
	s.poke()
}

func (s *session) poke() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// run moves messages both ways until the session is lost.
func (s *session) run() {
	defer close(s.gone)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		in, due := s.step()
		for _, m := range in {
			s.onMessage(m)
		}
		if !due.IsZero() {
			timer.Reset(time.Until(due))
		}
		select {
		case <-s.lost:
			return
		case <-s.kick:
		case <-timer.C:
		}
	}
}

// step takes in what was published and acknowledges what is due. It returns
// what is to be delivered, and when the next receipt is due.
func (s *session) step() ([]uplink.Message, time.Time) {
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range s.pending {
		if !p.arrived {
			if s.number++; b.hangUp != nil && b.hangUp(p.message, s.number) {
				s.cause = errHungUp
				b.end(s, true)
				break
			}
			p.arrived = true
			b.arrive(p.message)
		}
	}
	var due time.Time
	for len(s.pending) > 0 && !b.hold {
		p := s.pending[0]
		if time.Now().Before(p.due) {
			due = p.due
			break
		}
		s.pending = s.pending[1:]
		close(p.done)
	}
	in := s.incoming
	s.incoming = nil
	return in, due
}
