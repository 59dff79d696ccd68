package uplink

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// mostWitnesses is how many records in a row are tried as one.
const mostWitnesses = 16

// A witness is the source of one record during a trial: another one of the suspect's
// lane, which goes before it. If that arrives, the broker takes the lane, and what
// dies behind it dies of itself. It is sent out of its turn, moves no mark, and comes
// again in its turn.
type witness struct {
	c    *connection
	next *offer
}

func (w *witness) wake() {
	if w.c.trial != nil {
		w.c.trial.nobody = false
	}
}

func (w *witness) offer(now time.Time) (*offer, time.Time) {
	t := w.c.trial
	if t == nil || t.heard || t.passed || t.nobody {
		return nil, time.Time{}
	}
	if wait, until := t.holds(t.id, now); wait {
		return nil, until
	}
	if w.next == nil {
		w.next = w.call(t, now)
		t.nobody = w.next == nil
	}
	return w.next, time.Time{}
}

// call finds a record, best one that was not sent yet.
func (w *witness) call(t *trial, now time.Time) *offer {
	s := w.c.link.Store
	lane, seq := placeOf(t.id)
	if epoch, _, _ := strings.Cut(t.id, "-"); store.Epoch(epoch) != w.c.epoch {
		seq = s.Marks(lane).Sent
	}
	for _, after := range []uint64{seq, seq - min(seq, mostWitnesses+1)} {
		records, err := s.Read(lane, after, mostWitnesses)
		if err != nil {
			return nil // it is told elsewhere, and the store wakes us
		}
		records = slices.DeleteFunc(records, func(r store.Record) bool {
			return r.IsStub() || r.ID() == t.id || r.Epoch != w.c.epoch
		})
		if len(records) > 0 {
			return w.make(t, records[w.c.link.suspect.witnesses%len(records)], now)
		}
	}
	return nil
}

func (w *witness) make(t *trial, r store.Record, now time.Time) *offer {
	m, err := Encode(w.c.link.Site, r, now, true)
	if err != nil {
		return nil
	}
	return &offer{Message: m, id: r.ID(), solo: true, taken: func() {
		w.next, t.heard, t.witness = nil, true, r.ID()
		for _, road := range w.c.roads {
			if road.lane == r.Lane { // its own turn may be the second
				road.handed, road.again = max(road.handed, r.Seq), max(road.again, r.Seq)
			}
		}
	}}
}

// placeOf reads lane and number out of the id of a record.
func placeOf(id string) (devices.Lane, uint64) {
	parts := strings.Split(id, "-")
	if len(parts) != 3 {
		return "", 0
	}
	seq, err := strconv.ParseUint(parts[2], 10, 64)
	if err != nil {
		return "", 0
	}
	return devices.Lane(parts[1]), seq
}
