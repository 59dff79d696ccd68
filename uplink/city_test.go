package uplink_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
)

func down(below, payload string) uplink.Message {
	return uplink.Message{Topic: "sitepost/1/" + site + "/down/" + below, Payload: []byte(payload)}
}

// order is a command that is good now; change alters it.
func order(name string, counter int, args string, change ...func(map[string]any)) uplink.Message {
	object := map[string]any{
		"id": fmt.Sprintf("c-%d", counter), "name": name, "issued": time.Now().Format(time.RFC3339), "expires_in_s": 60,
		"counter": counter, "args": json.RawMessage(args),
	}
	for _, f := range change {
		f(object)
	}
	payload, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return down("command/"+name, string(payload))
}

func with(key string, value any) func(map[string]any) {
	return func(object map[string]any) { object[key] = value }
}

// obeying are the options of a site that obeys both commands.
func (p *place) obeying() uplink.Options {
	o := p.options()
	o.Allow, o.Synced = []string{"resend", "drain"}, func() bool { return true }
	return o
}

// replies returns the answers so far: "c-1 refused too_many".
func (p *place) replies() []string {
	var list []string
	for _, m := range p.broker.Messages() {
		id, is := strings.CutPrefix(m.Topic, uplink.Topic(site, "reply/"))
		var r struct{ ID, Result, Code string }
		if !is {
			continue
		}
		if err := json.Unmarshal(m.Payload, &r); err != nil || r.ID != id {
			p.t.Errorf("reply %q: %s", id, m.Payload)
		}
		list = append(list, id+" "+r.Result+" "+r.Code)
	}
	return list
}

// TestRefusals: what is not to be obeyed is refused, counted, and answered where
// there is somebody to answer; no counter rises by it.
func TestRefusals(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		kept := order("drain", 1, `{"rate":10}`)
		kept.Retain = true
		p.broker.Publish(kept)
		p.store.add(devices.AlarmLane, 5)
		p.store.obeyed = 10
		p.start(p.obeying())
		synctest.Wait()
		want := []string{"c-1 refused retained"}
		for _, test := range []struct {
			message uplink.Message
			want    string
		}{
			{order("roll_call", 20, `{}`), "c-20 unsupported unknown_command"},
			{order("inventory", 20, `{}`), "c-20 unsupported unknown_command"},
			{order("drain", 20, `{"rate":1}`, with("name", "resend")), "c-20 refused name_mismatch"},
			{order("drain", 20, `{"rate":1}`, with("site", "another")), "c-20 refused wrong_site"},
			{order("drain", 20, `{"rate":1}`, with("site", 7)), "c-20 refused unreadable"},
			{order("drain", 10, `{"rate":1}`, with("site", site)), "c-10 refused replayed"},
			{order("drain", 20, `{"rate":1}`, with("counter", nil)), "c-20 refused no_counter"},
			{order("drain", 20, `{"rate":1}`, with("counter", int64(1<<53))), "c-20 refused no_counter"},
			{order("drain", 20, `{"rate":1}`, with("counter", -1)), "c-20 refused unreadable"},
			{order("drain", 20, `{"rate":1}`, with("expires_in_s", 0)), "c-20 refused no_expiry"},
			{order("drain", 20, `{"rate":1}`, with("expires_in_s", 86401)), "c-20 refused no_expiry"},
			{order("drain", 20, `{"rate":1}`, with("issued", time.Now().Add(-61*time.Second))), "c-20 refused expired"},
			{order("drain", 20, `{"rate":1}`, with("issued", time.Now().Add(6*time.Minute))), "c-20 refused issued_ahead"},
			{order("drain", 20, `{"rate":1}`, with("issued", "yesterday")), "c-20 refused unreadable"},
			{order("drain", 20, `{"rate":1}`, with("more", strings.Repeat("x", 8<<10))), "c-20 refused too_large"},
			{order("drain", 20, `{"rate":0}`), "c-20 refused out_of_bounds"},
			{order("drain", 20, `{"rate":10001}`), "c-20 refused out_of_bounds"},
			{order("drain", 20, `{}`), "c-20 refused bad_args"},
			{order("drain", 20, `[]`), "c-20 refused unreadable"},
			{order("drain", 20, fmt.Sprintf(`{"hold_until":%q}`, time.Now().Add(25*time.Hour).Format(time.RFC3339))), "c-20 refused out_of_bounds"},
			{order("resend", 20, `{"lane":"reading","from":1,"to":1}`), "c-20 refused not_kept"},
			{order("resend", 20, `{"lane":"alarm","from":2,"to":1}`), "c-20 refused bad_args"},
			{order("resend", 20, `{"lane":"alarm","from":0,"to":1}`), "c-20 refused bad_args"},
			{order("resend", 20, `{"lane":"alarm","from":1,"to":1001}`), "c-20 refused too_many"},
			{order("resend", 20, `{"lane":"alarm","from":1,"to":6}`), "c-20 refused not_sent_yet"},
			{down("command/drain", `{"id":"../x"}`), ""},
			{down("command/drain", `not json`), ""},
			{down("command/drain", `{"id":"a","id":"a"}`), ""},
			{down("command/drain", strings.Repeat(" ", uplink.MaxPayload)+`{"id":"big-1"}`), ""},
		} {
			p.broker.Publish(test.message)
			after(2 * time.Second) // the turns of a minute are not what is tested here
			if test.want != "" {
				want = append(want, test.want)
			}
		}
		p.broker.Publish(uplink.Message{Topic: "sitepost/1/other/down/command/drain", Payload: []byte(`{"id":"b-1"}`)})
		synctest.Wait()
		if diff := cmp.Diff(want, p.replies()); diff != "" {
			t.Errorf("replies (-want +got):\n%s", diff)
		}
		if got, want := p.link.Status(), uint64(len(want)+4); got.Refused != want || got.Obeyed != 0 || p.store.CommandCounter() != 10 {
			t.Errorf("got %d refused, %d obeyed and counter %d, want %d, 0 and 10", got.Refused, got.Obeyed, p.store.CommandCounter(), want)
		}
	})
}

// TestMayCommand: what the site's own settings say about a good command.
func TestMayCommand(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*place, *uplink.Options)
		want   string
	}{
		"allowed":      {func(*place, *uplink.Options) {}, "c-3 ok set"},
		"not allowed":  {func(_ *place, o *uplink.Options) { o.Allow = []string{"resend"} }, "c-3 refused not_allowed"},
		"no clock":     {func(_ *place, o *uplink.Options) { o.Synced = nil }, "c-3 refused clock_unsynced"},
		"no key":       {func(_ *place, o *uplink.Options) { o.SignKey = []byte{} }, "c-3 refused key_unreadable"},
		"key":          {func(_ *place, o *uplink.Options) { o.SignKey = make([]byte, 32) }, "c-3 refused no_signature"},
		"counter lost": {func(p *place, _ *uplink.Options) { p.store.fail(errors.New("no space left")) }, "c-3 failed store_unwritable"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				o := p.obeying()
				later := name == "counter lost"
				if !later {
					test.change(p, &o)
				}
				p.start(o)
				synctest.Wait()
				if later {
					test.change(p, &o)
				}
				p.broker.Publish(order("drain", 3, `{"rate":10}`))
				synctest.Wait()
				p.store.fail(nil)
				if diff := cmp.Diff([]string{test.want}, p.replies()); diff != "" {
					t.Errorf("replies (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestTooOften: thirty commands at once are obeyed, and one every two seconds.
func TestTooOften(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.obeying())
		synctest.Wait()
		for n := 1; n <= 40; n++ {
			p.broker.Publish(order("drain", n, `{"rate":10}`))
			synctest.Wait()
		}
		if got := p.link.Status(); got.Obeyed != 30 || got.Refused != 10 {
			t.Errorf("got %d obeyed and %d refused, want 30 and 10", got.Obeyed, got.Refused)
		}
		after(4 * time.Second)
		for n := 41; n <= 44; n++ {
			p.broker.Publish(order("drain", n, `{"rate":10}`))
			synctest.Wait()
		}
		if got := p.link.Status(); got.Obeyed != 32 || len(p.replies()) != 44 {
			t.Errorf("4 s later: got %d obeyed and %d replies, want 32 and 44", got.Obeyed, len(p.replies()))
		}
	})
}

// TestDrainCommand: the city slows a backlog down, holds it and lets it go, over
// connections; an alarm is not held.
func TestDrainCommand(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.add(devices.EventLane, 1000)
		o := p.obeying()
		o.DrainRate = 10
		p.start(o)
		after(10 * time.Second)
		if got := p.count(devices.EventLane); got < 95 || got > 102 {
			t.Fatalf("events after 10 s: got %d, want 100", got)
		}
		had := p.count(devices.EventLane)
		p.broker.Publish(order("drain", 1, fmt.Sprintf(`{"hold_until":%q}`, time.Now().Add(time.Minute).Format(time.RFC3339))))
		after(time.Second)
		p.broker.Kill(0)
		after(30 * time.Second)
		p.store.add(devices.AlarmLane, 1)
		synctest.Wait()
		if got, alarms := p.count(devices.EventLane)-had, p.count(devices.AlarmLane); got > 1 || alarms != 1 {
			t.Errorf("while held: got %d events and %d alarms, want none and 1", got, alarms)
		}
		p.broker.Publish(order("drain", 2, fmt.Sprintf(`{"rate":100,"hold_until":%q}`, time.Now().Format(time.RFC3339))))
		had = p.count(devices.EventLane)
		after(5 * time.Second)
		if got := p.count(devices.EventLane) - had; got < 480 || got > 510 {
			t.Errorf("events in 5 s: got %d, want 500", got)
		}
		if diff := cmp.Diff([]string{"c-1 ok set", "c-2 ok set"}, p.replies()); diff != "" {
			t.Errorf("replies (-want +got):\n%s", diff)
		}
	})
}

// TestResendCommand: alarms come again, marked, with the drain rate, through a cut
// of the connection, and the answer comes when all have.
func TestResendCommand(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.add(devices.AlarmLane, 200)
		o := p.obeying()
		o.DrainRate = 10
		p.start(o)
		synctest.Wait()
		had := p.count(devices.AlarmLane)
		p.store.forget(devices.AlarmLane, 150, 152)
		p.broker.Publish(order("resend", 1, `{"lane":"alarm","from":"101","to":200}`))
		after(5 * time.Second)
		if got := p.count(devices.AlarmLane) - had; got < 48 || got > 53 {
			t.Errorf("alarms in 5 s: got %d, want 50", got)
		}
		p.store.add(devices.AlarmLane, 1)
		synctest.Wait()
		if said := p.saidOn(devices.AlarmLane); said[len(said)-1].ID != fmt.Sprintf("%s-alarm-201", epoch) {
			t.Errorf("a fresh alarm waits behind the old ones")
		}
		if got := p.replies(); len(got) > 0 {
			t.Errorf("answered before it was done: %q", got)
		}
		p.broker.Kill(0)
		after(time.Minute)
		times := map[string]int{}
		for _, s := range p.saidOn(devices.AlarmLane)[had:] {
			times[s.ID]++
			if want := s.ID != fmt.Sprintf("%s-alarm-201", epoch); s.Redelivery != want {
				t.Errorf("%s: redelivery %t", s.ID, s.Redelivery)
			}
		}
		if len(times) != 98 || times[fmt.Sprintf("%s-alarm-200", epoch)] != 1 {
			t.Errorf("got %d alarms again, want 97 and the fresh one", len(times))
		}
		p.broker.Publish(order("resend", 2, `{"lane":"alarm","from":150,"to":152}`))
		after(time.Second)
		if diff := cmp.Diff([]string{"c-1 ok sent_in_part", "c-2 failed not_kept"}, p.replies()); diff != "" {
			t.Errorf("replies (-want +got):\n%s", diff)
		}
	})
}
