package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// store.db has a cap, and its room is allocated when it is made. Within it
//
//	|<─────────────────────────── MaxBytes ────────────────────────────>|
//	| state | events, at most so much |  reserve: alarms only  |  slack  |
//
// events that wait go when they are more than leaves the reserve to the alarms, the
// oldest first; alarms that wait use what they find, and go only when all of it is
// used and no event is left. What goes is told as a gap.
//
// What is deleted can be used by the next transaction only, and bbolt copies what it
// changes. Hence the slack: room is made before it is needed.
const (
	alarmRoom  = 10 << 20 // for 10,000 alarms and more
	leastSlack = 512 << 10
)

// mostSqueezes is how often a commit is tried again for which bbolt found no room.
const mostSqueezes = 4

// errFull is why an event is refused: all is full of alarms.
var errFull = errors.New("it is full of alarms")

// reserve is what events leave to the alarms.
func (o *Options) reserve() int64 { return max(o.MaxBytes/8, min(alarmRoom, o.MaxBytes*5/8)) }

// fill is how much of store.db is filled on purpose.
func (o *Options) fill() int64 { return o.MaxBytes - max(leastSlack, o.MaxBytes/16) }

// mostEvents is how much events that wait may weigh. One part in eight is lost at
// the ends of pages.
func (o *Options) mostEvents() int64 { return (o.fill() - o.reserve()) / 8 * 7 }

// usedIn is how much of the file a transaction found in use.
func usedIn(tx *bolt.Tx) int64 {
	stats := tx.DB().Stats()
	return tx.Size() - int64(stats.FreePageN+stats.PendingPageN)*int64(os.Getpagesize())
}

// weight is that of a lane, as the transaction leaves it.
func (c *change) weight(l *lane) (int64, error) {
	n, _, err := c.s.numbers.get(c.tx, l.weightName())
	return max(0, int64(n)+c.grown[l.name]), err
}

// grow notes that a transaction makes a lane heavier, or lighter.
func (c *change) grow(l *lane, by int64) {
	if c.grown == nil {
		c.grown = make(map[devices.Lane]int64)
	}
	c.grown[l.name] += by
}

// saveWeights writes what lanes weigh.
func (c *change) saveWeights() error {
	for name := range c.grown {
		l := c.s.lanes[name]
		sum, err := c.weight(l)
		if err != nil {
			return err
		}
		if err := c.s.numbers.put(c.tx, l.weightName(), uint64(sum)); err != nil {
			return err
		}
	}
	return nil
}

// admitsEvent says whether there is room for one more event, or would be if others
// went.
func (c *change) admitsEvent(l *lane) error {
	if c.used <= c.s.opt.fill() || l.hot <= l.last {
		return nil
	}
	return errFull
}

// makeRoom drops what is more than there is room for.
func (c *change) makeRoom() error {
	events, alarms := c.s.lanes[devices.EventLane], c.s.lanes[devices.AlarmLane]
	most := c.s.opt.mostEvents()
	weight, err := c.weight(events)
	if err != nil {
		return err
	}
	if over := weight - most; over > 0 {
		if _, err := c.dropOldest(events, over+most/32, WhyRoom); err != nil {
			return err
		}
	}
	over := c.used + c.grown[events.name] + c.grown[alarms.name] - c.s.opt.fill()
	if over <= 0 || c.added == 0 {
		return nil
	}
	over += min(over, c.s.opt.MaxBytes/32) // somewhat more, but not all of a file that may have less room than it had
	_, err = c.dropFor(c.alarms > 0, over)
	return err
}

// dropFor drops so much weight in the order in which things go: events, and for an
// alarm also events that were saved from a damaged file and, last, alarms.
func (c *change) dropFor(alarm bool, weight int64) (dropped int64, err error) {
	dropped, err = c.dropOldest(c.s.lanes[devices.EventLane], weight, WhyRoom)
	if err == nil && dropped == 0 && alarm {
		dropped, err = c.dropSalvaged(weight)
	}
	if err == nil && dropped == 0 && alarm {
		dropped, err = c.dropOldest(c.s.lanes[devices.AlarmLane], weight, WhyRoom)
	}
	return dropped, err
}

// dropOldest drops the oldest records of a lane that weigh so much, but never the
// youngest. It says what they weighed.
func (c *change) dropOldest(l *lane, weight int64, why string) (int64, error) {
	first := c.hot(l)
	last, _, err := c.s.numbers.get(c.tx, l.lastName())
	if err != nil {
		return 0, err
	}
	left, upto := weight, uint64(0)
	l.records.walk(c.tx, first-1, func(k, v []byte) bool {
		if left <= 0 || seqOf(k) >= last {
			return false
		}
		left -= weightOf(v)
		upto = seqOf(k)
		return true
	})
	if upto < first {
		return 0, nil
	}
	c.any = true
	sum, err := c.remove(l, first, upto)
	if err != nil {
		return 0, err
	}
	return sum.weight, c.countGap(Gap{Lane: l.name, First: first, Last: upto, Why: why})
}

// squeeze makes room in a transaction of its own, for one that failed because free
// pages did not lie side by side. It says whether something went. Where even that
// finds no room all events go: to take away a whole bucket writes nothing of it.
func (s *Store) squeeze(failed *change, some int64) bool {
	oldest := func(c *change) error {
		_, err := c.dropFor(failed.alarms > 0, some)
		return err
	}
	return s.squeezeBy(failed, oldest) || s.squeezeBy(failed, (*change).dropEvents)
}

func (s *Store) squeezeBy(failed *change, drop func(*change) error) bool {
	s.forget()
	c := &change{s: s, now: failed.now, clock: failed.clock}
	committed, err := s.file.Update(func(tx *bolt.Tx) error {
		c.tx, c.used, c.marks = tx, usedIn(tx), s.allMarks()
		if err := drop(c); err != nil {
			return err
		}
		if !c.any {
			return sound.ErrUnchanged
		}
		return c.saveWeights()
	})
	if err != nil || !committed {
		s.forget()
		return false
	}
	s.settle(c, committed)
	return true
}

// dropEvents drops all events.
func (c *change) dropEvents() error {
	l := c.s.lanes[devices.EventLane]
	last, _, err := c.s.numbers.get(c.tx, l.lastName())
	weight, errWeight := c.weight(l)
	if err := errors.Join(err, errWeight); err != nil || l.hot > last {
		return err
	}
	if err := c.tx.DeleteBucket(laneBucket(l.name)); err != nil {
		return err
	}
	if _, err := c.tx.CreateBucket(laneBucket(l.name)); err != nil {
		return err
	}
	c.any = true
	c.leaves(l, last)
	c.grow(l, -weight)
	return c.countGap(Gap{Lane: l.name, First: l.hot, Last: last, Why: WhyRoom})
}

// expire drops events that have waited too long. Where nobody knows how late it is,
// or was, nothing is too old.
func (c *change) expire() error {
	l := c.s.lanes[devices.EventLane]
	c.marks = c.s.allMarks()
	first, upto := c.hot(l), uint64(0)
	var wrong error
	looked := 0
	l.records.walk(c.tx, first-1, func(k, v []byte) bool {
		r, err := unframeRecord(l.name, k, v)
		old := err == nil && r.Clock.Synced && c.clock.Synced && c.now.Sub(r.Accepted) > c.s.opt.KeepEvents
		if wrong = err; old {
			upto = r.Seq
		}
		looked++
		return old && looked < mostDeletedIdle
	})
	if upto < first {
		return wrong
	}
	c.any = true
	if _, err := c.remove(l, first, upto); err != nil {
		return err
	}
	return c.countGap(Gap{Lane: l.name, First: first, Last: upto, Why: whyOld})
}

// hot is the lowest number of a lane in store.db, as the transaction leaves it.
func (c *change) hot(l *lane) uint64 { return max(l.hot, c.firsts[l.name]) }

// leaves notes that the records of a lane up to a number are not in store.db any more.
// Who reads may see that before the commit is on disk.
func (c *change) leaves(l *lane, upto uint64) {
	if c.firsts == nil {
		c.firsts = make(map[devices.Lane]uint64)
	}
	c.firsts[l.name] = upto + 1
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	l.leaving = max(l.leaving, upto+1)
}

// remove deletes the records of a lane from first to upto.
func (c *change) remove(l *lane, first, upto uint64) (removed, error) {
	c.leaves(l, upto)
	sum, err := l.records.remove(c.tx, first, upto)
	c.grow(l, -sum.weight)
	if err != nil {
		return sum, fmt.Errorf("lane %q: %w", l.name, err)
	}
	return sum, nil
}

// dropped counts for Stock what was dropped, when it is committed.
func (c *change) dropped(g Gap) {
	if c.drops == nil {
		c.drops = make(map[Drop]uint64)
	}
	why := g.Why
	if strings.HasPrefix(why, whyAside) {
		why = whyAside // each with its reason would be a figure more
	}
	c.drops[Drop{g.Lane, why}] += g.Count()
}

// expireEvery is how often events are looked at for their age.
const expireEvery = 10 * time.Minute
