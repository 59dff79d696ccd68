package uplink_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
)

// TestMissing: what the platform misses comes at once, alarms first, and nothing
// else does; the same question within a minute changes nothing.
func TestMissing(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		p.store.add(devices.AlarmLane, 10)
		p.store.add(devices.EventLane, 10)
		synctest.Wait()
		had := len(p.broker.Messages())
		p.acks(devices.EventLane, 10, "[[2,3],[7,7]]")
		p.acks(devices.AlarmLane, 9, "[[5,6]]")
		for range 5 {
			p.acks(devices.EventLane, 10, "[[2,3],[7,7]]")
			p.acks(devices.AlarmLane, 9, "[[5,6]]")
		}
		got := p.numbers(had)
		slices.Sort(got)
		if diff := cmp.Diff([]string{"alarm-5", "alarm-6", "event-2", "event-3", "event-7"}, got); diff != "" {
			t.Errorf("sent again (-want +got):\n%s", diff)
		}
		if got := p.store.String(); got != "{1 10 10 4} {1 10 10 1} {1 0 0 0}" {
			t.Errorf("marks: got %s", got)
		}
		had = len(p.broker.Messages())
		after(31 * time.Second)
		want := []string{"alarm-5", "alarm-6", "alarm-10", "event-2", "event-3", "event-7"}
		if diff := cmp.Diff(want, p.numbers(had)); diff != "" {
			t.Errorf("when the time ran out (-want +got):\n%s", diff)
		}
		p.acks(devices.EventLane, 10, "[]")
		p.acks(devices.AlarmLane, 10, "[]")
		if got := p.store.String(); got != "{1 10 10 10} {1 10 10 10} {1 0 0 0}" {
			t.Errorf("marks at the end: got %s", got)
		}
	})
}

// TestMissingAlarmsFirst: where both lanes have something to send again, alarms go
// first, and a fresh alarm before them.
func TestMissingAlarmsFirst(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.receipted()
		o.DrainRate = 10
		p.start(o)
		synctest.Wait()
		p.store.add(devices.AlarmLane, 20)
		p.store.add(devices.EventLane, 20)
		synctest.Wait()
		had := len(p.broker.Messages())
		p.acks(devices.EventLane, 20, "[[1,20]]")
		p.acks(devices.AlarmLane, 20, "[[1,20]]")
		after(time.Second)
		p.store.add(devices.AlarmLane, 1)
		synctest.Wait()
		got := p.numbers(had)
		if last := got[len(got)-1]; last != "alarm-21" || len(got) > 13 {
			t.Errorf("got %q, want about 11 and alarm-21 at once", got)
		}
		after(10 * time.Second)
		got = p.numbers(had)
		first, lastAlarm := slices.Index(got, "event-3"), slices.Index(got, "alarm-20")
		if first < lastAlarm || len(got) != 41 {
			t.Errorf("got %q, want the alarms before the events", got)
		}
	})
}

// TestNotKept: numbers that are not kept any more are told, exactly and once within
// ten minutes, and the mark passes over them.
func TestNotKept(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		p.store.add(devices.EventLane, 200)
		synctest.Wait()
		p.store.forget(devices.EventLane, 3, 90)
		p.store.forget(devices.EventLane, 95, 95)
		for range 5 {
			p.acks(devices.EventLane, 200, "[[2,98]]")
			after(time.Second)
		}
		if diff := cmp.Diff([]string{"event 3-90", "event 95-95"}, p.gaps()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got := p.store.Marks(devices.EventLane).Received; got != 1 {
			t.Errorf("received: got %d, want 1, for 2 can still be sent", got)
		}
		p.acks(devices.EventLane, 200, "[[3,90],[95,95]]")
		if got := p.store.Marks(devices.EventLane).Received; got != 200 {
			t.Errorf("received: got %d, want 200, for the rest cannot be sent", got)
		}
		after(30 * time.Minute)
		p.acks(devices.EventLane, 200, "[[3,4]]")
		after(time.Second)
		if got := p.gaps(); len(got) != 3 || got[2] != "event 3-4" {
			t.Errorf("half an hour later: got %q, want event 3-4 once more", got)
		}
	})
}

// TestNothingKept: a platform that has lost everything is told in one word what is not
// kept any more, however much it is, and gets the rest.
func TestNothingKept(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		p.store.add(devices.EventLane, 20_000)
		after(time.Second)
		p.store.forget(devices.EventLane, 1, 19_990)
		before := len(p.broker.Messages())
		p.acks(devices.EventLane, 20_000, "[[1,20000]]")
		after(time.Second)
		if diff := cmp.Diff([]string{"event 1-19990"}, p.gaps()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got := p.store.Marks(devices.EventLane).Received; got != 19_990 {
			t.Errorf("received: got %d, want 19,990, for the rest can be sent", got)
		}
		if got := p.numbers(before); len(got) != 10 || got[0] != "event-19991" {
			t.Errorf("sent again: got %q, want the last ten", got)
		}
	})
}

// TestHeld: what the platform has not acknowledged waits while the city holds what is
// old; what it says is missing does not.
func TestHeld(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.obeying()
		o.Receipt = uplink.ReceiptPlatform
		p.start(o)
		synctest.Wait()
		p.broker.Publish(order("drain", 1, fmt.Sprintf(`{"hold_until":%q}`, time.Now().Add(2*time.Minute).Format(time.RFC3339Nano))))
		p.store.add(devices.EventLane, 3)
		after(time.Minute)
		p.acks(devices.EventLane, 2, "[[1,1]]")
		if diff := cmp.Diff([]string{"event-1", "event-2", "event-3", "event-1"}, p.numbers(0)); diff != "" {
			t.Errorf("while held (-want +got):\n%s", diff)
		}
		after(61 * time.Second)
		if got := p.numbers(0); len(got) != 5 || got[4] != "event-3" {
			t.Errorf("then: got %q, want event-3 once more", got)
		}
	})
}

// TestHoldsNothingUp: while nothing is received, an alarm still goes at once, and
// a link that is told to stop does not wait for the platform.
func TestHoldsNothingUp(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.receipted()
		o.DrainRate = 50
		p.start(o)
		synctest.Wait()
		p.store.add(devices.EventLane, 5000)
		after(33 * time.Second) // they go again
		p.store.add(devices.AlarmLane, 1)
		synctest.Wait()
		if got := p.count(devices.AlarmLane); got != 1 {
			t.Errorf("alarms after no time: got %d, want 1", got)
		}
		if got := p.count(devices.EventLane); got < 5050 || got > 5200 {
			t.Errorf("events after 33 s: got %d, want 5,000 and 3 s of the drain rate", got)
		}
		began := time.Now()
		p.stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("stopping took %v, want no waiting for receipts", took)
		}
	})
}
