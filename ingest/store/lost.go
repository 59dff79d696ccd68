package store

import (
	"fmt"
	"maps"
	"time"

	"sitepost/devices"
)

// What the disk refuses and memory does not keep has no number, so that it is no
// [Gap]. It is counted in memory, by lane, and the counts go to disk with the first
// transaction that the disk takes, into the bucket of numbers, until somebody has
// told them:
//
//	refused.event = 12

// Patience with a disk that refuses.
const (
	refusedFor = 2 * time.Second  // an event waits so long in all: the disk may heal
	tryEvery   = time.Second      // then one event in so long asks the disk, and the others are lost at once
	troubleFor = 10 * time.Second // after an event or an alarm was lost the store is not called well
)

// WhyRefused is why there is a [Loss].
const WhyRefused = "disk refused"

// A Loss is how many records of a lane were lost before they had a number.
type Loss struct {
	Lane  devices.Lane
	Count uint64
	Why   string
}

// An outage is what is known of a disk that refuses. It is guarded by Store.mu.
type outage struct {
	failed time.Time               // the last commit that did
	since  time.Time               // no event went through since; zero: the last one did
	tried  time.Time               // when an event was last tried; zero: the disk took something since
	lost   time.Time               // when an event or an alarm was last lost
	counts map[devices.Lane]uint64 // lost, and not on disk yet
}

// uncounted is a copy of the counts.
func (o *outage) uncounted() map[devices.Lane]uint64 { return maps.Clone(o.counts) }

// settled takes away the counts that are on disk now.
func (o *outage) settled(counted map[devices.Lane]uint64) {
	for lane, n := range counted {
		if o.counts[lane] -= n; o.counts[lane] == 0 {
			delete(o.counts, lane)
		}
	}
	o.tried = time.Time{}
}

// count counts a record that is lost. Store.mu is held.
func (s *Store) count(lane devices.Lane, why error) {
	if s.outage.counts == nil {
		s.outage.counts = make(map[devices.Lane]uint64)
	}
	s.outage.counts[lane]++
	s.drops[Drop{lane, WhyRefused}]++
	if lane != devices.ReadingLane {
		s.outage.lost = time.Now()
		s.refusal = why
	}
}

// refuses says that an event is lost without asking the disk, and counts it. An
// event that is to be tried is noted. Store.mu is held.
func (s *Store) refuses(now time.Time) error {
	o := &s.outage
	if o.since.IsZero() || now.Sub(o.since) < refusedFor {
		return nil
	}
	if now.Sub(o.tried) >= tryEvery {
		o.tried = now
		return nil
	}
	s.count(devices.EventLane, s.refusal)
	return lostFor(s.refusal)
}

// refuseEvent answers an event whose commit failed: it may be said again, or it is
// lost.
func (s *Store) refuseEvent(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.outage.since.IsZero() {
		s.outage.since = now
	}
	if now.Sub(s.outage.since) < refusedFor {
		return err
	}
	s.outage.tried = now
	s.count(devices.EventLane, err)
	return lostFor(err)
}

// lostFor says that an event is lost, and why.
func lostFor(why error) error { return fmt.Errorf("%w: %w", ErrLost, why) }

// Trouble says why the store cannot be relied on now: the disk refuses it, or events
// or alarms were lost in the last seconds. nil is well. It asks no disk.
func (s *Store) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing || time.Since(s.outage.lost) < troubleFor {
		return s.refusal
	}
	return nil
}

const refusedPrefix = "refused."

// saveCounts adds what was lost to what is on disk.
func (c *change) saveCounts() error {
	for _, lane := range devices.Lanes() {
		n := c.counted[lane]
		if n == 0 {
			continue
		}
		before, _, err := c.s.numbers.get(c.tx, refusedPrefix+string(lane))
		if err != nil {
			return err
		}
		c.any, c.spoken = true, true
		if err := c.s.numbers.put(c.tx, refusedPrefix+string(lane), before+n); err != nil {
			return err
		}
	}
	return nil
}

// Lost lists what was lost and not told yet, by lane, as of the last commit. It asks
// no disk.
func (s *Store) Lost() []Loss {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Loss
	for _, lane := range devices.Lanes() {
		if n := s.numbers.kept[refusedPrefix+string(lane)]; n > 0 {
			all = append(all, Loss{lane, n, WhyRefused})
		}
	}
	return all
}

// LossTold says that a loss was told. It returns when that is on disk; what has been
// lost since remains to be told.
func (s *Store) LossTold(told Loss) error {
	name := refusedPrefix + string(told.Lane)
	return s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		apply: func(c *change) error {
			n, is, err := c.s.numbers.get(c.tx, name)
			if err != nil || !is {
				return err
			}
			c.any = true
			if n <= told.Count {
				return c.s.numbers.remove(c.tx, name)
			}
			return c.s.numbers.put(c.tx, name, n-told.Count)
		},
	})
}
