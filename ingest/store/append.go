package store

import (
	"encoding/json"
	"fmt"

	"sitepost/devices"
)

// Append takes what a device said at a place. It returns when it is safe: an
// alarm after a commit of its own, an event after at most 20 ms of waiting for
// company and the commit, a reading when it has a place in the queue, to be on
// disk within a second. What is known already costs nothing and is no record: a
// condition that is open or not open, the word a state has, what a counter
// shows. A sign of life ([devices.Heard]) is not stored.
//
// The place is kept as it is; it must not be changed afterwards.
//
// An alarm that the disk does not take is kept in memory, and its record is
// Volatile: that is no error, for there is nothing that who said it could do.
//
// Errors: ErrRefused for what can never be stored, ErrSealed after Seal,
// ErrUnwritable when the disk did not take it (say it again later), ErrLost when
// it has not for so long that an event is given up. A reading whose commit fails
// later is lost, counted and logged.
func (s *Store) Append(p devices.Place, e devices.Event) error {
	_, err := s.Accept(p, e)
	return err
}

// Accept is Append that also returns the record that was made of the event: nil
// where nothing was new, and for a reading, whose record is made later. Where a
// condition was renewed it is the raising.
func (s *Store) Accept(p devices.Place, e devices.Event) (made *Record, err error) {
	if e.Code == "" {
		return nil, nil
	}
	form, event, size, err := admit(p, e)
	if err != nil {
		return nil, err
	}
	in := &entry{event: true, lane: form.Lane(), patience: patience(form.Lane()), size: size}
	if form == devices.Reading {
		// It is written after its device went on: nothing in it may be shared.
		e = devices.Event{}
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return nil, s.appendReading(in, p, e)
	}
	in.done = make(chan error, 1)
	in.apply = func(c *change) error {
		c.made = nil
		err := c.accept(form, p, e)
		in.made = c.made
		return err
	}
	if in.lane == devices.AlarmLane {
		in.alarm = &alarm{form, p, event, size}
	}
	if compares(form, e) {
		in.key = keyOf(p.Device.Name, e)
		in.worth = func() bool { return judge(form, e, s.mirrored(in.key)) != known }
	}
	if err := s.wait(in); err != nil {
		return nil, err
	}
	return in.made, nil
}

// appendReading queues a reading. It blocks while all places are taken: each is
// given back when its reading was written or lost.
func (s *Store) appendReading(in *entry, p devices.Place, e devices.Event) error {
	in.bulk, in.loose = true, &loose{p, e}
	s.room <- struct{}{}
	if _, err := s.enqueue(in); err != nil {
		<-s.room
		return err
	}
	return nil
}

// wait queues an entry and waits until it is committed.
func (s *Store) wait(e *entry) error {
	queued, err := s.enqueue(e)
	if err != nil || !queued {
		return err
	}
	return <-e.done
}

// mirrored is what was seen of a key as of the last commit, and what was said in
// memory since. Store.mu is held.
func (s *Store) mirrored(key string) (was seen) {
	if said := s.ring.said[key]; said != nil {
		return said.seen
	}
	if o, ok := s.open.kept[key]; ok {
		was.open = &o
	}
	if is, ok := s.states.kept[key]; ok {
		was.is = &is
	}
	if raw, ok := s.counters.kept[key]; ok {
		was.raw = &raw
	}
	return was
}

// Told says of the state that an event speaks of whether any word of it was told, and
// whether the last one was this. It asks no disk.
func (s *Store) Told(device string, e devices.Event) (ever, same bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is, ever := s.states.kept[keyOf(device, e)]
	return ever, ever && is == wordOf(e)
}

// Doubt marks all open conditions of a device as unconfirmed. It is for what
// only the caller knows: that a line is lost, and which devices are on it. It
// returns when that is on disk.
func (s *Store) Doubt(device string) error {
	return s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		apply:    func(c *change) error { return c.doubtOthers(device, "") },
	})
}

// Retire ends all open conditions that do not stay on the site, because nobody else
// could ever end them. Their clearings say "operator", who took a device out, or
// what it is judged by. It returns when that is on disk.
func (s *Store) Retire(stays func(Standing) bool) error {
	return s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		apply:    func(c *change) error { return c.retire(stays) },
	})
}

// LastBirth is the number that Birth returned last, in this run or an earlier one, as
// of the last commit. It asks no disk.
func (s *Store) LastBirth() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.numbers.kept[numberBirth]
}

// Birth returns the number of a new connection: one more than the last one ever
// returned. It is on disk before it is returned. When the file was replaced, marks
// count again only after it: those of the connection before speak of other records.
func (s *Store) Birth() (uint64, error) {
	var n uint64
	err := s.wait(&entry{done: make(chan error, 1), apply: func(c *change) error {
		last, _, err := c.s.numbers.get(c.tx, numberBirth)
		if err != nil {
			return err
		}
		n, c.any = last+1, true
		c.s.hear()
		return c.s.numbers.put(c.tx, numberBirth, n)
	}})
	return n, err
}
