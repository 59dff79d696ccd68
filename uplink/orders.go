package uplink

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sitepost/devices"
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
func (o *order) reply() reply {
	text := fmt.Sprintf("%d records sent again", o.sent)
	if o.lost > 0 {
		text += fmt.Sprintf(", %d are not kept any more", o.lost)
	}
	switch {
	case o.unread:
		return reply{o.id, resultFailed, "store_unreadable", text + ", the rest cannot be read"}
	case o.sent == 0:
		return reply{o.id, resultFailed, "not_kept", text}
	case o.lost > 0:
		return reply{o.id, resultOK, "sent_in_part", text}
	}
	return reply{o.id, resultOK, "sent", text}
}

func without(orders []*order, o *order) []*order {
	return slices.DeleteFunc(slices.Clone(orders), func(other *order) bool { return other == o })
}

// An action does what a command asks for. Its reply is nil where that comes later.
type action func() *reply

// resend reads the arguments of "resend {lane, from, to}": alarms or events that
// were sent, at most mostResent of them.
func (c *connection) resend(id string, args map[string]json.RawMessage) (action, *refusal) {
	var lane devices.Lane
	var from, to number
	_, err1 := member(args, "lane", &lane)
	_, err2 := member(args, "from", &from)
	_, err3 := member(args, "to", &to)
	a := c.link.account(lane)
	sent := c.link.Store.Marks(lane).Sent
	switch {
	case err1 != nil, err2 != nil, err3 != nil, from == 0, to < from:
		return nil, refuse("bad_args", "want lane, and from and to as numbers from 1 on")
	case lane != devices.AlarmLane && lane != devices.EventLane:
		return nil, refuse("not_kept", "only alarms and events are kept to be sent again")
	case uint64(to-from) >= mostResent:
		return nil, refuse("too_many", fmt.Sprintf("at most %d records at once", mostResent))
	case uint64(to) > sent:
		return nil, refuse("not_sent_yet", fmt.Sprintf("the lane was sent up to %d, what is behind comes by itself", sent))
	case len(a.orders) >= mostOrders:
		return nil, refuse("busy", "other commands are still being obeyed, ask again later")
	}
	return func() *reply {
		o := &order{id: id}
		o.left = spans{{uint64(from), uint64(to)}}
		a.orders = append(a.orders, o)
		return nil
	}, nil
}

// drain reads the arguments of "drain {rate, hold_until}": what is absent stays as
// it is. Alarms are never held.
func (c *connection) drain(id string, args map[string]json.RawMessage) (action, *refusal) {
	var rate number
	var until time.Time
	hasRate, err1 := member(args, "rate", &rate)
	hasHold, err2 := member(args, "hold_until", &until)
	d, now := c.link.desk, time.Now()
	switch {
	case err1 != nil, err2 != nil, !hasRate && !hasHold:
		return nil, refuse("bad_args", "want rate, a number, or hold_until, a moment, or both")
	case hasRate && (rate < 1 || rate > mostRate):
		return nil, refuse("out_of_bounds", fmt.Sprintf("rate is 1 to %d messages a second", mostRate))
	case hasHold && !d.synced():
		return nil, refuse("clock_unsynced", "the box does not know what time it is, and how long to wait")
	case hasHold && until.Sub(now) > mostHold:
		return nil, refuse("out_of_bounds", fmt.Sprintf("hold_until is at most %v ahead", mostHold))
	}
	until = now.Add(until.Sub(now)) // on the clock that nobody sets: a step of the other one holds nothing for years
	return func() *reply {
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
			text += " from " + stamp(d.hold) + " on"
		}
		return &reply{id, resultOK, "set", text}
	}, nil
}
