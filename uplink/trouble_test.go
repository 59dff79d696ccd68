package uplink_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// TestSilentCanary: a broker that swallows our own words is not a link, however
// well it acknowledges.
func TestSilentCanary(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Silence(uplink.Topic(site, "canary"))
		p.store.add(devices.AlarmLane, 1)
		p.start(p.options())
		after(9 * time.Second)
		if got := p.link.Status(); got.Up || p.count(devices.AlarmLane) != 0 {
			t.Errorf("got %+v with %d alarms, want not up and none", got, p.count(devices.AlarmLane))
		}
		after(2 * time.Second)
		if got := p.link.Status().Why; !strings.Contains(got, "canary") {
			t.Errorf("why: got %q, want the canary", got)
		}
		p.broker.Silence()
		after(time.Minute)
		if got := p.link.Status(); !got.Up || p.store.sentTo(devices.AlarmLane) != 1 {
			t.Errorf("got %+v and mark %d, want up and 1", got, p.store.sentTo(devices.AlarmLane))
		}
	})
}

// TestAckWatchdog: a broker that takes everything and acknowledges nothing loses
// us after 28 s, our will is published, and the record is sent again.
func TestAckWatchdog(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(time.Second)
		p.broker.Hold(true)
		p.store.add(devices.AlarmLane, 1)
		after(27 * time.Second)
		if got := p.broker.Dials(); got != 1 {
			t.Errorf("dials before 28 s: got %d, want 1", got)
		}
		after(time.Second)
		p.broker.Hold(false)
		after(2 * time.Second)
		want := []said{
			{ID: string(epoch) + "-alarm-1", Type: "gas.alarm.high"},
			{ID: string(epoch) + "-alarm-1", Type: "gas.alarm.high", Redelivery: true},
		}
		if diff := cmp.Diff(want, p.saidOn(devices.AlarmLane)); diff != "" {
			t.Errorf("alarms (-want +got):\n%s", diff)
		}
		// born, the will, born again
		if downs := p.states(t); !slices.Equal(downs, []string{"up", "down", "up"}) {
			t.Errorf("states: got %q", downs)
		}
	})
}

// states returns all that was said on up/state.
func (p *place) states(t *testing.T) []string {
	var list []string
	for _, m := range p.broker.Messages() {
		if m.Topic == uplink.Topic(site, "state") {
			_, rest, _ := strings.Cut(string(m.Payload), `"state":"`)
			state, _, _ := strings.Cut(rest, `"`)
			list = append(list, state)
		}
	}
	return list
}

// TestRefused: a broker that refuses us is asked once a minute, the reason and
// the next step are told, and the other broker gets everything meanwhile.
func TestRefused(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		other := uplinktest.New()
		other.Away(&uplink.Refused{Why: "bad user name or password", Next: "check the password"})
		o := p.options()
		o.Names = []string{"city-a", "city-b"}
		var asked []time.Time
		refusing := func(ctx context.Context, will uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
			asked = append(asked, time.Now())
			return other.Dial("box1", nil)(ctx, will, onMessage)
		}
		o.Dials = []uplink.Dial{refusing, p.broker.Dial("box1", uplink.Subscriptions(site))}
		p.start(o)
		p.store.add(devices.AlarmLane, 1)
		after(2 * time.Second)
		if got := p.store.sentTo(devices.AlarmLane); got != 1 {
			t.Errorf("alarms over the other broker: got %d, want 1", got)
		}
		p.broker.Away(uplinktest.ErrAway)
		after(10 * time.Minute)
		if len(asked) < 5 {
			t.Errorf("dials at the one that refuses, in 10 min: got %d, want more", len(asked))
		}
		for i := 1; i < len(asked); i++ {
			if gap := asked[i].Sub(asked[i-1]); gap < time.Minute {
				t.Errorf("asked again after %v, want at least a minute", gap)
			}
		}
		if got := p.heard(); !slices.Contains(got, "uplink.refused raised city-a") {
			t.Errorf("said: got %q", got)
		}
		for _, e := range p.said {
			if e.Code == devices.UplinkRefused && e.State == devices.Raised && !strings.Contains(e.Text, "check the password") {
				t.Errorf("text: got %q, want the next step", e.Text)
			}
		}
	})
}

// TestUnreadableStore: a box whose store does not answer is not called up any
// more, and goes on when it does.
func TestUnreadableStore(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(65 * time.Second)
		if got := len(p.states(t)); got != 3 {
			t.Errorf("states in 65 s: got %d, want 3", got)
		}
		p.store.fail(errors.New("input/output error"))
		p.store.add(devices.AlarmLane, 1)
		after(5 * time.Minute)
		if got := len(p.states(t)); got != 3 {
			t.Errorf("states of a box that cannot read: got %d, want still 3", got)
		}
		p.store.fail(nil)
		after(time.Minute)
		if got := len(p.states(t)); got < 4 || p.store.sentTo(devices.AlarmLane) != 1 {
			t.Errorf("got %d states and mark %d, want more and 1", got, p.store.sentTo(devices.AlarmLane))
		}
	})
}

// TestUnsayable: a record that can never be said is told as a gap and does not
// stop its lane.
func TestUnsayable(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		p.store.add(devices.EventLane, 1)
		p.store.append(devices.EventLane, devices.Event{Code: "no.such.word"})
		p.store.add(devices.EventLane, 1)
		after(time.Second)
		if got, sent := p.count(devices.EventLane), p.store.sentTo(devices.EventLane); got != 2 || sent != 3 {
			t.Errorf("got %d events and mark %d, want 2 and 3", got, sent)
		}
		if diff := cmp.Diff([]string{"event 2-2"}, p.gaps()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// TestHungWriter: a box whose disk neither takes nor refuses is not called up any more,
// though all that it has can be read; it is when the disk is well.
func TestHungWriter(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(65 * time.Second)
		hang := func(on bool) {
			p.store.mu.Lock()
			defer p.store.mu.Unlock()
			p.store.hung = on
		}
		hang(true)
		after(5 * time.Minute)
		if got := len(p.states(t)); got != 3 {
			t.Errorf("states of a box that hangs: got %d, want the 3 of before", got)
		}
		hang(false)
		after(time.Minute)
		if got := len(p.states(t)); got < 4 {
			t.Errorf("states when it goes on: got %d, want more", got)
		}
	})
}

// TestRetained: what changed is said at once and before events, once, and an
// emptied topic is emptied; a broker that forgot everything is told again.
func TestRetained(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(time.Second)
		before := len(p.kinds())
		p.store.put("device/gas-1", `{"state":"silent"}`)
		p.store.put("device/gate-1", `{"state":"online"}`)
		p.store.add(devices.EventLane, 1)
		p.store.put("device/gas-1", "")
		after(time.Second)
		if diff := cmp.Diff([]string{"device/gate-1", "device/gas-1", "event/gas-1"}, p.kinds()[before:]); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if got := p.broker.Retained(); got[uplink.Topic(site, "device/gate-1")] == nil || got[uplink.Topic(site, "device/gas-1")] != nil {
			t.Errorf("retained: got %q", got)
		}
		p.broker.Publish(uplink.Message{Topic: uplink.Topic(site, "device/gate-1"), Retain: true}) // it forgets
		p.broker.Kill(0)
		after(time.Minute)
		if got := p.retained("device/gate-1", "state"); got != "online" {
			t.Errorf("after the broker forgot: got %v, want online", got)
		}
	})
}
