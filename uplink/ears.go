package uplink

import (
	"bytes"
	"sync"
)

// inboxSize is how many messages of the city may wait to be looked at.
const inboxSize = 64

// Ears take what the broker sends, on the session's own goroutine, and never
// block it: what is too large, too much or not for us is counted and dropped.
type ears struct {
	site  string
	tally *tally
	inbox chan Message

	own    Message       // the canary that must come back
	echoed chan struct{} // closed when it did
	once   sync.Once
}

func newEars(site string, own Message, t *tally) *ears {
	return &ears{site: site, tally: t, own: own, inbox: make(chan Message, inboxSize), echoed: make(chan struct{})}
}

// take is the session's onMessage.
func (e *ears) take(m Message) {
	if m.Topic == e.own.Topic {
		if bytes.Equal(m.Payload, e.own.Payload) {
			e.once.Do(func() { close(e.echoed) })
		}
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
