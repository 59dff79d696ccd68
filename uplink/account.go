package uplink

import (
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// An account is what the platform has shown of a lane, and what is to be sent
// again of it. It outlives a connection, and belongs to the goroutine of the link.
// Its rules are in receipts.go.
type account struct {
	lane  devices.Lane
	epoch store.Epoch
	times bool // receipt = "platform": the timer runs

	upto    uint64 // of the last receipt
	missing spans  // of the last receipt
	gone    spans  // of these, what is not kept any more
	has     spans  // made of the three: what need not be waited for

	shown   uint64        // the most that the platform ever showed to have
	wait    time.Duration // of the timer
	began   time.Time     // waiting, without progress; zero: nothing is waited for
	due     time.Time     // zero: the timer does not run
	horizon uint64        // what had been sent when it started
	looked  uint64        // "sent" when it was looked at

	asked    batch    // the platform said that it is missing
	orders   []*order // of the city, see orders.go
	owed     batch    // the time ran out
	answered memory   // of asked
	told     memory   // of gone
}

func newAccount(lane devices.Lane, epoch store.Epoch, times bool) *account {
	return &account{lane: lane, epoch: epoch, times: times, wait: receiptPatience}
}

// account returns that of a lane, nil for readings and what is no lane. A store that was replaced
// begins new ones.
func (l *Link) account(lane devices.Lane) *account {
	if lane != devices.AlarmLane && lane != devices.EventLane {
		return nil
	}
	a, epoch := l.accounts[lane], l.Store.Epoch()
	if a == nil || a.epoch != epoch {
		a = newAccount(lane, epoch, l.Receipt == ReceiptPlatform)
		l.accounts[lane] = a
	}
	return a
}

// renew is told of a new connection: what an old one took with it is sent again,
// and the platform gets its time anew.
func (a *account) renew() {
	a.asked.renew()
	a.owed.renew()
	for _, o := range a.orders {
		o.renew()
	}
	a.began, a.due = time.Time{}, time.Time{}
}

// note takes a receipt in. What is missing and was never sent is on its way
// anyhow.
func (a *account) note(n receiptNote, marks store.Marks, now time.Time) {
	before := max(a.shown, a.reach(marks))
	a.upto, a.missing, a.gone = n.upto, n.missing, nil
	a.has = spans{}.with(span{1, n.upto}).without(n.missing...)
	if a.shown = max(before, a.reach(marks)); a.shown > before {
		a.progress(now)
	}
	a.owed.left = a.owed.left.without(a.has...)
	again := n.missing.without(span{marks.Sent + 1, noEnd})
	again = again.without(a.asked.all()...).without(a.answered.known(now, missingAgain)...)
	if a.asked.left = a.asked.left.union(again); len(a.asked.left) > mostSpans {
		a.asked.left = a.asked.left[:mostSpans] // it asks again
	}
	a.owed.left = a.owed.left.without(a.asked.left...)
}

// reach is how much the platform has shown to have, to see whether it is more than
// before.
func (a *account) reach(marks store.Marks) uint64 {
	return spans{}.with(span{1, a.upto}).without(a.missing...).with(span{1, marks.Received}).count()
}

// progress starts the time anew.
func (a *account) progress(now time.Time) {
	if !a.began.IsZero() && now.Sub(a.began) <= receiptPatience {
		a.wait = receiptPatience
	}
	a.began, a.due = time.Time{}, time.Time{}
}

// settle moves the mark as far as the last receipt and "sent" allow.
func (a *account) settle(s Store) {
	marks := s.Marks(a.lane)
	upto := min(a.has.above(marks.Received), marks.Sent)
	if upto > marks.Received {
		s.MarkReceived(a.lane, upto)
	}
}

// open are the numbers up to a number that were sent and not received.
func (a *account) open(marks store.Marks, upto uint64) spans {
	return spans{}.with(span{marks.Received + 1, min(upto, marks.Sent)}).without(a.has...)
}

// look lets the timer run, and returns when it will run out; zero: it does not
// run.
func (a *account) look(s Store, now time.Time) time.Time {
	if !a.times {
		return time.Time{}
	}
	marks := s.Marks(a.lane)
	if marks.Sent == a.looked && now.Before(a.due) {
		return a.due
	}
	a.looked = marks.Sent
	a.settle(s)
	marks = s.Marks(a.lane)
	switch {
	case a.owed.busy():
		return time.Time{} // what is on its way comes back and asks again
	case len(a.open(marks, marks.Sent)) == 0:
		a.began, a.due = time.Time{}, time.Time{}
	case a.due.IsZero():
		a.start(marks, now)
	case !now.Before(a.due):
		a.due = time.Time{}
		a.wait = min(2*a.wait, receiptLongest)
		a.owed.left = a.open(marks, a.horizon).without(a.asked.all()...)
		if !a.owed.busy() {
			a.start(marks, now)
		}
	}
	return a.due
}

// start starts the timer.
func (a *account) start(marks store.Marks, now time.Time) {
	if a.began.IsZero() {
		a.began = now
	}
	a.due, a.horizon = now.Add(a.wait), marks.Sent
}

// lose notes numbers that are not kept any more, and returns those of them that
// are to be told.
func (a *account) lose(lost spans, now time.Time) spans {
	if len(a.gone) < mostSpans {
		a.gone, a.has = a.gone.union(lost), a.has.union(lost)
	}
	news := lost.without(a.told.known(now, gapAgain)...)
	a.told.add(news, now, gapAgain)
	return news
}

// A batch is numbers that are to be sent again: those that wait for it, and those
// that were handed to the session and are not acknowledged.
type batch struct{ left, flying spans }

func (b *batch) busy() bool { return len(b.left)+len(b.flying) > 0 }
func (b *batch) all() spans { return b.left.union(b.flying) }
func (b *batch) renew()     { b.left, b.flying = b.all(), nil }
func (b *batch) drop(s spans) {
	b.left = b.left.without(s...)
}

// take moves a number from those that wait to those that fly, and done takes it
// out.
func (b *batch) take(n uint64) {
	one := span{n, n}
	b.left, b.flying = b.left.without(one), b.flying.with(one)
}

func (b *batch) done(n uint64) { b.flying = b.flying.without(span{n, n}) }

// A memory knows numbers for one to two turns, and forgets early what would be too
// much.
type memory struct {
	fresh, old spans
	turned     time.Time
}

// known returns what is remembered.
func (m *memory) known(now time.Time, turn time.Duration) spans {
	if over := now.Sub(m.turned); over >= 2*turn {
		m.fresh, m.old, m.turned = nil, nil, now
	} else if over >= turn {
		m.fresh, m.old, m.turned = nil, m.fresh, now
	}
	return m.fresh.union(m.old)
}

func (m *memory) add(s spans, now time.Time, turn time.Duration) {
	m.known(now, turn)
	if m.fresh = m.fresh.union(s); len(m.fresh) > mostSpans {
		m.fresh = nil
	}
}
