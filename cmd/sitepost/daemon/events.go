package daemon

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices"
	"sitepost/ingest/store"
)

const (
	// stretch is how many records are read at once.
	stretch = 256
	// mostLooked is how far one looks back in a lane, in records, for those of one device.
	mostLooked = 50_000
)

// A flow is the records of the site as the tools look them up. Each stretch of them is
// copied out of the store, which knows nothing of who is slow to take it.
type flow struct {
	store   *store.Store
	receipt string
}

// A cursor is how far a lane was shown, or the alarms that are only in memory.
type cursor struct {
	lane   devices.Lane
	memory bool
	epoch  store.Epoch
	after  uint64
}

// Events shows the newest records, and what comes after them.
func (f flow) Events(ctx context.Context, ask control.EventsAsked, each func(control.Event) error) error {
	changed := f.store.Changed()
	cursors, rows, err := f.newest(ctx, ask)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := each(row); err != nil {
			return err
		}
	}
	if !ask.Follow {
		return nil
	}
	for {
		for i := range cursors {
			if err := f.rest(ctx, &cursors[i], ask, each); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			changed = f.store.Changed() // before the next read
		}
	}
}

// lanes are those that are asked for. Readings are asked for by name: all else would
// drown in them.
func lanesOf(ask control.EventsAsked) []devices.Lane {
	if ask.Lane != "" {
		return []devices.Lane{ask.Lane}
	}
	return []devices.Lane{devices.AlarmLane, devices.EventLane}
}

// newest returns the newest records of all lanes that are asked for, in the order in
// which they were accepted, and where each lane ends.
func (f flow) newest(ctx context.Context, ask control.EventsAsked) (cursors []cursor, rows []control.Event, err error) {
	for _, lane := range lanesOf(ask) {
		epoch, m := f.store.Epoch(), f.store.Marks(lane)
		cursors = append(cursors, cursor{lane: lane, epoch: epoch, after: m.Last})
		some, err := f.back(ctx, lane, m, ask)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, some...)
	}
	if slices.Contains(lanesOf(ask), devices.AlarmLane) {
		memory := cursor{lane: devices.AlarmLane, memory: true}
		_ = f.restOfMemory(&memory, ask, func(row control.Event) error { rows = append(rows, row); return nil })
		cursors = append(cursors, memory)
	}
	slices.SortStableFunc(rows, func(a, b control.Event) int {
		return cmp.Or(a.Accepted.Compare(b.Accepted), a.Time.Compare(b.Time)) // of one commit
	})
	return cursors, rows[max(0, len(rows)-ask.Most):], nil
}

// back looks from the end of a lane to its beginning, stretch by stretch, until it has
// enough.
func (f flow) back(ctx context.Context, lane devices.Lane, m store.Marks, ask control.EventsAsked) (rows []control.Event, err error) {
	low, high := max(m.First, 1), m.Last
	if ask.Undelivered {
		low = max(low, f.done(lane, m)+1)
	}
	for looked := 0; high >= low && len(rows) < ask.Most && looked < mostLooked && ctx.Err() == nil; looked += stretch {
		from := low
		if high-low >= stretch {
			from = high - stretch + 1
		}
		some, err := f.read(lane, from-1, high)
		if err != nil {
			return nil, err
		}
		var found []control.Event
		for _, r := range some {
			if isAsked(r, ask) {
				found = append(found, f.row(r, m))
			}
		}
		rows = append(found, rows...)
		high = from - 1
	}
	return rows[max(0, len(rows)-ask.Most):], nil
}

// read returns all records of a lane above a number and up to another. What is damaged
// is left out: the store tells of it.
func (f flow) read(lane devices.Lane, after, upto uint64) (all []store.Record, err error) {
	for after < upto {
		some, err := f.store.Read(lane, after, stretch)
		if _, damaged := errors.AsType[*store.DamageError](err); err != nil && !damaged {
			return nil, err
		}
		if len(some) == 0 {
			return all, nil
		}
		for _, r := range some {
			if after = r.Seq; after <= upto {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// rest shows what a lane has above a cursor. A new file begins anew.
func (f flow) rest(ctx context.Context, c *cursor, ask control.EventsAsked, each func(control.Event) error) error {
	if c.memory {
		return f.restOfMemory(c, ask, each)
	}
	for ctx.Err() == nil {
		epoch, m := f.store.Epoch(), f.store.Marks(c.lane)
		if epoch != c.epoch {
			c.epoch, c.after = epoch, 0
		}
		some, err := f.store.Read(c.lane, c.after, stretch)
		if _, damaged := errors.AsType[*store.DamageError](err); err != nil && !damaged && !errors.Is(err, store.ErrUnwritable) {
			return err
		}
		if len(some) == 0 {
			return nil
		}
		for _, r := range some {
			c.after = r.Seq
			if row := f.row(r, m); isAsked(r, ask) && !(ask.Undelivered && row.Delivered) {
				if err := each(row); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// restOfMemory shows the alarms that the disk refused. What it takes in the end comes
// again under its own number.
func (f flow) restOfMemory(c *cursor, ask control.EventsAsked, each func(control.Event) error) error {
	for _, r := range f.store.Volatile(c.after) {
		c.after = r.Seq
		if !isAsked(r, ask) {
			continue
		}
		if err := each(f.row(r, store.Marks{})); err != nil {
			return err
		}
	}
	return nil
}

// done is the number up to which a lane is done.
func (f flow) done(lane devices.Lane, m store.Marks) uint64 {
	if f.receipt == store.ReceiptPlatform && lane != devices.ReadingLane {
		return m.Received
	}
	return m.Sent
}

// isAsked says whether a record is one that is asked for. What was set aside has no
// words any more.
func isAsked(r store.Record, ask control.EventsAsked) bool {
	return !r.IsStub() && (ask.Device == "" || r.Place.Device.Name == ask.Device)
}

// row is a record as a tool is shown it.
func (f flow) row(r store.Record, m store.Marks) control.Event {
	e := r.Event
	meaning, _ := e.Code.Meaning()
	return control.Event{
		ID: r.ID(), Lane: r.Lane, Sequence: r.Seq, Time: e.Time, Accepted: r.Accepted,
		Device: r.Place.Device.Name, Title: r.Place.Device.Title, Type: e.Code, Severity: meaning.Severity,
		State: e.State, ClearedBy: r.ClearedBy, Reminder: e.Reminder, Subject: e.Point, Mode: e.Mode.String(), Is: e.Is,
		Direction: e.Direction, Detail: e.Detail, Text: e.Text, Value: e.Value, Count: e.Count,
		Incident: r.Incident, Volatile: r.Volatile,
		Sent: r.Seq <= m.Sent, Received: r.Seq <= m.Received, Delivered: r.Seq <= f.done(r.Lane, m),
	}
}
