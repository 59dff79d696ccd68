package store

import (
	"cmp"
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/segment"
	"sitepost/ingest/store/sound"
)

// The binder is the second goroutine of a store. What is bulk goes through its
// hands, so that no alarm waits for it: readings, which it puts into files of their
// own once a second at most, and alarms that are done, which it copies into files of
// history (history.go). It unlinks such files (shed.go).
//
//	Append(reading) ─► bulk ─► binder ─► readings-….db ─► Changed
//	                             │
//	     alarms that are done ───┴────► history-….db   ─► the writer deletes them

// A loose is a reading that waits to be bound.
type loose struct {
	place devices.Place
	event devices.Event
}

// bind is the binder. It ends when the store is closed and no reading waits.
func (s *Store) bind() {
	defer close(s.bound)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.pulses.binder.Add(1)
		batch, wait, closed := s.nextBulk()
		switch {
		case len(batch) > 0:
			s.answer(batch, s.bindReadings(batch))
			continue
		case closed:
			return
		}
		s.binding.Lock()
		if s.openLogs() {
			s.tidy(time.Now())
		}
		s.binding.Unlock()
		timer.Reset(min(wait, tidyEvery))
		select {
		case <-s.kickBulk:
		case <-timer.C:
		}
	}
}

// nextBulk returns the readings to be bound now, or how long there are none.
func (s *Store) nextBulk() (batch []*entry, wait time.Duration, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case len(s.bulk.waiting) > 0 && (s.bulk.closed || !s.bulk.due.After(now)):
		return s.bulk.take(), 0, false
	case len(s.bulk.waiting) > 0:
		return nil, s.bulk.due.Sub(now), false
	}
	return nil, tidyEvery, s.bulk.closed
}

// bindReadings gives readings their numbers and puts them on disk. What the disk
// does not take has used its numbers, and is told as a gap.
func (s *Store) bindReadings(batch []*entry) error {
	s.binding.Lock()
	defer s.binding.Unlock()
	if !s.openLogs() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for range readingsIn(batch) {
			s.count(devices.ReadingLane, segment.ErrNotBegun)
		}
		return fmt.Errorf("%w: readings: %w", ErrUnwritable, segment.ErrNotBegun)
	}
	l := s.lanes[devices.ReadingLane]
	first := s.readings.Next()
	values, size, err := s.number(batch, first)
	if err != nil || len(values) == 0 {
		return err
	}
	err = s.readings.Append(first, values)
	if err != nil && segment.Full(err) && s.makeSpace(2*size) {
		err = s.readings.Append(first, values)
	}
	last := first + uint64(len(values)) - 1
	s.mu.Lock()
	l.last = last
	s.mu.Unlock()
	if err != nil {
		s.readings.Skip(last + 1)
		s.noteGap(Gap{Lane: l.name, First: first, Last: last, Why: WhyRefused})
		return fmt.Errorf("%w: readings: %w", ErrUnwritable, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.settle(s.readings)
	s.speak()
	return nil
}

// readingsIn counts the readings of a batch.
func readingsIn(batch []*entry) (n int) {
	for _, e := range batch {
		if e.loose != nil {
			n++
		}
	}
	return n
}

// number makes records of readings.
func (s *Store) number(batch []*entry, first uint64) (values [][]byte, size int64, err error) {
	now, clock, epoch := time.Now(), s.opt.Clock(), s.Epoch()
	for _, e := range batch {
		if e.loose == nil {
			continue // a fence
		}
		r := Record{Epoch: epoch, Lane: devices.ReadingLane, Seq: first, Place: e.loose.place, Event: e.loose.event, Accepted: now, Clock: clock}
		r.Incident = cmp.Or(r.Event.Incident, r.ID())
		value, err := sound.Frame(seqKey(first), r)
		if err != nil {
			return nil, 0, fmt.Errorf("record %q: %w", r.ID(), err)
		}
		first++
		size += weightOf(value)
		values = append(values, value)
	}
	return values, size, nil
}
