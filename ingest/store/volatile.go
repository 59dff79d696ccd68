package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sitepost/devices"
)

// While the disk refuses, alarms go to the city from memory: the conversation that
// said one goes on, for the next one may be worse. They are judged against what
// the file last showed and what was said since, so that a detector that says
// "raised" each second says it once.
//
//	Append ──► commit fails ──► ring ──► Volatile ──► the city hears it now
//	                             │
//	            the disk is well └─► judged again and stored, before all else
//
// The ring is no second store: it ends with the process, it has a bound, and what
// of it the disk takes in the end is an ordinary record, which says by Was as what
// it may have been told already.

// Bounds of the ring.
const (
	mostVolatile      = 1024
	mostVolatileBytes = 4 << 20
)

// catchUpEvery is how often the disk is asked whether it takes what waits in memory,
// which must go first: nothing else asks it meanwhile.
const catchUpEvery = time.Second

// A ring is the alarms that the disk refused. It is guarded by Store.mu; only the
// writer adds to it and takes from it.
type ring struct {
	most  int
	epoch Epoch // of this run; "" until it is needed
	last  uint64
	sent  uint64
	kept  []kept // oldest first
	bytes int
	said  map[string]*utterance // by key, of what is kept
}

// A kept is an alarm in the ring. One without a number is not told: it changes what
// is known, and makes no record.
type kept struct {
	form   devices.Form
	key    string
	record Record
	size   int
}

// An utterance is what is known of a key by the ring, and how much of that is kept.
type utterance struct {
	seen
	kept int
}

// An alarm is what is needed to keep one in memory.
type alarm struct {
	form  devices.Form
	place devices.Place
	event json.RawMessage
	size  int
}

// keepInMemory takes an alarm that the disk refused into the ring. made is its record, nil if
// nothing was new. It is false where there is no ring.
func (s *Store) keepInMemory(a *alarm) (made *Record, is bool) {
	var e devices.Event
	if s.ring.most <= 0 || json.Unmarshal(a.event, &e) != nil {
		return nil, false
	}
	clock := s.opt.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ring.epoch == "" {
		s.ring.epoch = newEpoch()
	}
	key := keyOf(a.place.Device.Name, e)
	k := kept{form: a.form, key: key, size: a.size, record: Record{
		Epoch: s.ring.epoch, Lane: devices.AlarmLane, Place: a.place, Event: e,
		Accepted: time.Now(), Clock: clock, Volatile: true,
	}}
	made = s.judgeVolatile(k, s.mirrored(key))
	s.speak() // whatever failed may be seen in the file all the same
	return made, true
}

// judgeVolatile does in the ring what change.accept does in the file. Store.mu is held.
func (s *Store) judgeVolatile(k kept, was seen) (made *Record) {
	e := k.record.Event
	v := judge(k.form, e, was)
	switch v {
	case tell:
		return s.keepAlarm(k, was, nil, "")
	case remind:
		return s.keepAlarm(k, was, was.open, "")
	case confirm, doubt:
		o := *was.open
		o.Unconfirmed, o.Over = v == doubt, nil
		s.keepUntold(k, seen{open: &o})
	case claim:
		k.record.Event = claimed(e)
		return s.keepAlarm(k, seen{open: new(was.open.withMode(devices.Normal, false))}, was.open, "")
	case lend:
		s.keepUntold(k, seen{open: new(was.open.withMode(e.Mode, true))})
	case over:
		s.keepUntold(k, seen{open: new(was.open.overBy(e))})
	case end:
		return s.keepAlarm(k, seen{}, was.open, clearedBy(v, e))
	case renew:
		over := k
		over.record.Event.State = devices.Cleared
		s.keepAlarm(over, seen{}, was.open, clearedBy(v, e))
		return s.raiseVolatile(k)
	case raise:
		return s.raiseVolatile(k)
	case start:
		s.keepUntold(k, seen{raw: &e.Count.Raw})
	case count:
		n := *e.Count
		n.Step = n.Raw - *was.raw
		k.record.Event.Count = &n
		return s.keepAlarm(k, seen{raw: &n.Raw}, nil, "")
	}
	return nil
}

// raiseVolatile keeps the raising of a condition.
func (s *Store) raiseVolatile(k kept) *Record {
	o := &opened{Unconfirmed: k.record.Event.Mode != devices.Normal}
	made := s.keepAlarm(k, seen{open: o}, nil, "")
	o.Record = *made
	return made
}

// keepAlarm gives an alarm its number and keeps it. now is what is known of its key
// from here on; of is the condition that it ends or tells again.
func (s *Store) keepAlarm(k kept, now seen, of *opened, by string) *Record {
	s.ring.last++
	k.record.Seq = s.ring.last
	k.record.Incident = k.record.ID()
	if of != nil {
		k.record.Incident, k.record.Since, k.record.ClearedBy = of.Record.Incident, of.Record.Event.Time, by
		k.record.Claimed = of.isClaimedBy(k.record.Event)
	}
	s.keepUntold(k, now)
	return &k.record
}

// keepUntold keeps what changes only what is known.
func (s *Store) keepUntold(k kept, now seen) {
	r := &s.ring
	if r.said == nil {
		r.said = make(map[string]*utterance)
	}
	u := r.said[k.key]
	if u == nil {
		u = &utterance{}
		r.said[k.key] = u
	}
	u.seen, u.kept = now, u.kept+1
	r.kept, r.bytes = append(r.kept, k), r.bytes+k.size
	for len(r.kept) > r.most || r.bytes > mostVolatileBytes && len(r.kept) > 1 {
		if r.evict() {
			s.count(devices.AlarmLane, s.refusal)
		}
	}
}

// evict makes room: of what was forwarded the oldest that stands no more, or the
// oldest of it, and otherwise the oldest test alarm, or the oldest of all, which is then
// lost: who tests the way each minute must not push out what came from the site.
func (r *ring) evict() (lost bool) {
	forwarded := func(k kept) bool { return k.record.Seq <= r.sent }
	stands := func(k kept) bool {
		o := r.said[k.key].open
		return o != nil && o.Record.ID() == k.record.ID()
	}
	older := r.kept[:len(r.kept)-1] // not the newest, for which there is to be room
	at := slices.IndexFunc(older, func(k kept) bool { return forwarded(k) && !stands(k) })
	if at < 0 {
		at = slices.IndexFunc(older, forwarded)
	}
	if at < 0 {
		at = max(0, slices.IndexFunc(older, func(k kept) bool { return k.record.Event.Code == devices.AlarmTest }))
	}
	out := r.kept[at]
	lost = !forwarded(out)
	r.kept, r.bytes = slices.Delete(r.kept, at, at+1), r.bytes-out.size
	if u := r.said[out.key]; u.kept > 1 {
		u.kept--
	} else {
		delete(r.said, out.key)
	}
	return lost
}

// empty forgets what is in the file now. Numbers go on.
func (r *ring) empty() { r.kept, r.bytes, r.said = nil, 0, nil }

// Volatile returns the alarms above a number that are only in memory, because the
// disk refuses: at most 1,024, ascending. They are of an epoch of their own, and
// outside the marks. When the disk takes them they are here no more, and come as
// records with Was.
func (s *Store) Volatile(after uint64) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Record
	for _, k := range s.ring.kept {
		if k.record.Seq > after {
			all = append(all, k.record)
		}
	}
	return all
}

// VolatileSent says that the broker has the alarms in memory up to a number: they
// are the first to go when there is no room for another.
func (s *Store) VolatileSent(upto uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring.sent = max(s.ring.sent, min(upto, s.ring.last))
}

// behind says whether there is something in memory that belongs on disk. Store.mu
// is held.
func (s *Store) behind() bool { return len(s.ring.kept) > 0 || len(s.outage.counts) > 0 }

// resting says why the disk is not to be asked now: it refused a moment ago, and alarms
// wait for it.
func (s *Store) resting() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing && len(s.ring.kept) > 0 && time.Since(s.outage.failed) < catchUpEvery {
		return s.refusal
	}
	return nil
}

// catchUp brings into a transaction what waited in memory for the disk, before what
// is said now.
func (c *change) catchUp() error {
	c.s.mu.Lock()
	waiting := slices.Clone(c.s.ring.kept)
	c.restored = len(waiting)
	c.any = c.any || len(waiting) > 0 // even if the file has it all by now: then memory is done with it
	c.counted = c.s.outage.uncounted()
	c.s.mu.Unlock()
	defer func() { c.was = nil }()
	for _, k := range waiting {
		c.was = &k.record
		if err := c.accept(k.form, k.record.Place, k.record.Event); err != nil {
			return fmt.Errorf("alarm %q from memory: %w", k.record.ID(), err)
		}
	}
	return c.saveCounts()
}

// remade makes a record of a transaction what it was in memory.
func (c *change) remade(r *Record) {
	if c.was == nil {
		return
	}
	if r.Accepted, r.Clock = c.was.Accepted, c.was.Clock; c.was.Seq > 0 {
		r.Was = c.was.ID()
	}
	if c.was.ClearedBy != "" && r.ClearedBy != "" {
		r.ClearedBy = c.was.ClearedBy
	}
}

// caughtUp forgets what a committed transaction brought to disk: one that only made
// room brought nothing. Store.mu is held.
func (s *Store) caughtUp(c *change) {
	if c.restored > 0 {
		s.opt.Log.Info("alarms from memory are on disk", "alarms", c.restored)
		s.ring.empty()
	}
	s.outage.settled(c.counted)
}

// console answers who waits for an entry that the disk refused: an alarm is kept in
// memory, and an event is lost when it waited long enough. What is damaged is for
// the writer to heal.
func (s *Store) console(e *entry, err error) error {
	if !errors.Is(err, ErrUnwritable) {
		return err
	}
	switch {
	case e.alarm != nil:
		made, is := s.keepInMemory(e.alarm)
		if !is {
			return err
		}
		e.made = made
		return nil
	case e.lane == devices.EventLane:
		return s.refuseEvent(err)
	}
	return err
}
