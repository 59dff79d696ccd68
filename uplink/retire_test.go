package uplink_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// standing are the topics that stand at a broker, below "up/", and the last state.
func standing(t *testing.T, b *uplinktest.Broker) ([]string, any) {
	t.Helper()
	var topics []string
	for topic := range b.Retained() {
		topics = append(topics, topic[len(uplink.Topic(site, "")):])
	}
	slices.Sort(topics)
	at := &place{t: t, broker: b}
	return topics, at.retained("state", "state")
}

// TestRetire: a site that is given up leaves nothing at its brokers but the word, also
// at the one that it was moved away from; what is in the store goes first. A site that
// comes back shows everything again.
func TestRetire(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		spare := uplinktest.New()
		for _, key := range []string{"device/gas-1", "device/gas-2", "device/gas-3"} {
			p.store.put(key, `{"state":"online"}`)
		}
		o := p.options()
		o.Names, o.Dials = []string{"city-a", "city-b"}, append(o.Dials, spare.Dial("box1", uplink.Subscriptions(site)))
		p.broker.Away(uplinktest.ErrAway)
		p.start(o)
		after(time.Minute) // the spare has everything
		p.broker.Away(nil)
		after(30 * time.Minute) // and so has the preferred one
		p.store.add(devices.AlarmLane, 1)
		p.stop()
		got := p.link.Retire(t.Context())
		want := []uplink.Parting{{Broker: "city-a", Emptied: 4}, {Broker: "city-b", Emptied: 4}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		for _, b := range []*uplinktest.Broker{p.broker, spare} {
			if topics, state := standing(t, b); !slices.Equal(topics, []string{"state"}) || state != "retired" {
				t.Errorf("%v stand there, and the state is %v, want only the state, retired", topics, state)
			}
			if n := b.Sessions(); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		}
		if got := p.store.sentTo(devices.AlarmLane); got != 1 {
			t.Errorf("%d alarms were sent, want the one", got)
		}
		p.start(p.options()) // undone
		after(10 * time.Minute)
		if topics, state := standing(t, p.broker); !slices.Equal(topics, []string{"device/gas-1", "device/gas-2", "device/gas-3", "open", "state"}) || state != "up" {
			t.Errorf("after it came back: %v stand there, and the state is %v, want all of it", topics, state)
		}
	})
}

// TestRetireTornAway: a connection that breaks in the middle is told as such, leaves
// "retired" and never "down", and the next try does the rest.
func TestRetireTornAway(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		for _, key := range []string{"device/gas-1", "device/gas-2", "device/gas-3"} {
			p.store.put(key, `{"state":"online"}`)
		}
		p.start(p.options())
		after(time.Minute)
		p.stop()
		all := maps.Clone(p.broker.Retained())
		p.broker.HangUp(func(m uplink.Message, _ int) bool { return m.Topic == uplink.Topic(site, "device/gas-2") })
		got := p.link.Retire(t.Context())
		if len(got) != 1 || got[0].Err == nil || got[0].Emptied != 0 {
			t.Fatalf("got %+v, want that the broker has hung up", got)
		}
		if topics, state := standing(t, p.broker); state != "retired" || len(topics) >= len(all) {
			t.Errorf("%v stand there, and the state is %v, want the half of it, and retired", topics, state)
		}
		p.broker.HangUp(nil)
		if got := p.link.Retire(t.Context()); got[0].Err != nil {
			t.Errorf("the second time: got %v", got[0].Err)
		}
		if topics, state := standing(t, p.broker); !slices.Equal(topics, []string{"state"}) || state != "retired" {
			t.Errorf("%v stand there, and the state is %v, want only the state, retired", topics, state)
		}
	})
}

// TestRetireInTime: a broker that is away, and one that acknowledges nothing, end it in
// bounded time.
func TestRetireInTime(t *testing.T) {
	for name, c := range map[string]func(*uplinktest.Broker){
		"away":             func(b *uplinktest.Broker) { b.Away(errors.New("no route")) },
		"nothing comes":    func(b *uplinktest.Broker) { b.Silence("#") },
		"no receipt comes": func(b *uplinktest.Broker) { b.Hold(true) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				p.store.put("device/gas-1", `{"state":"online"}`)
				p.start(p.options())
				after(time.Minute)
				p.stop()
				c(p.broker)
				began := time.Now()
				if got := p.link.Retire(t.Context()); got[0].Err == nil {
					t.Error("got no error")
				}
				if took := time.Since(began); took > 65*time.Second {
					t.Errorf("it took %v", took)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				began = time.Now()
				if got := p.link.Retire(ctx); got[0].Err == nil {
					t.Error("got no error though nobody waits")
				}
				if took := time.Since(began); took > goodbyeMost {
					t.Errorf("it took %v though nobody waits", took)
				}
				p.broker.Hold(false)
				synctest.Wait()
			})
		})
	}
}

// goodbyeMost is how long the end of a connection may take.
const goodbyeMost = 5 * time.Second
