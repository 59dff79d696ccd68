package uplink_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
)

func down(below, payload string) uplink.Message {
	return uplink.Message{Topic: "sitepost/1/" + site + "/down/" + below, Payload: []byte(payload)}
}

// TestCommands: every command that has an id is answered "unsupported"; a
// retained, unreadable or oversized one is refused and counted.
func TestCommands(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		kept := down("command/drain", `{"id":"kept-1"}`)
		kept.Retain = true
		p.broker.Publish(kept)
		p.start(p.options())
		synctest.Wait()
		before := len(p.broker.Messages())
		for _, payload := range []string{
			`{"id":"a-1","name":"drain"}`, `{"id":"../x"}`, `not json`, `{"id":"` + strings.Repeat("a", 65) + `"}`,
			strings.Repeat(" ", uplink.MaxPayload) + `{"id":"big-1"}`,
		} {
			p.broker.Publish(down("command/drain", payload))
			synctest.Wait()
		}
		p.broker.Publish(uplink.Message{Topic: "sitepost/1/other/down/command/drain", Payload: []byte(`{"id":"b-1"}`)})
		synctest.Wait()
		var replies []string
		for _, m := range p.broker.Messages()[before:] {
			if below, ok := strings.CutPrefix(m.Topic, uplink.Topic(site, "reply/")); ok {
				replies = append(replies, below+" "+string(m.Payload))
			}
		}
		want := []string{`a-1 {"id":"a-1","result":"unsupported","text":"command \"drain\" is not supported"}`}
		if diff := cmp.Diff(want, replies); diff != "" {
			t.Errorf("replies (-want +got):\n%s", diff)
		}
		if got := p.link.Status().Refused; got != 5 {
			t.Errorf("refused: got %d, want 5", got)
		}
	})
}

// TestReceipts: the platform's word moves the mark "received" only where the
// site asks for it, for our epoch, and not beyond what was sent or is missing.
func TestReceipts(t *testing.T) {
	note := func(epoch, upto, missing string) string {
		return fmt.Sprintf(`{"epoch":%q,"lane":"alarm","upto":%s,"missing":%s,"received_at":"2026-11-21T22:40:00Z"}`, epoch, upto, missing)
	}
	for _, test := range []struct {
		receipt, note string
		want          uplink.Status
		received      uint64
	}{
		{"platform", note(string(epoch), "4", "[]"), uplink.Status{}, 4},
		{"platform", note(string(epoch), `"4"`, "null"), uplink.Status{}, 4},
		{"platform", note(string(epoch), "5", "[[3,4]]"), uplink.Status{}, 2},
		{"platform", note(string(epoch), "6", "[]"), uplink.Status{Refused: 1}, 0},
		{"platform", note("0000000000000000", "4", "[]"), uplink.Status{Refused: 1}, 0},
		{"platform", "[]", uplink.Status{Refused: 1}, 0},
		{"platform", `{"epoch":"` + string(epoch) + `","lane":"gossip","upto":1}`, uplink.Status{Refused: 1}, 0},
		{"broker", note(string(epoch), "4", "[]"), uplink.Status{Ignored: 1}, 0},
	} {
		t.Run(test.receipt+" "+test.note, func(t *testing.T) {
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
