package uplink

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink/strict"
)

// The platform's receipts, on down/ack. With receipt = "platform" a record of the
// lanes of alarms and events is kept until one of them covers it:
//
//	 received        upto           sent
//	───┼──────██───█───┼──────────────┼───►
//	          missing    not heard of
//
// The rules, for each lane:
//
//   - "received" moves to the number before the first that is missing, but never
//     beyond "sent". What lies above it and below upto and is not missing the
//     platform has: it is not sent again.
//
//   - What is missing is sent again at once, with the drain rate, and not again
//     for the same question within 30 to 60 s. A number that is not kept any more
//     is told by store.gap, not again within 10 to 20 min, and "received" passes
//     over it: there is nothing more to wait for.
//
//   - One timer runs while something was sent and not received. It starts anew
//     when the platform has shown that it has more than ever: who answers slowly
//     but steadily gets nothing twice.
//
//   - When it runs out, what had been sent when it started and is still not
//     received is sent again, once, and the timer starts anew with twice the time:
//     30 s, 1 min, … 10 min. A younger record waits for the next turn, so that no
//     record is sent again before it has waited as long as the timer.
//
//   - The time is 30 s again when a receipt came within 30 s since waiting began. A
//     slower one leaves it: who answers once a minute gets things twice only at
//     first.
//
//   - With a new connection the time starts anew: what the platform said while
//     there was none was lost.
//
//     t  0 s      30 s        90 s             210 s   … then every 10 min
//     sent ──► again ────► again ─────────► again
const (
	receiptPatience = 30 * time.Second
	receiptLongest  = 10 * time.Minute
	missingAgain    = 30 * time.Second // a question is not answered twice within this,
	gapAgain        = 10 * time.Minute // a gap not told twice within this, nor within twice of it
	mostMissing     = 64               // ranges of one receipt
	mostReceipt     = 16 << 10         // bytes of one
	mostNested      = 8                // objects and arrays in each other
	mostSpans       = 1024             // of any set that is remembered
)

// A receiptNote is what the platform writes on down/ack after its own durable
// commit: it has everything of the lane up to upto but for what is missing.
type receiptNote struct {
	lane       devices.Lane
	upto       uint64
	missing    spans
	receivedAt time.Time // by the platform's clock; zero: it did not say
}

// readNote reads a receipt. limit is the highest number of a lane that may have
// been sent. An error means that it does not count.
func readNote(m Message, epoch store.Epoch, limit func(devices.Lane) uint64) (n receiptNote, err error) {
	if m.Retain {
		return n, errors.New("the receipt is retained")
	}
	if len(m.Payload) > mostReceipt {
		return n, fmt.Errorf("the receipt has %d bytes, more than %d", len(m.Payload), mostReceipt)
	}
	object, err := strict.Object(m.Payload, mostNested)
	if err != nil {
		return n, err
	}
	var of store.Epoch
	var upto strict.Number
	_, err1 := strict.Member(object, "epoch", &of)
	_, err2 := strict.Member(object, "lane", &n.lane)
	said, err3 := strict.Member(object, "upto", &upto)
	_, err4 := strict.Member(object, "received_at", &n.receivedAt)
	n.upto = uint64(upto)
	switch err := errors.Join(err1, err2, err3, err4); {
	case err != nil:
		return n, err
	case of != epoch:
		return n, fmt.Errorf("the receipt is for epoch %.32q", of)
	case !slices.Contains(devices.Lanes(), n.lane):
		return n, fmt.Errorf("the receipt is for lane %.32q", n.lane)
	case !said:
		return n, errors.New("the receipt does not say up to which number")
	case n.upto > limit(n.lane):
		return n, fmt.Errorf("the receipt goes to %d, sent was %d", n.upto, limit(n.lane))
	}
	n.missing, err = readMissing(object, n.upto)
	return n, err
}

// readMissing reads the ranges that the platform does not have, in any order.
func readMissing(object map[string]json.RawMessage, upto uint64) (spans, error) {
	var ranges [][]strict.Number
	if _, err := strict.Member(object, "missing", &ranges); err != nil {
		return nil, err
	}
	if len(ranges) > mostMissing {
		return nil, fmt.Errorf("%d missing ranges are more than %d", len(ranges), mostMissing)
	}
	var all spans
	for _, r := range ranges {
		if len(r) != 2 || r[0] == 0 || r[0] > r[1] || uint64(r[1]) > upto {
			return nil, fmt.Errorf("missing %d: want [first, last] up to %d", r, upto)
		}
		all = append(all, span{uint64(r[0]), uint64(r[1])})
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	for i := 1; i < len(all); i++ {
		if all[i].first <= all[i-1].last {
			return nil, fmt.Errorf("missing %d and %d overlap", all[i-1], all[i])
		}
	}
	return all, nil
}

// receipt takes the platform's word that it has a part of a lane.
func (c *connection) receipt(m Message) {
	l, now := c.link, time.Now()
	note, err := readNote(m, c.epoch, c.mayHaveSent)
	if err == nil && !c.current() {
		err = errOtherFile
	}
	if err != nil {
		l.Log.Debug("a receipt of the platform does not count", "err", err)
		l.tally.count(func(s *Status) { s.Refused++ })
		return
	}
	if !note.receivedAt.IsZero() {
		offset := note.receivedAt.Sub(now)
		l.tally.count(func(s *Status) { s.PlatformOffset, s.PlatformHeard = offset, now })
	}
	if l.Receipt != ReceiptPlatform {
		l.tally.count(func(s *Status) { s.Ignored++ })
		return
	}
	if a := l.account(note.lane); a != nil {
		a.note(note, l.Store.Marks(note.lane), now)
		a.settle(l.Store)
		return
	}
	l.Store.MarkReceived(note.lane, min(note.upto, l.Store.Marks(note.lane).Sent)) // readings are never sent again
}

// mayHaveSent is the highest number of a lane that this session was given, or an
// earlier one may have been: the mark "sent" may be behind what the platform has.
func (c *connection) mayHaveSent(lane devices.Lane) uint64 {
	most := max(c.link.Store.Marks(lane).Sent, c.link.again[lane])
	for _, r := range c.roads {
		if r.lane == lane {
			most = max(most, r.handed)
		}
	}
	return most
}
