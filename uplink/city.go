package uplink

import (
	"time"

	"sitepost/uplink/command"
)

// hear does what the city says, or counts it.
func (c *connection) hear(m Message) {
	if m.Topic == downTopic(c.link.Site, "ack") {
		c.receipt(m)
		return
	}
	r, obeyed := c.obey(m, time.Now())
	c.link.tally.count(func(s *Status) {
		if obeyed {
			s.Obeyed++
		} else {
			s.Refused++
		}
	})
	if r != nil {
		c.answer(r)
	}
}

// obey judges a command and does what it asks for. There is no reply where there is
// nobody to answer, or where it comes later.
func (c *connection) obey(m Message, now time.Time) (*command.Reply, bool) {
	l := c.link
	name, _ := below(m.Topic, downTopic(l.Site, "command/"))
	k, err := command.Read(m.Payload)
	if err != nil {
		l.Log.Debug("a command is refused and cannot be answered", "name", name, "err", err)
		return nil, false
	}
	no := l.desk.Objection(k, name, m.Retain, l.Store.CommandCounter(), now)
	var do action
	if no == nil {
		do, no = l.desk.choices[name](c, k.ID, k.Args)
	}
	if no != nil {
		l.Log.Debug("a command of the city is refused", "name", name, "id", k.ID, "code", no.Code, "why", no.Text)
		return command.Answer(k.ID, no.Result, no.Code, no.Text), false
	}
	if err := l.Store.RaiseCommandCounter(uint64(k.Counter)); err != nil {
		l.Log.Warn("a command of the city is not obeyed", "name", name, "id", k.ID, "err", err)
		return command.Answer(k.ID, command.Failed, "store_unwritable", "its counter cannot be written down, so it could be obeyed twice"), false
	}
	l.Log.Info("a command of the city is obeyed", "name", name, "id", k.ID, "counter", k.Counter)
	return do(), true
}

// answer queues a reply, unless too many wait already.
func (c *connection) answer(r *command.Reply) {
	m, err := c.link.document("reply/"+r.ID, r, false)
	if err != nil || len(c.replies.waiting) >= inboxSize {
		c.link.Log.Warn("a command of the city is not answered", "id", r.ID, "result", r.Result, "err", err)
		return
	}
	c.replies.push(&offer{Message: m})
}
