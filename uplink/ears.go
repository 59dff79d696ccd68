package uplink

import (
	"bytes"
	"encoding/json"
	"sync/atomic"
)

// inboxSize is how many messages of the city may wait to be looked at.
const inboxSize = 64

// Ears take what the broker sends, on the session's own goroutine, and never
// block it: what is too large, too much or not for us is counted and dropped.
type ears struct {
	site   string
	tally  *tally
	births *births
	inbox  chan Message

	own    Message       // the canary that must come back
	echoed chan struct{} // has one when it did
	rival  chan struct{} // has one when somebody else's canary came
	deaf   atomic.Bool   // to all but the canary: a scout obeys nobody
}

func newEars(l *Link, own Message) *ears {
	return &ears{
		site: l.Site, tally: l.tally, births: &l.births, inbox: make(chan Message, inboxSize),
		own: own, echoed: make(chan struct{}, 1), rival: make(chan struct{}, 1),
	}
}

// take is the session's onMessage.
func (e *ears) take(m Message) {
	if m.Topic == e.own.Topic {
		e.canary(m)
		return
	}
	if e.deaf.Load() {
		return
	}
	_, ours := below(m.Topic, downTopic(e.site, ""))
	if !ours || len(m.Payload) > MaxPayload {
		e.tally.count(func(s *Status) { s.Refused++ })
		return
	}
	select {
	case e.inbox <- m:
	default:
		e.tally.count(func(s *Status) { s.Refused++ })
	}
}

// canary knows our own from that of another box under our name, which has another
// store, or a copy of ours whose connections are numbered without us.
func (e *ears) canary(m Message) {
	if bytes.Equal(m.Payload, e.own.Payload) {
		signal(e.echoed)
		return
	}
	var c canary
	if len(m.Payload) > MaxPayload || json.Unmarshal(m.Payload, &c) != nil || c.Epoch == "" || m.Retain {
		e.tally.count(func(s *Status) { s.Refused++ })
		return
	}
	if !e.births.ours(c.Epoch, c.Birth) {
		signal(e.rival)
	}
}

// signal puts one in, if there is none yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
