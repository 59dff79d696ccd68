package uplink_test

import (
	"fmt"
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
