package uplink

import (
	"slices"
	"time"
)

// There are messages on which a connection dies: larger than the broker takes,
// or with something in them that it hangs up on. In front of a lane such a record
// would hold up all behind it for ever. But brokers die for many reasons, and a good
// record must not be given up for that. So:
//
//	death 1 2 3    the same record is the oldest in flight when a connection breaks
//	      │        under it. A connection that broke before it was handed over does
//	      ▼        not count, and one in which it was acknowledged acquits it.
//	careful        from then on records go one at a time, nothing beside them, and
//	      │        the suspect only after as many acknowledged canaries as any of these
//	      │        connections had acknowledgements, and more, and a rest of twice the
//	      │        time that any of them lived. A broker that hangs up after so many
//	      ▼        messages or so many seconds dies there, and that does not count.
//	death 4 5      alone on a connection that had just worked, and had just taken
//	      │        another record of its lane (witness.go): the record is the reason.
//	      ▼
//	set aside      kept on disk, passed over, told as a gap. Never silently.
//
// A broker that hangs up on a whole lane, as some do where their access list denies
// it, so makes no poison of any of its records. Where a lane has no other record, the
// suspect waits for one, and is tried meanwhile. A witness on which a connection dies
// says nothing; the next trial goes without one, and the one after it with another.
//
// What was acknowledged while a connection broke may not have reached us, so that
// the oldest in flight is the birth, or a good record in front of the bad one. So
// three deaths in a row without any record's acknowledgement bring care as
// well, and count for whichever record then dies alone. A good one is acquitted
// by its acknowledgement, and the 64 records behind it go carefully too.
const (
	suspectDeaths = 3
	asideDeaths   = 5
	asideAlone    = 2
	carefulFor    = 64
	mostControls  = 256
	leastRest     = time.Second
	mostRest      = 30 * time.Second
	longRest      = 20 * time.Second
	poisonWhy     = "every connection dies on it"
)

// A suspicion is what the ends of connections say of one record. It outlives them.
type suspicion struct {
	id     string // of the record; "" is none
	aside  func(why string) error
	deaths int           // connections that broke with it as the oldest in flight
	alone  int           // of these, with nothing else in flight, after a trial
	acks   int           // most messages acknowledged before a death, but for the first
	life   time.Duration // longest that a connection lived before a death, but for the first

	witnesses int  // that died
	unheard   bool // the next trial goes without one

	blind   int // deaths with records in flight since the last was acknowledged
	careful int // so many records still go one at a time
}

// broke notes that a connection broke that nobody ended on purpose.
func (s *suspicion) broke(c *connection, held time.Duration) {
	flights := c.window.flights
	if !slices.ContainsFunc(flights, func(f flight) bool { return f.id != "" }) {
		return // no record is the reason
	}
	s.blind++
	if s.blind >= suspectDeaths {
		s.careful = carefulFor
	}
	head := flights[0]
	switch {
	case head.id == "":
		return // which of them, nobody can say
	case c.trial != nil && c.trial.witness == head.id:
		s.witnesses, s.unheard = s.witnesses+1, true
		return
	case head.id != s.id:
		*s = suspicion{id: head.id, blind: s.blind, careful: s.careful}
		if head.solo {
			s.deaths = s.blind - 1
		}
	default:
		s.acks, s.life = max(s.acks, c.acks), max(s.life, held)
	}
	s.aside = head.aside
	s.deaths++
	if c.trial != nil && c.trial.id == head.id && c.trial.passed {
		s.alone++
	}
}

// repeats says that the last death was not the first of its kind: then it is a record's
// doing, and no other box's.
func (s *suspicion) repeats() bool { return s.blind > 1 || s.deaths > 1 }

// acked notes that the broker has a record.
func (s *suspicion) acked(id string) {
	s.blind = 0
	if id == s.id {
		s.forget()
	}
	s.careful = max(0, s.careful-1)
}

// wantsAlone says whether a record goes with nothing beside it: any for a while, and
// the suspect always, however much arrived between two of its deaths.
func (s *suspicion) wantsAlone(id string) bool {
	return id != "" && (s.careful > 0 || id == s.id && s.deaths >= suspectDeaths)
}

// forget acquits the suspect. Care remains for those behind it.
func (s *suspicion) forget() { *s = suspicion{careful: s.careful} }

// due returns the record that is to be set aside by now, and how.
func (s *suspicion) due() (string, func(string) error) {
	if s.deaths < asideDeaths || s.alone < asideAlone {
		return "", nil
	}
	return s.id, s.aside
}

// A trial lets the suspect go only on a connection that has just worked.
type trial struct {
	id       string
	controls int // canaries that are still to be acknowledged
	rest     time.Duration
	from     time.Time // it may go; zero: controls are missing

	witness string // the id of the one that was sent
	heard   bool   // no witness is to be sent any more
	nobody  bool   // there is none now
	passed  bool   // the broker took another record of the lane
}

// trial begins the trial of the suspect on a new connection; nil is none. It queues
// the controls.
func (s *suspicion) trial(c *connection) *trial {
	if s.id == "" || !s.wantsAlone(s.id) {
		return nil
	}
	t := &trial{id: s.id, controls: min(s.acks+3, mostControls), rest: s.rest(), heard: s.unheard}
	s.unheard = false
	control := &offer{Message: c.ears.own, done: func() {
		if t.controls--; t.controls == 0 {
			t.from = time.Now().Add(t.rest)
		}
	}}
	for range t.controls {
		c.controls.push(control)
	}
	return t
}

// rest is how long a connection must have worked before the suspect goes. One that
// dies and dies leaves the line to all else for longer, but not for long: it may be
// a good alarm, and the broker well again.
func (s *suspicion) rest() time.Duration {
	if s.deaths > asideDeaths {
		return longRest
	}
	return min(max(2*s.life, leastRest), mostRest)
}

// acked notes that the broker has a record.
func (t *trial) acked(id string) {
	if t == nil || id == t.id {
		return
	}
	lane, _ := placeOf(id)
	if own, _ := placeOf(t.id); own == lane {
		t.passed = true
	}
}

// holds says whether a record must wait, and until when; zero is until the
// controls are acknowledged.
func (t *trial) holds(id string, now time.Time) (bool, time.Time) {
	if t == nil || id != t.id {
		return false, time.Time{}
	}
	return t.from.IsZero() || now.Before(t.from), t.from
}
