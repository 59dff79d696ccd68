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
	"sitepost/uplink"
)

// conditions returns what was said of one condition, in order.
func (p *place) conditions(code devices.Code) []string {
	var list []string
	for _, said := range p.heard() {
		if state, is := strings.CutPrefix(said, string(code)+" "); is {
			list = append(list, state)
		}
	}
	return list
}

// stranger is the canary of a box.
func stranger(epoch string, birth int) uplink.Message {
	return uplink.Message{Topic: uplink.Topic(site, "canary"),
		Payload: fmt.Appendf(nil, `{"schema":"urn:sitepost:1.0","epoch":%q,"birth":%d,"time":"2026-11-26T12:00:00.000+08:00"}`, epoch, birth)}
}

// TestRivalCanary: a canary that is not ours is another box under our name: told
// with its next step, while the connection goes on, and over after five calm
// minutes. Our own, of whatever connection of this run, are no sign of one.
func TestRivalCanary(t *testing.T) {
	for name, test := range map[string]struct {
		canary uplink.Message
		rival  bool
	}{
		"another store":       {stranger("1111222233334444", 1), true},
		"a copy of our store": {stranger(string(epoch), 40), true},
		"a late one of ours":  {stranger(string(epoch), 1), false},
		"no canary":           {uplink.Message{Topic: uplink.Topic(site, "canary"), Payload: []byte("{")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				p.start(p.options())
				after(time.Second)
				p.broker.Kill(0)
				after(10 * time.Minute)
				p.broker.Publish(test.canary)
				after(time.Minute)
				if got := p.link.Status(); got.TakenOver != test.rival || !got.Up || got.Connects != 2 {
					t.Errorf("status: got %+v, want up, and taken over %t", got, test.rival)
				}
				p.broker.Publish(test.canary)
				after(4 * time.Minute)
				if got := p.link.Status(); got.TakenOver != test.rival {
					t.Errorf("four minutes after the last sign: got %+v", got)
				}
				after(2 * time.Minute)
				want := []string{"cleared"}
				if test.rival {
					want = []string{"cleared", "raised", "cleared"}
				}
				if diff := cmp.Diff(want, p.conditions(devices.UplinkTakenOver)); diff != "" {
					t.Errorf("said (-want +got):\n%s", diff)
				}
				p.stop()
			})
		})
	}
}

// TestTwoBoxes: two boxes under one client_id do not push each other out in a
// storm: who notices first, and is pushed out again and again, keeps away for
// minutes. When one goes the other one is at peace.
func TestTwoBoxes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, q := newPlace(t), newPlace(t)
		q.broker = p.broker
		q.store.current = "1111222233334444"
		p.start(p.options())
		q.start(q.options())
		after(5 * time.Minute)
		early := p.broker.Dials()
		after(time.Hour)
		dials := p.broker.Dials() - early
		if dials > 90 {
			t.Errorf("dials of both in an hour: got %d, want at most 90", dials)
		}
		both := append(p.conditions(devices.UplinkTakenOver), q.conditions(devices.UplinkTakenOver)...)
		if !slices.Contains(both, "raised") {
			t.Errorf("said: got %q, want that one was taken over", both)
		}
		t.Logf("two boxes: %d dials in the first five minutes, %d in the hour behind them", early, dials)
		q.stop()
		after(20 * time.Minute)
		p.store.add(devices.AlarmLane, 1)
		after(time.Second)
		got := p.conditions(devices.UplinkTakenOver)
		if status := p.link.Status(); !status.Up || status.TakenOver || got[len(got)-1] != "cleared" || p.store.sentTo(devices.AlarmLane) != 1 {
			t.Errorf("the first box alone: got %+v, said %q", status, got)
		}
		p.stop()
	})
}

// TestDenied: a broker that hangs up whenever we publish is told as one that
// refuses us, from the third time on, and asked once a minute. What only happens
// now and then is a fault.
func TestDenied(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.HangUp(func(m uplink.Message, _ int) bool { return strings.HasSuffix(m.Topic, "/canary") })
		p.start(p.options())
		after(10 * time.Minute)
		if got := p.broker.Dials(); got < 8 || got > 13 {
			t.Errorf("dials in ten minutes: got %d, want one a minute", got)
		}
		if got := p.link.Status(); !strings.Contains(got.Next, "up/#") || !slices.Equal(got.RefusedBy, []string{"city-a"}) || got.TakenOver {
			t.Errorf("status: got %+v, want the next step", got)
		}
		p.broker.HangUp(nil)
		after(2 * time.Minute)
		if diff := cmp.Diff([]string{"raised city-a", "cleared city-a"}, p.conditions(devices.UplinkRefused)); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}
		if got := p.link.Status(); len(got.RefusedBy) > 0 || got.Next != "" || !got.Up {
			t.Errorf("status: got %+v, want nothing refused", got)
		}
	})
}

// TestDeadBrokerIsNoDenial: a broker that answers nothing at all refuses nobody.
func TestDeadBrokerIsNoDenial(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Silence("#")
		p.broker.Hold(true)
		p.start(p.options())
		after(10 * time.Minute)
		if got := p.conditions(devices.UplinkRefused); len(got) != 0 {
			t.Errorf("said of a refusal: %q", got)
		}
		p.broker.Silence()
		p.broker.Hold(false)
		after(2 * time.Minute)
	})
}

// TestPapers: a connection whose certificates were renewed is made again within
// minutes, in order: "down" in between, for nobody knows whether the new ones are
// taken; no loss told, nothing said twice.
func TestPapers(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		var papers atomic.Value
		papers.Store("old")
		o := p.options()
		o.Papers = func(int) string { return papers.Load().(string) }
		p.start(o)
		after(time.Hour)
		papers.Store("") // half of them are written
		after(10 * time.Minute)
		if got := p.link.Status().Connects; got != 1 {
			t.Errorf("connections: got %d, want the first", got)
		}
		papers.Store("new")
		p.store.add(devices.AlarmLane, 1)
		after(2 * time.Minute)
		if got := p.link.Status(); got.Connects != 2 || !got.Up {
			t.Errorf("status: got %+v, want the second connection", got)
		}
		after(time.Hour)
		if got := p.link.Status().Connects; got != 2 {
			t.Errorf("connections: got %d, want the second", got)
		}
		if got := slices.Compact(p.states(t)); !slices.Equal(got, []string{"up", "down", "up"}) {
			t.Errorf("states: got %q, want up, down, up", got)
		}
		if got := p.conditions(devices.UplinkLost); slices.Contains(got, "raised") {
			t.Errorf("lost: said %q", got)
		}
		proveLane(t, p, devices.AlarmLane)
	})
}

// TestPath: who supervises the path hears of its start, its opening and its loss,
// and not of connections that are made anew in order.
func TestPath(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		var heard []string
		o := p.options()
		began := time.Now()
		o.Path = func(path uplink.Path) {
			heard = append(heard, fmt.Sprint(path.Up, " ", path.Broker, " ", path.Since.Sub(began)))
		}
		p.broker.Away(errors.New("no route to host"))
		p.start(o)
		after(100 * time.Second)
		p.broker.Away(nil)
		after(60 * time.Second)
		up := p.link.Status().Since.Sub(began)
		p.broker.Kill(0)
		synctest.Wait()
		heard = slices.Compact(heard)
		want := []string{"false  0s", "false city-a 0s", fmt.Sprint("true city-a ", up), fmt.Sprint("false city-a ", 160*time.Second)}
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
	})
}

// TestStatus: it names what a person wants to know, by keys that stay.
func TestStatus(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		o.Dials = []uplink.Dial{func(ctx context.Context, w uplink.Will, hear func(uplink.Message)) (uplink.Session, error) {
			s, err := p.broker.Dial("box1", uplink.Subscriptions(site))(ctx, w, hear)
			return early{s}, err
		}}
		p.start(o)
		after(time.Second)
		p.broker.Hold(true)
		p.store.add(devices.AlarmLane, 2)
		after(10 * time.Second)
		got := p.link.Status()
		if got.InFlight != 2 || got.InFlightBytes < 500 || got.LastAck.IsZero() || got.Tried != 1 || got.Preferred != "city-a" {
			t.Errorf("status: got %+v, want two messages in flight", got)
		}
		if !got.ClockTolerated.Equal(begins) {
			t.Errorf("clock tolerated: got %v, want %v", got.ClockTolerated, begins)
		}
		p.broker.Hold(false)
		p.broker.Away(&uplink.Refused{Why: "not authorized", Next: "ask the city"})
		after(10 * time.Second)
		if got := p.link.Status(); got.Next != "ask the city" || got.InFlight != 0 || got.Up {
			t.Errorf("status: got %+v, want the next step", got)
		}
	})
}

// early is a session whose broker's certificate begins later.
type early struct{ uplink.Session }

var begins = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (early) NotYetValid() time.Time { return begins }
