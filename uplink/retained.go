package uplink

import (
	"log/slog"
	"time"

	"sitepost/ingest/store"
)

// openKey is the retained list of all open conditions.
const openKey = "open"

// retained is the source of the retained documents that the broker does not
// have in their present revision.
type retained struct {
	conn  *connection
	site  string
	store Store
	log   *slog.Logger

	handed  map[string]uint64 // key → revision that went to this session
	waiting []store.Current
	whole   bool      // the broker may have none of them as they are, whatever another one has
	stale   bool      // the store may have others by now
	failed  time.Time // of the last read, if that failed
}

func newRetained(c *connection) *retained {
	l := c.link
	r := &retained{conn: c, site: l.Site, store: l.Store, log: l.Log, handed: make(map[string]uint64), stale: true}
	if r.whole = l.shown != c.turn; r.whole {
		l.shown = nobody
	}
	return r
}

func (r *retained) wake() { r.stale = true }

func (r *retained) offer(now time.Time) (*offer, time.Time) {
	if r.stale {
		if again := r.failed.Add(readAgain); now.Before(again) {
			return nil, again
		}
		all, err := r.store.Currents(r.whole)
		if err != nil {
			if r.failed.IsZero() {
				r.log.Warn("retained state cannot be read", "err", err)
			}
			r.failed = now
			return nil, now.Add(readAgain)
		}
		r.waiting, r.stale, r.failed = all, false, time.Time{}
	}
	for len(r.waiting) > 0 {
		if o := r.of(r.waiting[0]); o != nil {
			return o, time.Time{}
		}
		r.waiting = r.waiting[1:]
	}
	if r.whole {
		r.whole, r.conn.link.shown = false, r.conn.turn
	}
	return nil, time.Time{}
}

// of makes an offer of one document; nil when this session has it already, or
// when it can never be said.
func (r *retained) of(c store.Current) *offer {
	if had, ok := r.handed[c.Key]; ok && had >= c.Revision || r.conn.link.hasEmptied(r.conn.turn, c) {
		return nil
	}
	m, err := EncodeCurrent(r.site, r.conn.epoch, c)
	if err != nil {
		r.log.Error("retained state cannot be said", "err", err)
		r.handed[c.Key] = c.Revision
		return nil
	}
	o := &offer{
		Message: m, doc: c.Key,
		taken: func() { r.handed[c.Key] = c.Revision },
		done: func() {
			if r.conn.current() && (c.Doc != nil || r.conn.link.emptied(r.conn.turn, c)) {
				r.store.CurrentSent(c.Key, c.Revision)
			}
		},
	}
	if r.conn.link.leavesOut(c.Key, o.size(), time.Now()) {
		return nil
	}
	return o
}

// A refresh says every retained document again, slowly and after all else: a
// broker that was restarted may have forgotten what it acknowledged.
type refresh struct {
	retained *retained
	slow     *throttle
	waiting  []store.Current
}

func (f *refresh) wake() {}

func (f *refresh) offer(now time.Time) (*offer, time.Time) {
	for len(f.waiting) > 0 {
		if at := f.slow.wait(now); !at.IsZero() {
			return nil, at
		}
		o := f.retained.of(f.waiting[0])
		if o == nil {
			f.waiting = f.waiting[1:]
			continue
		}
		handed := o.taken
		o.taken = func() { handed(); f.slow.spend(time.Now()) }
		return o, time.Time{}
	}
	return nil, time.Time{}
}
