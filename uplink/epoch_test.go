package uplink_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

const later = store.Epoch("0c4d9be17a2f3356")

// TestNewEpoch: when the store has to begin a new file, the link counts anew with
// it: what was saved comes under its old id, alarms behind the fresh ones, and no
// receipt of the old connection moves a mark of the new file.
func TestNewEpoch(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(time.Second)
		p.broker.Hold(true)
		p.store.add(devices.EventLane, 5)
		p.store.add(devices.AlarmLane, 3)
		after(time.Second) // all handed over, none acknowledged
		p.store.renew(later)
		p.store.add(devices.EventLane, 2)
		p.store.add(devices.AlarmLane, 1)
		p.broker.Hold(false) // now the receipts of the old numbers come
		after(time.Second)
		after(time.Minute)
		if got := p.store.String(); got != "{1 1 1 0} {1 2 2 0} {1 0 0 0}" {
			t.Errorf("marks of the new file: got %s, want all of it sent", got)
		}
		if len(p.store.salvage) != 0 {
			t.Errorf("what was saved: %d records are still there", len(p.store.salvage))
		}
		ids := make(map[string][]bool)
		for _, lane := range devices.Lanes() {
			for _, s := range p.saidOn(lane) {
				ids[s.ID] = append(ids[s.ID], s.Redelivery)
			}
		}
		want := map[string][]bool{
			string(later) + "-alarm-1": {false}, string(later) + "-event-1": {false}, string(later) + "-event-2": {false},
		}
		for i := range 3 {
			want[fmt.Sprintf("%s-alarm-%d", epoch, i+1)] = []bool{false, true}
		}
		for i := range 5 {
			want[fmt.Sprintf("%s-event-%d", epoch, i+1)] = []bool{false, true}
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("records, and whether they say that they come again (-want +got):\n%s", diff)
		}
		if got := p.retained("state", "epoch"); got != string(later) {
			t.Errorf("up/state: got epoch %v, want %s", got, later)
		}
		if got := p.heard(); slices.Contains(got, "uplink.lost raised") || p.link.Status().Connects != 2 {
			t.Errorf("said %q with %+v, want no loss and two connections", got, p.link.Status())
		}
	})
}

// TestLeftBehind: a connection that is ended to be made anew leaves no "up" at a
// broker that does not take the next one.
func TestLeftBehind(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		other := p.pair(&o)
		dial, away := o.Dials[0], new(atomic.Bool)
		o.Dials[0] = func(ctx context.Context, w uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
			if away.Load() {
				return nil, uplinktest.ErrAway
			}
			return dial(ctx, w, onMessage)
		}
		p.start(o)
		after(time.Minute)
		if got := p.retained("state", "state"); got != "up" {
			t.Fatalf("up/state: got %v, want up", got)
		}
		away.Store(true)
		p.store.renew(later)
		after(5 * time.Minute)
		if got := p.retained("state", "state"); got != "down" || other.Sessions() != 1 {
			t.Errorf("up/state at the first broker: got %v, want down, for the box is at the other one", got)
		}
	})
}

// TestSalvagedOrder: of what was saved the alarms go behind the fresh alarms and
// before events, the events at the drain rate.
func TestSalvagedOrder(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.add(devices.EventLane, 4)
		p.store.add(devices.AlarmLane, 2)
		p.store.renew(later)
		p.store.add(devices.EventLane, 1)
		p.store.add(devices.AlarmLane, 1)
		o := p.options()
		o.DrainRate, o.DrainStart = 1, time.Nanosecond
		p.start(o)
		after(time.Minute)
		var got []string
		for _, m := range p.broker.Messages() {
			if _, id, found := strings.Cut(string(m.Payload), `"id":"`); found {
				id, _, _ = strings.Cut(id, `"`)
				got = append(got, strings.NewReplacer(string(epoch), "old", string(later), "new").Replace(id))
			}
		}
		want := []string{"new-alarm-1", "old-alarm-1", "old-alarm-2", "new-event-1", "old-event-1", "old-event-2", "old-event-3", "old-event-4"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

// TestSalvagedTwice: the places in line of what was saved are those of others in the
// next file: receipts that come late do not count for them, even when the store has
// numbered a connection since, as it does for a scout.
func TestSalvagedTwice(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.add(devices.EventLane, 3)
		p.store.renew(later)
		p.broker.Hold(true)
		p.start(p.options())
		after(time.Second) // the three saved were handed over, and not acknowledged
		p.store.add(devices.EventLane, 2)
		p.store.renew("1d5ca1f0b2e43377")
		p.store.mu.Lock()
		p.store.salvage = p.store.salvage[2:] // two of them were done in time
		for i := range p.store.salvage {
			p.store.salvage[i].At = uint64(i + 1)
		}
		p.store.deaf = false
		p.store.mu.Unlock()
		p.broker.Hold(false)
		after(2 * time.Minute)
		ids := make(map[string]bool)
		for _, s := range p.saidOn(devices.EventLane) {
			ids[s.ID] = true
		}
		for _, id := range []string{string(epoch) + "-event-3", string(later) + "-event-1", string(later) + "-event-2"} {
			if !ids[id] {
				t.Errorf("%s did not arrive", id)
			}
		}
		if len(p.store.salvage) != 0 {
			t.Errorf("%d saved records are still there", len(p.store.salvage))
		}
	})
}

// TestVolatile: alarms that the disk refuses go before everything else, marked as
// what they are, also over a new connection of a box that can neither number it
// nor read its store; and once.
func TestVolatile(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(time.Minute)
		p.store.add(devices.AlarmLane, 1)
		after(time.Second)
		p.store.fail(errors.New("read-only file system"))
		p.broker.Away(errors.New("no route to host"))
		after(time.Minute)
		p.store.remember(3)
		p.store.add(devices.EventLane, 2)
		p.broker.Away(nil)
		after(2 * time.Minute)
		var got []string
		for _, s := range p.saidOn(devices.AlarmLane)[1:] {
			got = append(got, s.ID)
		}
		want := []string{"c0ffee00c0ffee00-alarm-1", "c0ffee00c0ffee00-alarm-2", "c0ffee00c0ffee00-alarm-3"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("alarms from memory (-want +got):\n%s", diff)
		}
		last := p.broker.Messages()[len(p.broker.Messages())-1]
		if !strings.Contains(string(last.Payload), `"volatile":true`) {
			t.Errorf("got %s, want volatile", last.Payload)
		}
		if got := p.store.Volatile(0); len(got) != 0 {
			t.Errorf("still in memory: %d", len(got))
		}
		p.store.fail(nil)
		after(time.Minute)
		if got := p.store.String(); got != "{1 1 1 0} {1 2 2 0} {1 0 0 0}" {
			t.Errorf("marks after the disk is back: got %s", got)
		}
		if got := p.retained("state", "state"); got != "up" {
			t.Errorf("up/state: got %v", got)
		}
	})
}

// TestDamagedRecords: what cannot be read does not hold up what can, of any length.
func TestDamagedRecords(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.damaged = map[devices.Lane][]uint64{devices.AlarmLane: {2, 3}}
		for n := range uint64(100) {
			p.store.damaged[devices.EventLane] = append(p.store.damaged[devices.EventLane], 5+n)
		}
		p.store.add(devices.AlarmLane, 5)
		p.store.add(devices.EventLane, 200)
		p.start(p.options())
		synctest.Wait()
		if got := p.count(devices.AlarmLane); got != 3 {
			t.Errorf("alarms: got %d, want the 3 sound ones", got)
		}
		after(10 * time.Second)
		if got := p.count(devices.EventLane); got != 100 {
			t.Errorf("events: got %d, want the 100 sound ones", got)
		}
	})
}

// TestNumberedLater: a box whose new file cannot number a connection yet is heard all
// the same, but nothing counts as sent before the store has numbered one; then a new
// connection begins by itself.
func TestNumberedLater(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(time.Second)
		p.store.add(devices.AlarmLane, 2)
		after(time.Second)
		p.broker.Hold(true)
		p.store.add(devices.AlarmLane, 1)
		p.store.refuseBirths(errors.New("input/output error"))
		p.store.renew(later)
		p.store.add(devices.AlarmLane, 1)
		p.broker.Hold(false)
		after(20 * time.Second)
		if got := p.count(devices.AlarmLane); got != 4 {
			t.Errorf("got %d alarms, want 4", got)
		}
		if got := p.store.sentTo(devices.AlarmLane); got != 0 || len(p.store.salvage) != 1 {
			t.Errorf("got mark %d and %d saved, want 0 and 1: the store has not numbered a connection", got, len(p.store.salvage))
		}
		p.store.refuseBirths(nil)
		after(time.Minute)
		if got := p.store.sentTo(devices.AlarmLane); got != 1 || len(p.store.salvage) != 0 {
			t.Errorf("got mark %d and %d saved, want 1 and 0", got, len(p.store.salvage))
		}
		if got := p.link.Status(); !got.Up || got.Connects != 3 {
			t.Errorf("got %+v, want the third connection", got)
		}
	})
}

// TestUnwritableAtStart: a box whose disk refuses from the start is heard, above the
// numbers of its earlier connections.
func TestUnwritableAtStart(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.births = 57
		p.store.refuseBirths(errors.New("read-only file system"))
		p.store.remember(1)
		p.start(p.options())
		after(time.Second)
		if got := p.retained("state", "birth"); got != float64(58) || p.count(devices.AlarmLane) != 1 {
			t.Errorf("got birth %v and %d alarms, want 58 and 1", got, p.count(devices.AlarmLane))
		}
	})
}
