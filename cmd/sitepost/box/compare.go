package box

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sitepost/devices"
)

const (
	compareFirst = 10 * time.Second // after the start, at a random moment within it
	compareEvery = 15 * time.Minute
	compareLong  = 24 * time.Hour // after a server said that it does not want us
	compareMost  = 4 * time.Hour  // after one that is asked too often, at most
)

// A Comparison says with whom the clock is compared, and how far it may be away.
type Comparison struct {
	With        []string      // time servers, host or host:port
	Warn, Alarm time.Duration // how far from them the clock may be
}

// Compare compares the clock with time servers until ctx ends. No two at once.
func (b *Box) Compare(ctx context.Context, c Comparison) {
	var all []*rival
	for i, server := range c.With {
		if !slices.Contains(c.With[:i], server) {
			all = append(all, &rival{server: server, limits: c})
		}
	}
	b.compareWith(all)
	defer b.compareWith(nil)
	var asking sync.WaitGroup
	for _, r := range all {
		asking.Go(func() { b.compare(ctx, r) })
	}
	asking.Wait()
}

func (b *Box) compareWith(all []*rival) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rivals = all
}

func (b *Box) comparedWith() []*rival {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rivals
}

// A rival is a time server that our clock is compared with. It never sets it.
type rival struct {
	server string
	limits Comparison

	mu   sync.Mutex // guards all below
	is   Compared
	told devices.State // of clock.unsynced at this server; "" before the first answer
	warn bool
}

// A Compared is how far the clock is from that of a server.
type Compared struct {
	Server string    `json:"server"`
	At     time.Time `json:"at,omitzero"`       // of the last answer; zero: none yet
	Offset float64   `json:"offset_s"`          // what had to be added to our clock
	Delay  float64   `json:"delay_s"`           // of the answer: the offset is off by half of it at most
	Off    bool      `json:"off,omitempty"`     // by more than the site file allows
	Failed string    `json:"failed,omitempty"`  // why the last question has no answer
	Next   time.Time `json:"next_ask,omitzero"` // when it is asked again
}

func (r *rival) now() Compared {
	r.mu.Lock()
	defer r.mu.Unlock()
	is := r.is
	is.Server = r.server
	return is
}

// compare asks one server again and again until ctx ends. Boxes that start
// together do not ask together.
func (b *Box) compare(ctx context.Context, r *rival) {
	pause := compareEvery
	timer := time.NewTimer(rand.N(compareFirst))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		got, err := ask(ctx, r.server, b.opt.Host.Wall)
		if ctx.Err() != nil {
			return
		}
		pause = pauseAfter(err, pause)
		wait := pause - pause/10 + rand.N(pause/5)
		timer.Reset(wait)
		now := b.opt.Host.Wall()
		for _, e := range b.judge(r, got, err, now, wait) {
			if err := b.opt.Say(e); err != nil && ctx.Err() == nil {
				b.opt.Log.Warn("the box cannot say what it knows of its clock", "err", err)
			}
		}
	}
}

// AskTime asks a time server once, for a person: how much had to be added to our clock,
// in seconds, as far as that is certain.
func AskTime(ctx context.Context, server string) (offset float64, err error) {
	got, err := ask(ctx, server, time.Now)
	if certain := got.offset.Abs() - got.delay/2; certain <= 0 {
		return 0, err
	}
	return seconds(got.offset), err
}

// pauseAfter is how long a server is left alone (RFC 5905, section 7.4).
func pauseAfter(err error, last time.Duration) time.Duration {
	refused, is := errors.AsType[*refusal](err)
	switch {
	case is && (refused.kiss == "DENY" || refused.kiss == "RSTR"):
		return compareLong
	case is:
		return min(2*last, compareMost)
	}
	return compareEvery
}

// judge notes an answer and returns what is to be said. An offset counts as far as
// it is certain. No answer is no news: it neither raises nor ends anything.
func (b *Box) judge(r *rival, got sample, err error, now time.Time, wait time.Duration) []devices.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.is.Next = now.Add(wait)
	if err != nil {
		if r.is.Failed == "" {
			b.opt.Log.Warn("the clock cannot be compared", "server", r.server, "err", err)
		}
		r.is.Failed = err.Error()
		return nil
	}
	certain := got.offset.Abs() - got.delay/2
	r.is = Compared{At: now, Offset: seconds(got.offset), Delay: seconds(got.delay), Off: certain > r.limits.Alarm, Next: r.is.Next}
	warn := certain > r.limits.Warn
	if warn != r.warn {
		b.opt.Log.Warn("clock compared", "server", r.server, "offset", got.offset, "delay", got.delay, "beyond_warn", warn)
	}
	r.warn = warn
	e := condition(devices.ClockUnsynced, r.is.Off,
		fmt.Sprintf("the box's clock is %s away from that of %s: check chrony or systemd-timesyncd, and that server", signed(-got.offset), r.server))
	if e.State == r.told {
		return nil
	}
	r.told = e.State
	e.Time, e.Point, e.Value = now, r.server, offset(got.offset)
	return []devices.Event{e}
}
