package store

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A change is one write transaction under way, and what is to be known of it
// once it is committed. It belongs to the writer.
type change struct {
	s     *Store
	tx    *bolt.Tx
	now   time.Time // of all records in it
	clock Clock

	any      bool                    // there is something to commit
	spoken   bool                    // of which readers want to know
	opens    bool                    // the open conditions changed
	added    int                     // records
	alarms   int                     // of them in the alarm lane
	used     int64                   // bytes of the file when it began
	made     *Record                 // the last of them
	marks    map[devices.Lane]Marks  // as they are saved with it
	told     map[string]uint64       // likewise
	was      *Record                 // in memory, what is made a record now; nil: it comes from outside
	restored int                     // alarms that were in memory and are on disk with it
	counted  map[devices.Lane]uint64 // lost, to be on disk with it
	firsts   map[devices.Lane]uint64 // lowest number in store.db, where it moved
	grown    map[devices.Lane]int64  // by so much weight

	lostGaps []Gap           // of Store.lostGaps, which are saved with it
	drops    map[Drop]uint64 // records dropped
	oldest   map[devices.Lane]since

	rescued   uint64 // lowest position kept of what was saved, where it moved
	spared    uint64 // highest position of it,
	lightened bool   // where that moved
}

// keyOf is the name of a (device, code, point) in the buckets of what is known.
// Names of devices and codes hold no NUL.
func keyOf(device string, e devices.Event) string {
	return device + "\x00" + string(e.Code) + "\x00" + e.Point
}

// accept judges an event and does what the verdict says.
func (c *change) accept(form devices.Form, p devices.Place, e devices.Event) error {
	key := keyOf(p.Device.Name, e)
	was, err := c.seen(key, form, e)
	if err != nil {
		return err
	}
	v := judge(form, e, was)
	switch v {
	case known:
		return nil
	case tell:
		_, err = c.record(form, p, e, nil, "")
	case raise:
		err = c.raise(key, p, e)
	case remind:
		_, err = c.record(form, p, e, was.open, "")
	case confirm, doubt:
		err = c.setDoubt(key, *was.open, v == doubt)
	case claim:
		if _, err = c.record(form, p, claimed(e), was.open, ""); err == nil {
			err = c.stand(key, was.open.withMode(devices.Normal, false))
		}
	case lend:
		err = c.stand(key, was.open.withMode(e.Mode, true))
	case over:
		err = c.stand(key, was.open.overBy(e))
	case end:
		err = c.end(key, p, e, was.open, clearedBy(v, e))
	case renew:
		over := e
		over.State = devices.Cleared
		if err = c.end(key, p, over, was.open, clearedBy(v, e)); err == nil {
			err = c.raise(key, p, e)
		}
	case turn:
		if _, err = c.record(form, p, e, nil, ""); err == nil {
			err = c.s.states.put(c.tx, key, wordOf(e))
		}
	case start:
		if c.was != nil && c.was.Seq > 0 { // it was told, by a baseline that never came to disk
			if _, err = c.record(form, p, e, nil, ""); err != nil {
				return err
			}
		}
		err = c.s.counters.put(c.tx, key, e.Count.Raw)
	case count:
		n := *e.Count // the caller's own stays as it is
		n.Step = n.Raw - *was.raw
		e.Count = &n
		if _, err = c.record(form, p, e, nil, ""); err == nil {
			err = c.s.counters.put(c.tx, key, n.Raw)
		}
	}
	if err != nil {
		return err
	}
	c.any = true
	if castsDoubt(e) && (v == raise || v == renew || v == claim || v == turn) {
		return c.doubtOthers(p.Device.Name, key)
	}
	return nil
}

// seen reads what the file knows of a key.
func (c *change) seen(key string, form devices.Form, e devices.Event) (was seen, err error) {
	switch {
	case form == devices.Condition:
		was.open, err = lookUp(c.s.open, c.tx, key)
	case form == devices.StateForm:
		was.is, err = lookUp(c.s.states, c.tx, key)
	case counts(form, e):
		was.raw, err = lookUp(c.s.counters, c.tx, key)
	}
	return was, err
}

// lookUp is get with nil for nothing.
func lookUp[V any](s *shelf[V], tx *bolt.Tx, key string) (*V, error) {
	v, ok, err := s.get(tx, key)
	if err != nil || !ok {
		return nil, err
	}
	return &v, nil
}

// record writes the next record of the form's lane. of is the condition that it
// clears or tells again, nil for all else; by is who ended it.
func (c *change) record(form devices.Form, p devices.Place, e devices.Event, of *opened, by string) (Record, error) {
	l := c.s.lanes[form.Lane()]
	if l.name == devices.AlarmLane {
		c.alarms++
	} else if err := c.admitsEvent(l); err != nil {
		return Record{}, err
	}
	last, _, err := c.s.numbers.get(c.tx, l.lastName())
	if err != nil {
		return Record{}, err
	}
	r := Record{Epoch: c.s.epoch, Lane: l.name, Seq: last + 1, Place: p, Event: e, Accepted: c.now, Clock: c.clock}
	r.Incident = cmp.Or(e.Incident, r.ID())
	if of != nil {
		r.Incident, r.Since, r.ClearedBy = of.Record.Incident, of.Record.Event.Time, by
		r.Claimed = of.isClaimedBy(e)
	}
	c.remade(&r)
	value, err := sound.Frame(seqKey(r.Seq), r)
	if err != nil {
		return Record{}, fmt.Errorf("record %q: %w", r.ID(), err)
	}
	if err := l.records.put(c.tx, r.Seq, value); err != nil {
		return Record{}, err
	}
	c.added++
	c.grow(l, weightOf(value))
	c.made, c.spoken = &r, true
	return r, c.s.numbers.put(c.tx, l.lastName(), r.Seq)
}

// raise opens a condition.
func (c *change) raise(key string, p devices.Place, e devices.Event) error {
	r, err := c.record(devices.Condition, p, e, nil, "")
	if err != nil {
		return err
	}
	c.opens = true
	return c.s.open.put(c.tx, key, opened{Record: r, Unconfirmed: e.Mode != devices.Normal})
}

// end closes a condition. by is who ended it.
func (c *change) end(key string, p devices.Place, e devices.Event, o *opened, by string) error {
	if _, err := c.record(devices.Condition, p, e, o, by); err != nil {
		return err
	}
	c.opens = true
	return c.s.open.remove(c.tx, key)
}

// setDoubt marks an open condition. Who speaks of it takes back that it is over.
func (c *change) setDoubt(key string, o opened, unconfirmed bool) error {
	o.Unconfirmed, o.Over = unconfirmed, nil
	return c.stand(key, o)
}

// stand writes how an open condition stands.
func (c *change) stand(key string, o opened) error {
	c.opens = true
	return c.s.open.put(c.tx, key, o)
}

// doubtOthers puts the open conditions of a device in doubt, except the one with
// the key given.
func (c *change) doubtOthers(device, except string) error {
	for _, key := range c.keysOf(device) {
		o, _, err := c.s.open.get(c.tx, key)
		if err != nil {
			return err
		}
		if key == except || o.Unconfirmed {
			continue
		}
		if err := c.setDoubt(key, o, true); err != nil {
			return err
		}
		c.any = true
	}
	return nil
}

// keysOf lists the open conditions of a device.
func (c *change) keysOf(device string) (keys []string) {
	prefix := []byte(device + "\x00")
	cur := c.tx.Bucket(c.s.open.bucket).Cursor()
	for k, _ := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cur.Next() {
		keys = append(keys, string(k))
	}
	return keys
}

// retire ends the open conditions of all devices that do not stay.
func (c *change) retire(stays func(Standing) bool) error {
	all, err := c.s.open.all(c.tx)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		o := all[key]
		if stays(o.Record.standing()) {
			continue
		}
		was := o.Record.Event
		over := devices.Event{Time: c.now, Device: was.Device, Code: was.Code, Point: was.Point, State: devices.Cleared}
		if err := c.end(key, o.Record.Place, over, &o, "operator"); err != nil {
			return err
		}
		c.any = true
	}
	return nil
}
