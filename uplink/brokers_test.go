package uplink_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/contract"
	"sitepost/uplink/uplinktest"
)

// pair gives a place a second broker behind its first, which is preferred.
func (p *place) pair(o *uplink.Options) *uplinktest.Broker {
	second := uplinktest.New()
	o.Names = []string{"city-a", "city-b"}
	o.Dials = append(o.Dials, second.Dial("box1", uplink.Subscriptions(site)))
	return second
}

// statesAt returns all that was said on up/state at a broker, repeats left out.
func statesAt(b *uplinktest.Broker) []string {
	var list []string
	for _, m := range b.Messages() {
		if m.Topic == uplink.Topic(site, "state") {
			_, rest, _ := strings.Cut(string(m.Payload), `"state":"`)
			state, _, _ := strings.Cut(rest, `"`)
			list = append(list, state)
		}
	}
	return slices.Compact(list)
}

// idsAt returns how often each record of a lane came to the brokers.
func idsAt(t *testing.T, lane devices.Lane, brokers ...*uplinktest.Broker) map[string]int {
	t.Helper()
	ids := make(map[string]int)
	for _, b := range brokers {
		q := &place{t: t, broker: b}
		for _, s := range q.saidOn(lane) {
			ids[s.ID]++
		}
	}
	return ids
}

// TestReturn: the site goes to the next broker when the preferred one is away, and
// comes back when that one held for ten minutes, not before: in order, with
// `moved` said where it was, and nothing said there is missing.
func TestReturn(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		b := p.pair(&o)
		p.broker.Latency(50 * time.Millisecond)
		b.Latency(50 * time.Millisecond)
		p.broker.Away(uplinktest.ErrAway)
		p.start(o)
		after(5 * time.Second)
		if got := p.link.Status(); got.Broker != "city-b" || !got.Up || got.Preferred != "city-a" {
			t.Fatalf("status: got %+v, want up at city-b", got)
		}
		p.broker.Away(nil)
		busy := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer close(busy)
			for ctx.Err() == nil {
				p.store.add(devices.Lanes()[time.Now().UnixNano()%3], 1)
				time.Sleep(370 * time.Millisecond)
			}
		}()
		after(10 * time.Minute)
		if got := p.link.Status().Broker; got != "city-b" {
			t.Errorf("moved to %q before ten minutes had passed", got)
		}
		after(2 * time.Minute)
		if got := p.link.Status(); got.Broker != "city-a" || !got.Up || got.Connects != 2 {
			t.Errorf("status: got %+v, want up at city-a, with the second connection", got)
		}
		cancel()
		<-busy
		after(time.Minute)
		if diff := cmp.Diff([]string{"up", "moved"}, statesAt(b)); diff != "" {
			t.Errorf("states at city-b (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"up"}, statesAt(p.broker)); diff != "" {
			t.Errorf("states at city-a (-want +got):\n%s", diff)
		}
		if got := []int{p.broker.Sessions(), b.Sessions()}; !slices.Equal(got, []int{1, 0}) {
			t.Errorf("sessions: got %v, want one and none", got)
		}
		for _, lane := range devices.Lanes() {
			ids := idsAt(t, lane, p.broker, b)
			if total := p.store.Marks(lane).Last; uint64(len(ids)) != total || p.store.sentTo(lane) != total {
				t.Errorf("%s: got %d ids and mark %d, want %d", lane, len(ids), p.store.sentTo(lane), total)
			}
			for id, times := range ids {
				if times != 1 {
					t.Errorf("%s came %d times: something was in flight", id, times)
				}
			}
		}
		if got := p.heard(); slices.Contains(got, "uplink.lost raised") && got[0] != "uplink.lost raised" {
			t.Errorf("said: got %q, want no loss by the return", got)
		}
		for _, m := range b.Messages() {
			if m.Topic != uplink.Topic(site, "state") {
				continue
			}
			if err := contract.Validate(m.Topic, m.Retain, m.Payload); err != nil {
				t.Errorf("%s breaks the contract: %v", m.Topic, err)
			}
		}
	})
}

// TestNoFlapping: a preferred broker that can be reached for nine minutes at a time
// never gets the site back, and the scouts say nothing there but canaries.
func TestNoFlapping(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		b := p.pair(&o)
		p.broker.Away(uplinktest.ErrAway)
		p.start(o)
		after(time.Minute)
		for range 20 {
			p.broker.Away(nil)
			after(9 * time.Minute)
			p.broker.Away(uplinktest.ErrAway)
			after(time.Minute)
		}
		if got := p.link.Status(); got.Connects != 1 || got.Broker != "city-b" {
			t.Errorf("status: got %+v, want the first connection, at city-b", got)
		}
		if got := b.Dials(); got != 1 {
			t.Errorf("dials at city-b: got %d, want 1", got)
		}
		for _, m := range p.broker.Messages() {
			if m.Topic != uplink.Topic(site, "canary") {
				t.Errorf("a scout said %s on %q", m.Payload, m.Topic)
			}
		}
		if p.broker.Dials() < 20 {
			t.Errorf("dials at city-a: got %d, want one a minute while it is away", p.broker.Dials())
		}
	})
}

// TestScoutNeedsCanary: a preferred broker that takes connections and lets nothing
// through is not returned to, and is told as one that refuses.
func TestScoutNeedsCanary(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		p.pair(&o)
		p.broker.Away(uplinktest.ErrAway)
		p.start(o)
		after(time.Minute)
		p.broker.Silence("#")
		p.broker.Away(nil)
		after(20 * time.Minute)
		if got := p.link.Status(); got.Broker != "city-b" || !slices.Equal(got.RefusedBy, []string{"city-a"}) {
			t.Errorf("status: got %+v, want city-b, and refused by city-a", got)
		}
		if got := p.heard(); !slices.Contains(got, "uplink.refused raised city-a") {
			t.Errorf("said: got %q", got)
		}
	})
}

// TestOneBrokerTwoNames: where both names lead to one broker the scout pushes out
// the connection it works for. The link notices, loses nothing, and stops trying.
func TestOneBrokerTwoNames(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		first := true
		same := p.broker.Dial("box1", uplink.Subscriptions(site))
		o.Names = []string{"city-a", "city-b"}
		o.Dials = []uplink.Dial{func(ctx context.Context, w uplink.Will, hear func(uplink.Message)) (uplink.Session, error) {
			if first || len(p.broker.Messages()) == 0 { // the name does not resolve at first
				first = false
				return nil, errors.New("no such host")
			}
			return same(ctx, w, hear)
		}, same}
		p.start(o)
		for range 60 {
			p.store.add(devices.AlarmLane, 1)
			after(time.Minute)
		}
		if got := p.broker.Dials(); got > 8 {
			t.Errorf("dials in an hour: got %d, want few", got)
		}
		if got := p.link.Status(); !got.Up || got.TakenOver {
			t.Errorf("status: got %+v, want up, and not taken over", got)
		}
		proveLane(t, p, devices.AlarmLane)
	})
}

// TestFailOver: with three brokers every one gets its turn, a connection that does
// not hold counts as a failed one, and one that held is dialled again first.
func TestFailOver(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		var mu sync.Mutex
		var asked []string
		away := map[string]bool{"a": true, "b": true, "c": true}
		brokers := map[string]*uplinktest.Broker{"a": uplinktest.New(), "b": uplinktest.New(), "c": uplinktest.New()}
		o.Names, o.Dials = []string{"a", "b", "c"}, nil
		for _, name := range o.Names {
			real := brokers[name].Dial("box1", uplink.Subscriptions(site))
			o.Dials = append(o.Dials, func(ctx context.Context, w uplink.Will, hear func(uplink.Message)) (uplink.Session, error) {
				mu.Lock()
				asked = append(asked, name)
				gone := away[name]
				mu.Unlock()
				if gone {
					return nil, uplinktest.ErrAway
				}
				return real(ctx, w, hear)
			})
		}
		took := func() []string { mu.Lock(); defer mu.Unlock(); all := asked; asked = nil; return all }
		comes := func(name string) { mu.Lock(); defer mu.Unlock(); away[name] = false }
		p.start(o)
		after(time.Minute)
		if got := fmt.Sprint(took()[:6]); got != "[a b c a b c]" {
			t.Errorf("asked %s, want each in turn", got)
		}
		comes("a")
		after(3 * time.Minute)
		took()
		brokers["a"].Kill(0)
		after(5 * time.Second)
		if got := took(); !slices.Equal(got, []string{"a"}) {
			t.Errorf("after a connection that held: asked %q, want a again", got)
		}
		brokers["a"].Kill(0)
		comes("b")
		after(10 * time.Second)
		if got := took(); len(got) == 0 || got[0] != "b" {
			t.Errorf("after one that did not hold: asked %q, want b", got)
		}
	})
}

// TestJitter: a thousand boxes that lose their broker at once come back spread out,
// and more so the longer it is away.
func TestJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const boxes = 1000
		began := time.Now()
		dials := make([][]time.Duration, boxes)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, boxes)
		for i := range boxes {
			link := uplink.NewLink(uplink.Options{Site: site, Store: newMemory(t), Dials: []uplink.Dial{
				func(context.Context, uplink.Will, func(uplink.Message)) (uplink.Session, error) {
					dials[i] = append(dials[i], time.Since(began))
					return nil, uplinktest.ErrAway
				}}})
			go func() { ended <- link.Run(ctx) }()
		}
		time.Sleep(10 * time.Minute)
		cancel()
		for range boxes {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		perTenth, perSecond := make(map[time.Duration]int), make(map[time.Duration]int)
		for _, box := range dials {
			for n, at := range box {
				if n == 1 {
					perTenth[at.Truncate(100*time.Millisecond)]++
				}
				if at > 5*time.Minute && at < 9*time.Minute {
					perSecond[at.Truncate(time.Second)]++
				}
			}
		}
		worst := func(m map[time.Duration]int) (most int) {
			for _, n := range m {
				most = max(most, n)
			}
			return most
		}
		first, later := worst(perTenth), worst(perSecond)
		t.Logf("1,000 boxes: at most %d in one tenth of the first second, and %d in one second after five minutes", first, later)
		if first > 150 || later > 75 { // 100 and 33 on average
			t.Errorf("dials: got %d in a tenth of a second and %d in a second, want them spread", first, later)
		}
	})
}
