package uplink

import (
	"errors"
	"log/slog"
	"math"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

const (
	readAhead = 64          // records of one cursor that are read at once
	readAgain = time.Second // after a store that could not be read
	noEnd     = math.MaxUint64
)

// A road is one lane during one connection. What was in the store when the
// connection began is old and goes slowly; what came later is fresh and does
// not wait for it. So there are two cursors on one line of numbers:
//
//	 sent            split                last
//	───┼───────────────┼────────────────────┼──►
//	    old ──►         fresh ──►
//
// The mark "sent" follows the old cursor until nothing old is left, and then
// jumps to where the fresh one has been acknowledged. Alarms have no old part:
// they go in order, at once, and split is where they begin.
type road struct {
	lane   devices.Lane
	conn   *connection
	site   string
	store  Store
	log    *slog.Logger
	lost   func(store.Record, error) // tells of a record that can never be said
	again  uint64                    // numbers up to this may have been sent before
	handed uint64                    // highest number handed to this session

	split     uint64
	marked    uint64 // what the store was told
	oldAcked  uint64
	oldFlying int
	newAcked  uint64
	old       cursor
	fresh     cursor
}

// A cursor walks over the records of a lane with numbers up to until.
type cursor struct {
	road     *road
	slow     *throttle // nil: never held back
	after    uint64    // the last number taken
	until    uint64
	ahead    []store.Record
	next     *offer // made of ahead[0]
	dry      bool   // nothing more before the store changes
	ended    bool   // nothing more at all
	notUntil time.Time
	failing  bool // the last read failed, and that was logged
}

// newRoad begins where the store's mark stands.
func newRoad(lane devices.Lane, c *connection, again uint64) *road {
	l := c.link
	marks := l.Store.Marks(lane)
	r := &road{
		lane: lane, conn: c, site: l.Site, store: l.Store, log: l.Log, lost: l.tellGap,
		again: again, split: marks.Last, marked: marks.Sent, oldAcked: marks.Sent,
	}
	if lane == devices.AlarmLane {
		r.split = marks.Sent
	}
	r.old = cursor{road: r, slow: c.slow, after: marks.Sent, until: r.split}
	r.old.ended = r.split <= marks.Sent
	r.fresh = cursor{road: r, after: max(r.split, marks.Sent), until: noEnd}
	return r
}

// close lets nothing in that is not in the store by now.
func (r *road) close() { r.fresh.until = r.store.Marks(r.lane).Last }

// acked notes that the broker has a record, and all of its cursor before it.
func (r *road) acked(seq uint64) {
	if seq <= r.split {
		r.oldFlying--
		r.oldAcked = seq
	} else {
		r.newAcked = seq
	}
	r.mark()
}

// mark tells the store how far the lane is done without a gap.
func (r *road) mark() {
	upto := r.oldAcked
	if r.old.ended && r.oldFlying == 0 {
		upto = max(upto, r.newAcked)
	}
	if upto > r.marked && r.conn.current() {
		r.marked = upto
		r.store.MarkSent(r.lane, upto)
	}
}

// offer returns the record at the head, if it may go.
func (c *cursor) offer(now time.Time) (*offer, time.Time) {
	if c.ended || c.dry {
		return nil, time.Time{}
	}
	if now.Before(c.notUntil) {
		return nil, c.notUntil
	}
	if c.slow != nil {
		if at := c.slow.wait(now); !at.IsZero() {
			return nil, at
		}
	}
	if c.next == nil {
		if len(c.ahead) == 0 && !c.read(now) {
			return nil, c.notUntil
		}
		c.make(now)
	}
	if wait, until := c.road.conn.trial.holds(c.next.id, now); wait {
		return nil, until
	}
	return c.next, time.Time{}
}

func (c *cursor) wake() { c.dry = false }

// read fetches the next records; false means that there are none now.
func (c *cursor) read(now time.Time) bool {
	records, err := c.road.store.Read(c.road.lane, c.after, readAhead)
	if err != nil && !c.failing {
		c.road.log.Warn("the store cannot be read", "lane", c.road.lane, "after", c.after, "err", err)
	}
	c.failing = err != nil
	damage, damaged := errors.AsType[*store.DamageError](err)
	if err != nil && (!damaged || len(records) == 0) {
		if damaged && len(damage.Seqs) > 0 {
			c.after = min(max(c.after, slices.Max(damage.Seqs)), c.until) // the store tells what was lost
		}
		c.notUntil = now.Add(readAgain)
		return false
	}
	if len(records) > 0 && records[0].Epoch != c.road.conn.epoch {
		c.notUntil = now.Add(readAgain) // of another file: the connection is about to end
		return false
	}
	for len(records) > 0 && records[len(records)-1].Seq > c.until {
		records = records[:len(records)-1]
	}
	if len(records) > 0 {
		c.ahead = records
		return true
	}
	c.notUntil = time.Time{}
	c.dry = c.until == noEnd
	c.ended = !c.dry
	c.road.mark()
	return false
}

// make turns the head of what was read into an offer. A record that can never
// be said is told as a gap, and its place in line is passed over, as that of one
// which was set aside and told before.
func (c *cursor) make(now time.Time) {
	record := c.ahead[0]
	c.ahead = c.ahead[1:]
	r := c.road
	m, err := Encode(r.site, record, now, record.Seq <= r.again)
	if err != nil && !record.IsStub() {
		r.lost(record, err)
	}
	old := record.Seq <= r.split
	c.next = &offer{
		Message: m,
		id:      record.ID(),
		aside:   r.conn.asideIn(r.lane, record.Seq),
		skip:    err != nil,
		urgent:  r.lane == devices.AlarmLane,
		taken: func() {
			c.next, c.after = nil, record.Seq
			r.handed = max(r.handed, record.Seq)
			if old {
				r.oldFlying++
			}
			if c.slow != nil {
				c.slow.spend(time.Now())
			}
		},
		done: func() { r.acked(record.Seq) },
	}
}
