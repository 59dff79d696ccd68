package uplink

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/uplink/command"
	"sitepost/uplink/encode"
	"sitepost/uplink/strict"
)

// Bounds of what the city may order.
const (
	mostResent = 1000 // records of one command: 20 s at the default drain rate
	mostOrders = 8    // that wait, for each lane
	orderTries = 10   // reads that fail, a second apart
	mostRate   = 10_000
	mostHold   = 24 * time.Hour
)

// An order is a command "resend" under way. It is answered when all of it was
// acknowledged. It outlives a connection, and not the run: who gets no answer asks
// again.
type order struct {
	batch
	id         string
	sent, lost uint64
	tries      int
	unread     bool
}

// reply says what became of an order.
func (o *order) reply() *command.Reply {
	text := fmt.Sprintf("%d records sent again", o.sent)
	if o.lost > 0 {
		text += fmt.Sprintf(", %d are not kept any more", o.lost)
	}
	switch {
	case o.unread:
		return command.Answer(o.id, command.Failed, "store_unreadable", text+", the rest cannot be read")
	case o.sent == 0:
		return command.Answer(o.id, command.Failed, "not_kept", text)
	case o.lost > 0:
		return command.Answer(o.id, command.OK, "sent_in_part", text)
	}
	return command.Answer(o.id, command.OK, "sent", text)
}

func without(orders []*order, o *order) []*order {
	return slices.DeleteFunc(slices.Clone(orders), func(other *order) bool { return other == o })
}

// An action does what a command asks for. Its reply is nil where that comes later.
type action func() *command.Reply

// resend reads the arguments of "resend {lane, from, to}": alarms or events that
// were sent, at most mostResent of them.
func (c *connection) resend(id string, args map[string]json.RawMessage) (action, *command.Refusal) {
	var lane devices.Lane
	var from, to strict.Number
	_, err1 := strict.Member(args, "lane", &lane)
	_, err2 := strict.Member(args, "from", &from)
	_, err3 := strict.Member(args, "to", &to)
	a := c.link.account(lane)
	sent := c.link.Store.Marks(lane).Sent
	switch {
	case err1 != nil, err2 != nil, err3 != nil, from == 0, to < from:
		return nil, command.Refuse("bad_args", "want lane, and from and to as numbers from 1 on")
	case lane != devices.AlarmLane && lane != devices.EventLane:
		return nil, command.Refuse("not_kept", "only alarms and events are kept to be sent again")
	case uint64(to-from) >= mostResent:
		return nil, command.Refuse("too_many", fmt.Sprintf("at most %d records at once", mostResent))
	case uint64(to) > sent:
		return nil, command.Refuse("not_sent_yet", fmt.Sprintf("the lane was sent up to %d, what is behind comes by itself", sent))
	case len(a.orders) >= mostOrders:
		return nil, command.Refuse("busy", "other commands are still being obeyed, ask again later")
	}
	return func() *command.Reply {
		o := &order{id: id}
		o.left = spans{{uint64(from), uint64(to)}}
		a.orders = append(a.orders, o)
		return nil
	}, nil
}

// drain reads the arguments of "drain {rate, hold_until}": what is absent stays as
// it is. Alarms are never held.
func (c *connection) drain(id string, args map[string]json.RawMessage) (action, *command.Refusal) {
	var rate strict.Number
	var until time.Time
	hasRate, err1 := strict.Member(args, "rate", &rate)
	hasHold, err2 := strict.Member(args, "hold_until", &until)
	d, now := c.link.desk, time.Now()
	switch {
	case err1 != nil, err2 != nil, !hasRate && !hasHold:
		return nil, command.Refuse("bad_args", "want rate, a number, or hold_until, a moment, or both")
	case hasRate && (rate < 1 || rate > mostRate):
		return nil, command.Refuse("out_of_bounds", fmt.Sprintf("rate is 1 to %d messages a second", mostRate))
	case hasHold && !d.Synced():
		return nil, command.Refuse("clock_unsynced", "the box does not know what time it is, and how long to wait")
	case hasHold && until.Sub(now) > mostHold:
		return nil, command.Refuse("out_of_bounds", fmt.Sprintf("hold_until is at most %v ahead", mostHold))
	}
	until = now.Add(until.Sub(now)) // on the clock that nobody sets: a step of the other one holds nothing for years
	return func() *command.Reply {
		if hasRate {
			d.rate = int(rate)
			c.slow.change(d.rate)
		}
		if hasHold {
			c.slow.start = until // a moment that has passed ends what was held
			d.hold = until
		}
		text := "what waits goes"
		if d.rate > 0 {
			text += fmt.Sprintf(" with %d messages a second", d.rate)
		}
		if time.Now().Before(d.hold) {
			text += " from " + encode.Stamp(d.hold) + " on"
		}
		return command.Answer(id, command.OK, "set", text)
	}, nil
}
