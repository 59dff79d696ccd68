package uplink

import (
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// salvaged is what was saved from a damaged file: records of an earlier epoch, in a
// line of their own. They may have been sent before, and go under their own id.
// Alarms stand first in that line and go behind the fresh ones, the others with the
// backlog of events.
type salvaged struct {
	connection *connection
	after      uint64
	ahead      []store.Salvage
	next       *offer // made of ahead[0]
	alarm      bool   // next is one
	dry        bool
	notUntil   time.Time
}

// salvagedLane shows the head of the line where its lane has its place.
type salvagedLane struct {
	*salvaged
	alarms bool
}

func (s *salvaged) wake() { s.dry = false }

func (s *salvagedLane) offer(now time.Time) (*offer, time.Time) {
	if s.dry {
		return nil, time.Time{}
	}
	if s.next == nil {
		if now.Before(s.notUntil) {
			return nil, s.notUntil
		}
		if !s.read(now) {
			return nil, s.notUntil
		}
	}
	if s.alarm != s.alarms {
		return nil, time.Time{}
	}
	if at := s.connection.slow.wait(now); !s.alarm && !at.IsZero() {
		return nil, at
	}
	if wait, until := s.connection.trial.holds(s.next.id, now); wait {
		return nil, until
	}
	return s.next, time.Time{}
}

// read makes the next offer; false means that there is none now.
func (s *salvaged) read(now time.Time) bool {
	l := s.connection.link
	if len(s.ahead) == 0 {
		var err error
		if s.ahead, err = l.Store.ReadSalvaged(s.after, readAhead); err != nil {
			if s.notUntil.IsZero() {
				l.Log.Warn("what was saved from a damaged file cannot be read", "err", err)
			}
			s.ahead, s.notUntil = nil, now.Add(readAgain)
			return false
		}
		s.notUntil = time.Time{}
		if s.dry = len(s.ahead) == 0; s.dry {
			return false
		}
	}
	head := s.ahead[0]
	s.ahead = s.ahead[1:]
	m, err := Encode(l.Site, head.Record, now, true)
	if err != nil && !head.Record.IsStub() { // that was told when it was set aside
		l.tellGap(head.Record, err)
	}
	s.alarm = head.Record.Lane == devices.AlarmLane
	s.next = &offer{
		Message: m, skip: err != nil, urgent: s.alarm, id: head.Record.ID(),
		aside: func(why string) error {
			if !s.connection.current() {
				return errOtherFile
			}
			return l.giveUp(head.Record, func() { s.sent(head.At) })(why)
		},
		taken: func() {
			s.next, s.after = nil, head.At
			if head.Record.Lane != devices.AlarmLane {
				s.connection.slow.spend(time.Now())
			}
		},
		done: func() { s.sent(head.At) },
	}
	return true
}

// sent tells the store, unless it has yet another file by now, in which the places in
// line are those of others.
func (s *salvaged) sent(at uint64) {
	if s.connection.current() {
		s.connection.link.Store.SalvagedSent(at)
	}
}

// giveUp tells of a record that has no lane to be set aside from.
func (l *Link) giveUp(r store.Record, sent func()) func(string) error {
	return func(why string) error {
		l.tellGap(r, &unsendable{r.ID(), why})
		sent()
		return nil
	}
}

// unsendable is why a record is given up.
type unsendable struct{ id, why string }

func (u *unsendable) Error() string { return "record " + u.id + " cannot be sent: " + u.why }

// A volatileTold is how far the alarms in memory were handed over, in any
// connection. They have a random epoch and numbers of their own.
type volatileTold struct {
	epoch store.Epoch
	upto  uint64
}

// volatiles is the source of the alarms that are only in memory, because the disk
// refuses them. They go before everything but the birth: they are lost with the box.
type volatiles struct {
	connection *connection
	epoch      store.Epoch
	after      uint64
	ahead      []store.Record
	next       *offer
	dry        bool
}

func (v *volatiles) wake() { v.dry = false }

func (v *volatiles) offer(now time.Time) (*offer, time.Time) {
	if v.next == nil && !v.read(now) {
		return nil, time.Time{}
	}
	if wait, until := v.connection.trial.holds(v.next.id, now); wait {
		return nil, until
	}
	return v.next, time.Time{}
}

// read makes the next offer. All of them are asked for, at most 1,024: another epoch
// would begin at 1.
func (v *volatiles) read(now time.Time) bool {
	l := v.connection.link
	for len(v.ahead) == 0 {
		if v.dry {
			return false
		}
		v.dry = true
		for _, r := range l.Store.Volatile(0) {
			if r.Epoch != v.epoch || r.Seq > v.after {
				v.ahead = append(v.ahead, r)
			}
		}
	}
	r := v.ahead[0]
	v.ahead = v.ahead[1:]
	m, err := Encode(l.Site, r, now, r.Epoch == l.told.epoch && r.Seq <= l.told.upto)
	if err != nil {
		l.tellGap(r, err)
	}
	v.next = &offer{
		Message: m, skip: err != nil, urgent: true, id: r.ID(),
		aside: l.giveUp(r, func() { l.Store.VolatileSent(r.Seq) }),
		taken: func() {
			v.next, v.epoch, v.after = nil, r.Epoch, r.Seq
			if l.told.epoch != r.Epoch {
				l.told = volatileTold{epoch: r.Epoch}
			}
			l.told.upto = max(l.told.upto, r.Seq)
			v.dry = false
		},
		done: func() { l.Store.VolatileSent(r.Seq) },
	}
	return true
}
