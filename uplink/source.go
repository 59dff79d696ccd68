package uplink

import "time"

// An offer is a message that wants to go now.
type offer struct {
	Message
	skip   bool                   // nothing to send: only its place in line counts
	urgent bool                   // may use the part of the window that is kept free
	alone  bool                   // goes when nothing is in flight, and takes nothing from the window
	solo   bool                   // goes when nothing is in flight, and nothing goes beside it
	id     string                 // of a record; "" is none
	doc    string                 // key of a retained document; "" is none
	aside  func(why string) error // gives the record up, which is kept and told
	taken  func()                 // called when it was handed to the session
	done   func()                 // called when the broker has it
}

func (o *offer) size() int { return len(o.Topic) + len(o.Payload) }

// A source has messages to send. What it offers does not leave it before taken
// is called, so that something more important may overtake it.
type source interface {
	// offer returns the next message. Without one it returns the moment at
	// which to ask again; the zero time means: when the store has changed.
	offer(now time.Time) (*offer, time.Time)
	// wake says that the store has changed.
	wake()
}

// A queue is a source of messages that are made already, in order.
type queue struct{ waiting []*offer }

func (q *queue) push(o *offer) { q.waiting = append(q.waiting, o) }

func (q *queue) offer(time.Time) (*offer, time.Time) {
	if len(q.waiting) == 0 {
		return nil, time.Time{}
	}
	o := *q.waiting[0]
	taken := o.taken
	o.taken = func() {
		q.waiting = q.waiting[1:]
		if taken != nil {
			taken()
		}
	}
	return &o, time.Time{}
}

func (q *queue) wake() {}

// earlier returns the earlier of two moments, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
