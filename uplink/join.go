package uplink

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"sitepost/devices"
)

// dialPatience is how long a dial may take, name service and TLS included.
const dialPatience = 30 * time.Second

// dial opens a session at a broker.
func (l *Link) dial(ctx context.Context, turn int, will Will, ears *ears) (Session, error) {
	l.tally.count(func(s *Status) { s.Tried++ })
	dialling, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	return l.Dials[turn](dialling, will, ears.take)
}

// join dials a broker and lets the connection prove itself. Nothing is said on it
// yet. A scout calls it beside a connection that works.
func (l *Link) join(ctx context.Context, turn int) (*connection, error) {
	epoch := l.Store.Epoch()
	birth, own := l.births.next(l.Store, epoch)
	will, err := l.will(epoch, birth)
	if err != nil {
		return nil, err
	}
	canary, err := l.canary(epoch, birth)
	if err != nil {
		return nil, err
	}
	papers := l.papers(turn) // before they are read for the dial: a later change is one
	ears := newEars(l, canary)
	session, err := l.dial(ctx, turn, will, ears)
	if err != nil {
		return nil, err
	}
	c := &connection{link: l, session: session, ears: ears, turn: turn, epoch: epoch, birth: birth, papers: papers}
	if !own {
		c.numbered = make(chan struct{})
	}
	if err := l.turns.proved(turn, c.prove(ctx)); err != nil {
		c.abandon()
		return nil, err
	}
	l.welcomeAt(turn)
	l.tolerated(session)
	return c, nil
}

// welcomeAt notes that a broker wants us, and refusedBy that it does not.
func (l *Link) welcomeAt(turn int) {
	l.teller.now(l.teller.refused[turn], false, "")
	l.tally.refusedBy(l.Names[turn], false)
}

func (l *Link) refusedBy(turn int, why *Refused) {
	l.teller.now(l.teller.refused[turn], true, why.Error())
	l.tally.refusedBy(l.Names[turn], true)
}

// tolerated says once that a certificate was taken before its time.
func (l *Link) tolerated(s Session) {
	early, is := s.(Unsynced)
	if !is {
		return
	}
	from, first := early.NotYetValid(), false
	l.tally.count(func(s *Status) {
		first = s.ClockTolerated.IsZero() && !from.IsZero()
		s.ClockTolerated = from
	})
	if first {
		l.Log.Warn("the broker's certificate is not valid yet and was taken all the same, for this box does not know the time (set up chrony or systemd-timesyncd)", "valid_from", from)
	}
}

// papers names the present state of what a broker's connection is secured with.
func (l *Link) papers(turn int) string {
	if l.Papers == nil {
		return ""
	}
	return l.Papers(turn)
}

// hold works with a connection that has proved itself, and returns how long it
// was up and why it ended. The error is nil only when ctx ended.
func (l *Link) hold(ctx context.Context, c *connection) (time.Duration, error) {
	if l.of != c.epoch { // of a new file nothing was ever sent
		l.of = c.epoch
		clear(l.again)
		clear(l.vanishing)
	}
	c.up = time.Now()
	c.open(l.again)
	l.teller.now(l.teller.lost, false, "")
	l.tally.up(l.Names[c.turn], c.up)
	l.Log.Info("link to the city is up", "broker", l.Names[c.turn], "birth", c.birth)
	l.path(true)
	scouting, cancel := context.WithCancel(ctx)
	c.better = make(chan *connection)
	var beside sync.WaitGroup
	if c.turn != 0 && !l.turns.oneBroker {
		beside.Go(func() { l.scout(scouting, c, c.better) })
	}
	if c.numbered != nil {
		beside.Go(func() { l.untilNumbered(scouting, c.epoch, c.numbered) })
	}
	worked := make(chan struct{})
	beside.Go(func() { c.unclog(ctx, worked) })
	err := c.work(ctx)
	close(worked)
	cancel()
	beside.Wait()
	held := max(time.Since(c.up), 1)
	l.ended(c, held, err)
	return held, err
}

// ended learns from the end of a connection, and says goodbye where it is in order.
func (l *Link) ended(c *connection, held time.Duration, err error) {
	for _, r := range c.roads {
		l.again[r.lane] = max(l.again[r.lane], r.handed)
	}
	l.tally.flying(new(window))
	bye, inOrder := errors.AsType[*farewell](err)
	if c.bye != nil && c.bye.next != nil && bye != c.bye {
		c.bye.next.abandon() // we do not move any more
	}
	switch {
	case err == nil:
		c.leave("stopped")
		l.left = true
		return
	case inOrder:
		c.leave(cmp.Or(bye.state, "down"))
		return
	}
	c.session.Drop()
	if size := c.pictures.flying; size > 0 {
		l.pace.broke(size, errors.Is(err, errHeavy), time.Now())
		l.Log.Warn("the connection broke under a picture", "bytes", size, "in_a_row", l.pace.broken)
	} else {
		l.suspect.broke(c, held)
		l.setAside()
		if key := l.sank(c, time.Now()); key != "" {
			l.Log.Error("a retained document on which every connection dies is left out: it is too large for the broker or for the line", "topic", Topic(l.Site, key))
		}
	}
	l.turns.unlinked(c.kicked())
	if l.turns.oneBroker && c.turn != 0 {
		l.Log.Warn("two of the brokers are one: the preferred one is not tried any more while another has our connection", "broker", l.Names[c.turn], "preferred", l.Names[0])
	}
	l.pushed(c, held, err, l.suspect.repeats())
}

// setAside takes a record out of the way that nothing else can be sent past.
func (l *Link) setAside() {
	id, aside := l.suspect.due()
	if aside == nil {
		return
	}
	err := aside(poisonWhy)
	l.Log.Error("a record on which every connection dies was set aside", "record", id, "err", err)
	if err == nil {
		l.tally.count(func(s *Status) { s.Unsaid++ })
		l.suspect.forget()
	}
}

// errOtherFile is why nothing of a connection is set aside any more.
var errOtherFile = errors.New("the store has a new file, in which the number is another record's")

// asideIn sets a record of a lane aside.
func (c *connection) asideIn(lane devices.Lane, seq uint64) func(string) error {
	return func(why string) error {
		if !c.current() {
			return errOtherFile
		}
		return c.link.Store.SetAside(lane, seq, why)
	}
}
