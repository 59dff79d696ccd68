package uplink_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
)

// receipted are the options of a site whose records are done when the platform
// says so.
func (p *place) receipted() uplink.Options {
	o := p.options()
	o.Receipt = uplink.ReceiptPlatform
	return o
}

// acks says a receipt, as the platform does: missing is "[[3,4]]" or so.
func (p *place) acks(lane devices.Lane, upto int, missing string) {
	p.broker.Publish(down("ack", fmt.Sprintf(`{"epoch":%q,"lane":%q,"upto":%d,"missing":%s}`, epoch, lane, upto, missing)))
	synctest.Wait()
}

// numbers returns the numbers of a lane that arrived after the first n messages:
// "alarm-3".
func (p *place) numbers(n int) []string {
	var list []string
	for _, m := range p.broker.Messages()[n:] {
		id, _, is := record(m.Payload)
		if is {
			list = append(list, strings.TrimPrefix(id, string(epoch)+"-"))
		}
	}
	return list
}

// gaps returns what was told as store.gap.
func (p *place) gaps() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, e := range p.said {
		if e.Code == devices.StoreGap {
			list = append(list, e.Point+" "+e.Detail)
		}
	}
	return list
}

// TestReceipts: the platform's word moves the mark "received" only where the
// site asks for it, for our epoch, and not beyond what was sent or is missing.
func TestReceipts(t *testing.T) {
	note := func(epoch, upto, missing string) string {
		return fmt.Sprintf(`{"epoch":%q,"lane":"alarm","upto":%s,"missing":%s,"received_at":"2026-11-21T22:40:00Z"}`, epoch, upto, missing)
	}
	many := "[" + strings.TrimSuffix(strings.Repeat("[1,1],", 65), ",") + "]"
	refused := uplink.Status{Refused: 1}
	for _, test := range []struct {
		receipt, note string
		want          uplink.Status
		received      uint64
	}{
		{"platform", note(string(epoch), "4", "[]"), uplink.Status{}, 4},
		{"platform", note(string(epoch), `"4"`, "null"), uplink.Status{}, 4},
		{"platform", note(string(epoch), "5", "[[3,4]]"), uplink.Status{}, 2},
		{"platform", note(string(epoch), "5", `[["4","4"],[2,2]]`), uplink.Status{}, 1},
		{"platform", note(string(epoch), "6", "[]"), refused, 0},
		{"platform", note("0000000000000000", "4", "[]"), refused, 0},
		{"platform", "[]", refused, 0},
		{"platform", `{"epoch":"` + string(epoch) + `","lane":"gossip","upto":1}`, refused, 0},
		{"platform", `{"epoch":"` + string(epoch) + `","lane":"alarm"}`, refused, 0},
		{"platform", note(string(epoch), "5", "[[4,3]]"), refused, 0},
		{"platform", note(string(epoch), "5", "[[1,3],[3,4]]"), refused, 0},
		{"platform", note(string(epoch), "4", "[[4,5]]"), refused, 0},
		{"platform", note(string(epoch), "4", "[[0,1]]"), refused, 0},
		{"platform", note(string(epoch), "4", "[[1]]"), refused, 0},
		{"platform", note(string(epoch), "4", many), refused, 0},
		{"platform", note(string(epoch), "4", "[]"+strings.Repeat(" ", 16<<10)), refused, 0},
		{"platform", note(string(epoch), "4", `[],"upto":5`), refused, 0},
		{"broker", note(string(epoch), "4", "[]"), uplink.Status{Ignored: 1}, 0},
	} {
		t.Run(test.receipt+" "+test.note[:min(len(test.note), 100)], func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				p.store.add(devices.AlarmLane, 5)
				o := p.options()
				o.Receipt = test.receipt
				p.start(o)
				synctest.Wait()
				p.broker.Publish(down("ack", test.note))
				synctest.Wait()
				status := p.link.Status()
				got := uplink.Status{Ignored: status.Ignored, Refused: status.Refused}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
				if got := p.store.Marks(devices.AlarmLane).Received; got != test.received {
					t.Errorf("received: got %d, want %d", got, test.received)
				}
			})
		})
	}
}

// TestRetainedReceipt: what a broker kept from yesterday says nothing today.
func TestRetainedReceipt(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.add(devices.AlarmLane, 5)
		kept := down("ack", fmt.Sprintf(`{"epoch":%q,"lane":"alarm","upto":5}`, epoch))
		kept.Retain = true
		p.broker.Publish(kept)
		p.start(p.receipted())
		synctest.Wait()
		if got := p.link.Status().Refused; got != 1 || p.store.Marks(devices.AlarmLane).Received != 0 {
			t.Errorf("got %d refused and marks %s, want 1 and nothing received", got, p.store)
		}
	})
}

// TestPlatformClock: how far the platform's clock is from ours is kept.
func TestPlatformClock(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		p.broker.Publish(down("ack", fmt.Sprintf(`{"epoch":%q,"lane":"event","upto":0,"received_at":%q}`, epoch, time.Now().Add(90*time.Second).Format(time.RFC3339Nano))))
		synctest.Wait()
		if got := p.link.Status(); got.PlatformOffset != 90*time.Second || !got.PlatformHeard.Equal(time.Now()) {
			t.Errorf("got %v at %v, want 1m30s now", got.PlatformOffset, got.PlatformHeard)
		}
	})
}

// TestNoReceipt: a platform that says nothing gets everything again after 30 s, 1,
// 2, 4, 8, 10 and 10 minutes, the same but for two words, and no reading.
func TestNoReceipt(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		for _, lane := range devices.Lanes() {
			p.store.add(lane, 1) // of two the second may be acknowledged when the time runs already
		}
		synctest.Wait()
		began, had := time.Now(), len(p.broker.Messages())
		var at []string
		for time.Since(began) < 40*time.Minute {
			after(time.Second)
			if got := p.numbers(had); len(got) > 0 {
				at = append(at, time.Since(began).Round(time.Second).String())
				if diff := cmp.Diff([]string{"alarm-1", "event-1"}, got); diff != "" {
					t.Errorf("after %v (-want +got):\n%s", time.Since(began), diff)
				}
			}
			had = len(p.broker.Messages())
		}
		want := []string{"30s", "1m30s", "3m30s", "7m30s", "15m30s", "25m30s", "35m30s"}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("sent again after (-want +got):\n%s", diff)
		}
		texts := map[string]string{}
		for _, m := range p.broker.Messages() {
			id, text, is := record(m.Payload)
			if had, known := texts[id]; is && known && had != string(text) {
				t.Errorf("%s came with another text:\n%s\n%s", id, had, text)
			}
			texts[id] = string(text)
		}
	})
}

// TestSteadyReceipts: a platform that says every 20 s that it has a little more
// gets nothing twice, although each record waits for minutes.
func TestSteadyReceipts(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		p.store.add(devices.EventLane, 30)
		for n := 1; n <= 30; n++ {
			after(20 * time.Second)
			p.acks(devices.EventLane, n, "[]")
		}
		after(time.Hour)
		if got := p.count(devices.EventLane); got != 30 || p.store.Marks(devices.EventLane).Received != 30 {
			t.Errorf("got %d events and marks %s, want each of 30 once", got, p.store)
		}
	})
}

// TestSlowReceipts: a platform that answers once a minute gets things twice only
// at first, and one that has become quick again has 30 s.
func TestSlowReceipts(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		for n := 1; n <= 20; n++ {
			p.store.add(devices.EventLane, 10)
			after(time.Minute)
			p.acks(devices.EventLane, 10*n, "[]")
		}
		if got := p.link.Status().Resent; got < 10 || got > 20 {
			t.Errorf("sent again in 20 minutes: got %d of 200, want 10 to 20", got)
		}
		p.store.add(devices.EventLane, 1)
		after(time.Second)
		p.acks(devices.EventLane, 201, "[]")
		before := p.link.Status().Resent
		p.store.add(devices.EventLane, 1)
		after(31 * time.Second)
		if got := p.link.Status().Resent - before; got != 1 {
			t.Errorf("31 s later: got %d sent again, want 1", got)
		}
	})
}

// TestYoungWait: when the time runs out, what was sent just now is not sent again.
func TestYoungWait(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.receipted())
		synctest.Wait()
		p.store.add(devices.AlarmLane, 1)
		after(29 * time.Second)
		p.store.add(devices.AlarmLane, 1)
		synctest.Wait()
		had := len(p.broker.Messages())
		after(2 * time.Second)
		if diff := cmp.Diff([]string{"alarm-1"}, p.numbers(had)); diff != "" {
			t.Errorf("after 31 s (-want +got):\n%s", diff)
		}
	})
}

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
