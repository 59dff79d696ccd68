package uplink_test

import (
	"testing"
	"time"

	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// TestGoneAtBoth: a topic that is emptied while one broker has the site is empty at the
// other too, when that has it again, and is forgotten then and not before.
func TestGoneAtBoth(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		b := p.pair(&o)
		p.store.put("device/gas-9", `{"state":"online"}`)
		p.start(o)
		after(time.Second)
		p.broker.Away(uplinktest.ErrAway)
		after(time.Minute) // the other one has it
		topic := uplink.Topic(site, "device/gas-9")
		if p.broker.Retained()[topic] == nil || b.Retained()[topic] == nil {
			t.Fatal("not both brokers have the topic")
		}
		p.store.put("device/gas-9", "")
		after(time.Minute)
		if b.Retained()[topic] != nil {
			t.Error("it stands where the site is")
		}
		if all, _ := p.store.Currents(false); len(all) != 1 {
			t.Errorf("got %v, want that the store remembers it", all)
		}
		p.broker.Away(nil)
		after(15 * time.Minute)
		if got := p.link.Status().Broker; got != "city-a" {
			t.Fatalf("the site is at %q", got)
		}
		if p.broker.Retained()[topic] != nil {
			t.Error("it stands where the site has come back to")
		}
		if all, _ := p.store.Currents(false); len(all) != 0 {
			t.Errorf("got %v, want that the store has forgotten it", all)
		}
	})
}

// TestShownAtTheOther: what stands at a broker that another one's connection lies behind
// is set right at once, and does not wait behind the backlog.
func TestShownAtTheOther(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		b := p.pair(&o)
		o.DrainStart = 1000 * time.Hour // what is old waits for ever
		p.store.put("device/gas-1", `{"state":"online"}`)
		p.start(o)
		after(time.Second)
		stands := func(at *uplinktest.Broker, want string) {
			t.Helper()
			q := &place{t: t, broker: at}
			if got := q.retained("device/gas-1", "state"); got != want {
				t.Errorf("got %v, want %s", got, want)
			}
		}
		stands(p.broker, "online")
		p.broker.Away(uplinktest.ErrAway)
		after(time.Minute)
		stands(b, "online")
		p.store.put("device/gas-1", `{"state":"silent"}`)
		after(time.Second)
		stands(b, "silent")
		p.broker.Away(nil)
		after(15 * time.Minute)
		stands(p.broker, "silent")
	})
}
