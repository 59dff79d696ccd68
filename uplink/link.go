package uplink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// dialPatience is how long a dial may take, name service and TLS included.
const dialPatience = 30 * time.Second

// A Link keeps one connection to one of the brokers and empties the store
// through it. Make one with [NewLink] and run it once.
type Link struct {
	Options
	started time.Time
	tally   *tally
	teller  *teller
	again   map[devices.Lane]uint64 // numbers up to this may have been sent before
	left    bool                    // the last connection ended in order
	pace    pace                    // of pictures

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
	l := &Link{Options: o, started: time.Now(), tally: new(tally), again: make(map[devices.Lane]uint64)}
	l.accounts, l.desk = make(map[devices.Lane]*account), newDesk(o)
	for _, lane := range devices.Lanes() {
		l.again[lane] = o.Store.Marks(lane).Last
	}
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
	l.teller = newTeller(l.Options, l.Names[:len(l.Dials)], time.Now())
	told := make(chan struct{})
	telling, cancel := context.WithCancel(ctx)
	go func() { defer close(told); l.teller.run(telling) }()
	turn := l.keep(ctx)
	cancel()
	<-told
	if !l.left && l.undelivered() {
		l.lastWords(turn)
	}
	return nil
}

// undelivered says whether the store holds anything that no broker has.
func (l *Link) undelivered() bool {
	return slices.ContainsFunc(devices.Lanes(), func(lane devices.Lane) bool {
		m := l.Store.Marks(lane)
		return m.Last > m.Sent
	})
}

// lastWords tries once to deliver what is in the store before the box goes: the
// pause that ctx cut short may have been a long one.
func (l *Link) lastWords(turn int) {
	ctx, cancel := context.WithTimeout(context.Background(), l.DrainFor)
	defer cancel()
	c, err := l.join(ctx, turn)
	if err == nil {
		cancel() // work begins with its end: send what is there, and leave
		_, err = l.hold(ctx, c, turn)
	}
	if err != nil {
		l.Log.Warn("the city does not have everything: the rest stays on disk", "broker", l.Names[turn], "err", err)
	}
}

// keep dials the brokers in turn. One that held is dialled again first; one
// that refused us is left alone for a minute. It returns whose turn it was.
func (l *Link) keep(ctx context.Context) (turn int) {
	var failures int
	var said string
	notBefore := make([]time.Time, len(l.Dials))
	for ctx.Err() == nil {
		held, err := l.connect(ctx, turn)
		if ctx.Err() != nil {
			return turn
		}
		refused, isRefused := errors.AsType[*Refused](err)
		l.teller.now(l.teller.lost, true, err.Error())
		if isRefused {
			notBefore[turn] = time.Now().Add(refusedPause)
			l.teller.now(l.teller.refused[turn], true, refused.Error())
		}
		if held >= steadyAfter {
			failures = 0
		}
		wait := pause(failures, rand.Float64())
		failures++
		name := l.Names[turn]
		if held == 0 {
			turn = (turn + 1) % len(l.Dials)
		}
		wait = max(wait, time.Until(notBefore[turn]))
		said = l.report(name, err, wait, said)
		l.rest(ctx, wait)
	}
	return turn
}

// report logs why there is no link: aloud when it is news, else quietly.
func (l *Link) report(broker string, err error, wait time.Duration, said string) string {
	l.tally.count(func(s *Status) {
		if s.Up {
			s.Up, s.Since = false, time.Now()
		}
		s.Broker, s.Why = broker, err.Error()
	})
	level := slog.LevelWarn
	if said == broker+err.Error() {
		level = slog.LevelDebug
	}
	l.Log.Log(context.Background(), level, "no link to the city", "broker", broker, "err", err, "again_in", wait)
	return broker + err.Error()
}

func (l *Link) rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// connect holds one connection, and returns how long it was up and why it
// ended. The error is nil only when ctx ended.
func (l *Link) connect(ctx context.Context, turn int) (time.Duration, error) {
	c, err := l.join(ctx, turn)
	if err != nil {
		return 0, err
	}
	return l.hold(ctx, c, turn)
}

// join dials a broker and lets the connection prove itself.
func (l *Link) join(ctx context.Context, turn int) (*connection, error) {
	birth, err := l.Store.Birth()
	if err != nil {
		return nil, fmt.Errorf("number the connection: %w", err)
	}
	will, err := l.will(birth)
	if err != nil {
		return nil, err
	}
	own, err := l.canary(birth)
	if err != nil {
		return nil, err
	}
	ears := newEars(l.Site, own, l.tally)
	dialling, cancel := context.WithTimeout(ctx, dialPatience)
	session, err := l.Dials[turn](dialling, will, ears.take)
	cancel()
	if err != nil {
		return nil, err
	}
	l.teller.now(l.teller.refused[turn], false, "")
	c := &connection{link: l, session: session, ears: ears, birth: birth}
	if err = c.prove(ctx); err == nil {
		err = c.open(l.again)
	}
	if err != nil {
		c.abandon(ctx)
		return nil, err
	}
	return c, nil
}

// hold works with a connection that has proved itself.
func (l *Link) hold(ctx context.Context, c *connection, turn int) (time.Duration, error) {
	up := time.Now()
	l.teller.now(l.teller.lost, false, "")
	l.tally.count(func(s *Status) {
		s.Up, s.Since, s.Broker, s.Why = true, up, l.Names[turn], ""
		s.Connects++
	})
	l.Log.Info("link to the city is up", "broker", l.Names[turn], "birth", c.birth)
	err := c.work(ctx)
	for _, r := range c.roads {
		l.again[r.lane] = max(l.again[r.lane], r.handed)
	}
	if size := c.pictures.flying; err != nil && size > 0 {
		l.pace.broke(size, errors.Is(err, errHeavy), time.Now())
		l.Log.Warn("the connection broke under a picture", "bytes", size, "in_a_row", l.pace.broken)
	}
	if err != nil {
		c.session.Drop()
		return max(time.Since(up), 1), err
	}
	c.leave()
	l.left = true
	return max(time.Since(up), 1), nil
}

// tellGap tells of a record that can never be said. That a gap record cannot be
// said is only logged: it would go on for ever.
func (l *Link) tellGap(r store.Record, why error) {
	l.tally.count(func(s *Status) { s.Unsaid++ })
	l.Log.Error("a record cannot be said", "err", why)
	if l.Say == nil || r.Event.Code == devices.StoreGap {
		return
	}
	gap := devices.Event{Time: time.Now(), Code: devices.StoreGap, Detail: r.ID(), Text: why.Error()}
	if err := l.Say(gap); err != nil {
		l.Log.Warn("the store does not take a gap", "err", err)
	}
}
