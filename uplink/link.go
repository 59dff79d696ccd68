package uplink

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A Link keeps one connection to one of the brokers and empties the store
// through it. Make one with [NewLink] and run it once.
type Link struct {
	Options
	started time.Time
	tally   *tally
	teller  *teller
	births  births
	turns   turns
	rival   rival
	suspect suspicion
	again   map[devices.Lane]uint64 // numbers up to this may have been sent before,
	of      store.Epoch             // of this epoch
	told    volatileTold
	left    bool             // the last connection ended in order
	parting string           // the state that a lost connection leaves behind; "" is "down"
	round   appointment      // of the goroutine that keeps the connections
	pace    pace             // of pictures
	stopBy  func() time.Time // when sending ends, asked first when Run is to stop

	shown     int                  // the broker that has the retained topics as they were said last, or nobody
	vanishing map[string]vanishing // see emptied.go
	ballast   map[string]ballast   // retained documents on which connections died

	accounts map[devices.Lane]*account // what the platform has shown of each lane
	desk     *desk                     // for the commands of the city
}

// NewLink makes a link. What is in the store by now may have been sent by an
// earlier run and is marked as a redelivery.
func NewLink(o Options) *Link {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.DrainFor == 0 {
		o.DrainFor = 5 * time.Second
	}
	o.Names = slices.Clone(o.Names)
	for i := len(o.Names); i < len(o.Dials); i++ {
		o.Names = append(o.Names, "broker-"+strconv.Itoa(i+1))
	}
	o.BoxID = cmp.Or(o.BoxID, o.Site)
	o.Version = cmp.Or(o.Version, "unknown")
	l := &Link{Options: o, started: time.Now(), tally: new(tally), again: make(map[devices.Lane]uint64), of: o.Store.Epoch()}
	l.births.highest = make(map[store.Epoch]uint64)
	l.turns.brokers = make([]turn, len(o.Dials))
	l.stopBy = sync.OnceValue(func() time.Time { return time.Now().Add(l.DrainFor) })
	l.accounts, l.desk = make(map[devices.Lane]*account), newDesk(o)
	l.vanishing, l.ballast = make(map[string]vanishing), make(map[string]ballast)
	if len(o.Dials) > 1 {
		l.shown = nobody
	}
	for _, lane := range devices.Lanes() {
		l.again[lane] = o.Store.Marks(lane).Last
	}
	if len(o.Dials) > 0 {
		l.tally.status.Preferred = o.Names[0]
	}
	l.teller = newTeller(l.Options, o.Names[:len(o.Dials)], l.started)
	return l
}

// Run connects, sends, and connects again until ctx ends. Then it sends what is
// in the store for at most DrainFor, says "stopped" and leaves; while there is no
// connection it tries once more to get one for that. It returns nil when ctx
// ends, and an error only when there is no broker to dial.
func (l *Link) Run(ctx context.Context) error {
	if len(l.Dials) == 0 {
		return errors.New("no broker is configured (add [[uplink.broker]])")
	}
	defer context.AfterFunc(ctx, func() { l.stopBy() })()
	told := make(chan struct{})
	telling, cancel := context.WithCancel(ctx)
	go func() { defer close(told); l.teller.run(telling) }()
	l.path(false)
	l.keep(ctx)
	cancel()
	<-told
	if !l.left && l.undelivered() {
		l.lastWords()
	}
	return nil
}

// undelivered says whether the store holds anything that no broker has, on disk or in
// memory.
func (l *Link) undelivered() bool {
	inMemory := slices.ContainsFunc(l.Store.Volatile(0), func(r store.Record) bool {
		return r.Epoch != l.told.epoch || r.Seq > l.told.upto
	})
	return inMemory || slices.ContainsFunc(devices.Lanes(), func(lane devices.Lane) bool {
		m := l.Store.Marks(lane)
		return m.Last > m.Sent
	})
}

// lastWords tries once to deliver what is in the store before the box goes: the
// pause that ctx cut short may have been a long one.
func (l *Link) lastWords() {
	ctx, cancel := context.WithDeadline(context.Background(), l.stopBy())
	defer cancel()
	c, err := l.join(ctx, l.turns.now)
	if err == nil {
		cancel() // work begins with its end: send what is there, and leave
		_, err = l.hold(ctx, c)
	}
	if err != nil {
		l.Log.Warn("the city does not have everything: the rest stays on disk", "broker", l.Names[l.turns.now], "err", err)
	}
}

// keep has connections, one after the other, until ctx ends.
func (l *Link) keep(ctx context.Context) {
	var said string
	var next *connection // one that stands already
	for ctx.Err() == nil {
		l.round.by(dialPatience + canaryPatience)
		c, err := next, error(nil)
		if next = nil; c == nil {
			c, err = l.join(ctx, l.turns.now)
		}
		var held time.Duration
		if err == nil {
			held, err = l.hold(ctx, c)
		}
		if bye, is := errors.AsType[*farewell](err); is {
			if next = bye.next; next != nil {
				l.turns.now = next.turn
			}
			l.Log.Info("a connection was ended in order", "broker", l.Names[c.turn], "why", bye.why)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		said = l.fail(ctx, held, err, said)
	}
	if next != nil {
		next.abandon()
	}
}

// fail tells of a connection that failed, and rests.
func (l *Link) fail(ctx context.Context, held time.Duration, err error, said string) string {
	turn := l.turns.now
	l.teller.now(l.teller.lost, true, err.Error())
	if refused, is := errors.AsType[*Refused](err); is {
		l.refusedBy(turn, refused)
	}
	if held == 0 && !errors.Is(err, ErrHungUp) {
		l.turns.brokers[turn].quick = 0 // it is the broker that goes
	}
	if l.rival.holds {
		l.turns.avoid(turn, time.Now().Add(rand.N(rivalWait(l.turns.brokers[turn].quick))))
	}
	wait := l.turns.failed(held, err, time.Now(), rand.Float64())
	said = l.report(l.Names[turn], err, wait, said)
	l.path(false)
	l.rest(ctx, wait)
	return said
}

// report logs why there is no link: aloud when it is news, else quietly.
func (l *Link) report(broker string, err error, wait time.Duration, said string) string {
	l.tally.lost(broker, err)
	level := slog.LevelWarn
	if said == broker+err.Error() {
		level = slog.LevelDebug
	}
	l.Log.Log(context.Background(), level, "no link to the city", "broker", broker, "err", err, "again_in", wait)
	return broker + err.Error()
}

// path tells whoever wants to know whether there is a way to the city.
func (l *Link) path(up bool) {
	if s := l.Status(); l.Path != nil {
		l.Path(Path{Up: up, Since: cmp.Or(s.Since, l.started), Broker: s.Broker})
	}
}

// rest lets a time pass on the goroutine that keeps the connections.
func (l *Link) rest(ctx context.Context, wait time.Duration) {
	l.round.by(wait)
	lapse(ctx, wait)
}

// lapse lets a time pass, unless ctx ends before. Who works beside a connection has no
// appointment to keep: it would say that a connection which hangs comes round.
func lapse(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// tellGap tells of a record that can never be said. That a gap record cannot be
// said is only logged: it would go on for ever.
func (l *Link) tellGap(r store.Record, why error) {
	l.tally.count(func(s *Status) { s.Unsaid++ })
	l.Log.Error("a record cannot be said", "err", why)
	if l.Say == nil || r.Event.Code == devices.StoreGap {
		return
	}
	gap := store.Gap{Lane: r.Lane, First: r.Seq, Last: r.Seq, Why: why.Error(), Epoch: otherThan(r.Epoch, l.Store.Epoch())}
	if err := l.Say(gapEvent(gap, time.Now())); err != nil {
		l.Log.Warn("the store does not take a gap", "err", err)
	}
}
