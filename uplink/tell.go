package uplink

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

const (
	lossPatience = 5 * time.Second // a shorter loss is not worth a message
	tellAgain    = 5 * time.Second // after a store that did not take it
	gapsEvery    = 30 * time.Second
)

// A plight is a condition of the link itself. What it is and what was told may
// differ: a loss is held back for a while, and a store may refuse.
type plight struct {
	code     devices.Code
	point    string // the broker, where each has its own
	patience time.Duration

	known bool // false: nothing happened yet that would decide it
	holds bool
	since time.Time // of holds
	why   string

	told devices.State // "" at the start: an open one of an earlier run may stand in the store
}

// want returns what should be told by now, or when to ask again.
func (p *plight) want(now time.Time) (devices.State, time.Time) {
	if !p.known {
		return p.told, time.Time{}
	}
	if !p.holds {
		return devices.Cleared, time.Time{}
	}
	if ripe := p.since.Add(p.patience); now.Before(ripe) {
		return p.told, ripe
	}
	return devices.Raised, time.Time{}
}

// A teller says the link's own conditions to the store, and what the store had to
// drop while nobody took it. It has a goroutine of
// its own, because the store may be slow and the link must not be.
type teller struct {
	say   func(devices.Event) error
	store Store
	log   *slog.Logger
	kick  chan struct{}

	mu      sync.Mutex
	lost    *plight
	taken   *plight
	refused []*plight // one per broker
	holes   []hole    // see holes.go

	unsaved func() error // lets the store know what it said was told, which it did not take; nil: it knows all
}

func newTeller(o Options, brokers []string, now time.Time) *teller {
	t := &teller{say: o.Say, store: o.Store, log: o.Log, kick: make(chan struct{}, 1)}
	t.lost = &plight{code: devices.UplinkLost, patience: lossPatience,
		known: true, holds: true, since: now, why: "not connected since the start"}
	t.taken = &plight{code: devices.UplinkTakenOver}
	for _, name := range brokers {
		t.refused = append(t.refused, &plight{code: devices.UplinkRefused, point: name})
	}
	return t
}

// now notes that a condition holds or does not hold, and since when.
func (t *teller) now(p *plight, holds bool, why string) {
	t.mu.Lock()
	if !p.known || p.holds != holds {
		p.known, p.holds, p.since, p.why = true, holds, time.Now(), why
	}
	t.mu.Unlock()
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// run tells until ctx ends.
func (t *teller) run(ctx context.Context) {
	if t.say == nil {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.kick:
		case <-timer.C:
		}
		now := time.Now()
		again := earlier(t.tell(now), t.tellMissing(now))
		if again = earlier(again, t.tellHoles(now)); !again.IsZero() {
			timer.Reset(time.Until(again))
		}
	}
}

// tell says what is due and returns when to look again.
func (t *teller) tell(now time.Time) time.Time {
	var again time.Time
	for _, p := range append([]*plight{t.lost, t.taken}, t.refused...) {
		t.mu.Lock()
		want, later := p.want(now)
		due, since, why := want != p.told, p.since, p.why
		t.mu.Unlock()
		again = earlier(again, later)
		if !due {
			continue
		}
		e := devices.Event{Time: since, Code: p.code, State: want, Point: p.point, Text: why}
		if err := t.say(e); err != nil {
			t.log.Warn("the store does not take what the link says", "code", p.code, "err", err)
			again = earlier(again, now.Add(tellAgain))
			continue
		}
		p.told = want // only this goroutine reads and writes told
	}
	return again
}

// tellMissing says what the city will never get, and returns when to look again.
func (t *teller) tellMissing(now time.Time) time.Time {
	for _, tell := range []func(time.Time) error{t.saveTold, t.tellLosses, t.tellGaps} {
		if err := tell(now); err != nil {
			t.log.Warn("the store does not take what it lost itself", "err", err)
			return now.Add(tellAgain)
		}
	}
	return now.Add(gapsEvery)
}

// saveTold lets the store know what was told before. Until it does nothing else is
// told: a store that cannot be written would hear the same again and again.
func (t *teller) saveTold(time.Time) error {
	if t.unsaved == nil {
		return nil
	}
	if err := t.unsaved(); err != nil {
		return err
	}
	t.unsaved = nil
	return nil
}

// sayMissing says one of it, and lets the store know.
func (t *teller) sayMissing(e devices.Event, told func() error) error {
	e.Code = devices.StoreGap
	if err := t.say(e); err != nil {
		return err
	}
	t.unsaved = told
	return t.saveTold(e.Time)
}

// tellLosses says what the disk refused. It has no numbers, so that nothing is to be
// waited for.
func (t *teller) tellLosses(now time.Time) error {
	for _, loss := range t.store.Lost() {
		e := devices.Event{
			Time: now, Point: string(loss.Lane), Detail: loss.Why, Value: &devices.Value{Quantity: "records", Number: float64(loss.Count)},
			Text: fmt.Sprintf("%d records lost, which have no numbers: %s", loss.Count, loss.Why),
		}
		if err := t.sayMissing(e, func() error { return t.store.LossTold(loss) }); err != nil {
			return err
		}
	}
	return nil
}

// tellGaps says what was dropped, when the link is back and the first record behind
// it has arrived: then it grows no more.
func (t *teller) tellGaps(now time.Time) error {
	t.mu.Lock()
	down := t.lost.holds
	t.mu.Unlock()
	if down {
		return nil
	}
	for _, gap := range t.store.Gaps() {
		if gap.Epoch == "" && t.store.Marks(gap.Lane).Sent < gap.Last {
			continue
		}
		if err := t.sayMissing(gapEvent(gap, now), func() error { return t.store.GapTold(gap) }); err != nil {
			return err
		}
	}
	return nil
}

// gapEvent says what the city will never get.
func gapEvent(gap store.Gap, now time.Time) devices.Event {
	return devices.Event{
		Time: now, Code: devices.StoreGap, Point: string(gap.Lane), Detail: numbers(gap.Epoch, gap.First, gap.Last), Text: missing(gap),
	}
}

// numbers names those of a gap as the contract does: "812-815", or "EPOCH 812-815" of a
// file before; epoch is "" of the store's own.
func numbers(epoch store.Epoch, first, last uint64) string {
	text := fmt.Sprintf("%d-%d", first, last)
	if epoch != "" {
		text = fmt.Sprintf("%s %s", epoch, text)
	}
	return text
}

// otherThan is an epoch, or "" if it is the present one.
func otherThan(epoch, now store.Epoch) store.Epoch {
	if epoch == now {
		return ""
	}
	return epoch
}

// missing says of a gap, in words, how many records the city will never get, and why.
func missing(gap store.Gap) string {
	text := fmt.Sprintf("%d records are missing: %s", gap.Count(), gap.Why)
	if gap.Epoch != "" {
		text += fmt.Sprintf(" (their epoch is %s)", gap.Epoch)
	}
	return text
}
