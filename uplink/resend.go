package uplink

import (
	"errors"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A redelivery is the source of what is to be sent again of a lane, during one
// connection. What the platform says is missing goes before what the city ordered,
// and that before what the platform has merely not acknowledged in time. The first
// two go with the drain rate, the third also waits for the drain to begin.
type redelivery struct {
	c *connection
	a *account

	ahead    []store.Record // read, ascending
	next     *offer         // made of the record nextSeq for the batch nextOf
	nextSeq  uint64
	nextOf   *batch
	notUntil time.Time // of the next read, after one that failed
	failing  bool
}

func newRedelivery(c *connection, lane devices.Lane) *redelivery {
	a := c.link.account(lane)
	a.renew()
	r := &redelivery{c: c, a: a}
	for _, o := range a.orders {
		r.finish(o) // its last record may have been given up
	}
	return r
}

func (r *redelivery) wake() {}

func (r *redelivery) offer(now time.Time) (*offer, time.Time) {
	if r.c.stopping {
		return nil, time.Time{} // it stays in the store, and the next run is asked again
	}
	again := r.a.look(r.c.link.Store, now)
	for {
		b, o := r.pick()
		if b == nil {
			return nil, again
		}
		at := r.c.slow.pace(now)
		if b == &r.a.owed {
			at = r.c.slow.wait(now)
		}
		if now.Before(r.notUntil) {
			at = r.notUntil
		}
		if !at.IsZero() {
			return nil, earlier(again, at)
		}
		if !r.ready(b, o, now) {
			continue
		}
		if wait, until := r.c.trial.holds(r.next.id, now); wait {
			return nil, earlier(again, until)
		}
		return r.next, time.Time{}
	}
}

// pick returns the batch whose turn it is, and the order that it belongs to.
func (r *redelivery) pick() (*batch, *order) {
	if len(r.a.asked.left) > 0 {
		return &r.a.asked, nil
	}
	for _, o := range r.a.orders {
		if len(o.left) > 0 {
			return &o.batch, o
		}
	}
	if len(r.a.owed.left) > 0 {
		return &r.a.owed, nil
	}
	return nil, nil
}

// ready makes the next offer of a batch. False means that there is none now: the
// batch has become smaller, or the store cannot be read.
func (r *redelivery) ready(b *batch, o *order, now time.Time) bool {
	seq := b.left[0].first
	if r.next != nil && r.nextOf == b && r.nextSeq == seq {
		return true
	}
	r.next = nil
	if len(r.ahead) == 0 || r.ahead[0].Seq != seq {
		if err := r.read(b, o, now); err != nil {
			r.fail(o, err, now)
			return false
		}
		if len(r.ahead) == 0 || len(b.left) == 0 || r.ahead[0].Seq != b.left[0].first {
			return false
		}
		seq = r.ahead[0].Seq
	}
	m, err := Encode(r.c.link.Site, r.ahead[0], now, true) // a stub cannot be said either
	if err != nil {
		r.lose(b, o, spans{{seq, seq}}, now) // why was told when it should have gone
		return false
	}
	r.next, r.nextOf, r.nextSeq = r.make(b, o, seq, m), b, seq
	return true
}

// make is the offer of one record.
func (r *redelivery) make(b *batch, o *order, seq uint64, m Message) *offer {
	return &offer{
		Message: m, // not urgent: what is kept free of the window is for fresh alarms
		id:      r.ahead[0].ID(),
		aside: func(why string) error {
			if err := r.c.asideIn(r.a.lane, seq)(why); err != nil {
				return err
			}
			b.done(seq)
			if o != nil {
				o.lost++
			}
			return nil
		},
		taken: func() {
			r.next, r.ahead = nil, r.ahead[1:]
			b.take(seq)
			r.c.slow.spend(time.Now())
		},
		done: func() {
			b.done(seq)
			r.c.link.tally.count(func(s *Status) { s.Resent++ })
			if b == &r.a.asked {
				r.a.answered.add(spans{{seq, seq}}, time.Now(), missingAgain)
			}
			if o != nil {
				o.sent++
				r.finish(o)
			}
		},
	}
}

// read fetches the next records of a batch, and finds those that are not kept any
// more: of those that follow each other all at once, however many, so that they are
// told as one.
func (r *redelivery) read(b *batch, o *order, now time.Time) error {
	want := b.left[0]
	records, err := r.c.link.Store.Read(r.a.lane, want.first-1, int(min(want.count(), readAhead)))
	damage, damaged := errors.AsType[*store.DamageError](err)
	if err != nil && (!damaged || len(records) == 0 && len(damage.Seqs) == 0) {
		return err
	}
	if !r.c.current() {
		return errOtherFile // the connection is about to end
	}
	r.failing = false
	r.ahead = records
	for len(r.ahead) > 0 && r.ahead[len(r.ahead)-1].Seq > want.last {
		r.ahead = r.ahead[:len(r.ahead)-1]
	}
	whole := !damaged && (len(records) == 0 || len(r.ahead) < len(records)) // nothing more of it is kept
	switch {
	case whole:
	case len(r.ahead) > 0: // what lies behind was not read
		want.last = r.ahead[len(r.ahead)-1].Seq
	default:
		want.last = max(want.first, min(want.last, slices.Max(damage.Seqs)))
	}
	lost := spans{want}
	for _, record := range r.ahead {
		lost = lost.without(span{record.Seq, record.Seq})
	}
	if len(lost) > 0 {
		r.lose(b, o, lost, now)
	}
	return nil
}

// lose drops numbers that cannot be sent again. Those that the platform misses are
// told; of the others it either asks, or the store has told that it dropped them.
func (r *redelivery) lose(b *batch, o *order, lost spans, now time.Time) {
	b.drop(lost)
	if o != nil {
		o.lost += lost.count()
		r.finish(o)
	}
	if b != &r.a.asked {
		return
	}
	l := r.c.link
	if news := r.a.lose(lost, now); len(news) > 0 {
		l.teller.hole(r.a, news)
	}
	r.a.settle(l.Store)
}

// fail waits after a read that failed. An order does not wait for ever.
func (r *redelivery) fail(o *order, err error, now time.Time) {
	if !r.failing {
		r.c.link.Log.Warn("the store cannot be read", "lane", r.a.lane, "err", err)
	}
	r.failing, r.notUntil = true, now.Add(readAgain)
	if o == nil {
		return
	}
	if o.tries++; o.tries >= orderTries {
		o.left, o.unread = nil, true
		r.finish(o)
	}
}

// finish answers an order of which nothing is left.
func (r *redelivery) finish(o *order) {
	if o.busy() {
		return
	}
	r.a.orders = without(r.a.orders, o)
	r.c.answer(o.reply())
}
