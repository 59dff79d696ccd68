package uplink_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
)

// TestOrderOfReturn: a new connection says canary, birth, what is open, what
// changed, fresh and old alarms, and the rest of the backlog after all of these.
func TestOrderOfReturn(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.put("device/gas-1", `{"state":"online"}`)
		p.store.add(devices.EventLane, 2)
		p.store.add(devices.AlarmLane, 1)
		p.store.add(devices.ReadingLane, 1)
		p.start(p.options())
		synctest.Wait()
		want := []string{"canary", "state", "open", "device/gas-1", "alarm/gas-1", "event/gas-1", "event/gas-1", "reading/gas-1"}
		if diff := cmp.Diff(want, p.kinds()); diff != "" {
			t.Errorf("order of topics (-want +got):\n%s", diff)
		}
		if got := p.retained("state", "state"); got != "up" {
			t.Errorf("up/state: got %v, want up", got)
		}
	})
}

// TestAlarmOvertakes: an alarm does not wait for a backlog of 10,000 events, at
// any drain rate, and not for a fresh event either.
func TestAlarmOvertakes(t *testing.T) {
	for _, rate := range []int{0, 50} {
		t.Run(fmt.Sprint(rate, " a second"), func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				p.broker.Latency(20 * time.Millisecond)
				p.store.add(devices.EventLane, 10_000)
				o := p.options()
				o.DrainRate = rate
				p.start(o)
				after(time.Second)
				p.store.add(devices.EventLane, 1)
				p.store.add(devices.AlarmLane, 1)
				synctest.Wait() // no time passes
				if got := p.count(devices.AlarmLane); got != 1 {
					t.Errorf("alarms after no time: got %d, want 1", got)
				}
				if got := p.count(devices.EventLane); got >= 9_000 {
					t.Errorf("the backlog had gone already: %d events", got)
				}
				after(20 * time.Millisecond)
				want := fmt.Sprintf("%s-event-10001", epoch)
				if !slices.ContainsFunc(p.saidOn(devices.EventLane), func(s said) bool { return s.ID == want }) {
					t.Errorf("the fresh event waits behind the old ones")
				}
				after(5 * time.Minute)
				if got := p.store.sentTo(devices.EventLane); got != 10_001 {
					t.Errorf("events sent: got %d, want all 10,001", got)
				}
			})
		})
	}
}

// TestDrainRate: the backlog begins within DrainStart, goes no faster than
// DrainRate, and the mark follows it although fresh ones go beside it.
func TestDrainRate(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.add(devices.EventLane, 1_000)
		o := p.options()
		o.DrainRate, o.DrainStart = 50, 5*time.Minute
		p.start(o)
		synctest.Wait()
		if got := p.count(devices.EventLane); got != 0 {
			t.Errorf("events at once: got %d, want 0", got)
		}
		p.store.add(devices.EventLane, 1)
		synctest.Wait()
		if got, sent := p.count(devices.EventLane), p.store.sentTo(devices.EventLane); got != 1 || sent != 0 {
			t.Errorf("fresh event: got %d and mark %d, want 1 and mark 0", got, sent)
		}
		last := 1
		for range 5*60 + 21 {
			after(time.Second)
			now := p.count(devices.EventLane)
			if now-last > 53 { // 50, and what a twentieth of a second allows at once
				t.Errorf("events in one second: got %d, want at most 53", now-last)
			}
			last = now
		}
		if got := p.store.sentTo(devices.EventLane); last != 1_001 || got != 1_001 {
			t.Errorf("got %d events and mark %d, want 1,001 of both", last, got)
		}
	})
}

// TestWindow: at most 32 KiB are in flight, and the last eighth of them only
// for alarms; all of it arrives when the broker acknowledges again.
func TestWindow(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		before := len(p.broker.Messages())
		p.broker.Hold(true)
		p.store.add(devices.EventLane, 500)
		after(time.Second)
		events := flying(p, before)
		p.store.add(devices.AlarmLane, 30)
		after(time.Second)
		all := flying(p, before)
		if events > 28<<10 || all > 32<<10 || events < 27<<10 || all < 31<<10 {
			t.Errorf("bytes in flight: got %d of events and %d with alarms, want just below 28 and 32 KiB", events, all)
		}
		p.broker.Hold(false)
		synctest.Wait()
		if got := p.store.String(); got != "{1 30 30 0} {1 500 500 0} {1 0 0 0}" {
			t.Errorf("marks: got %s", got)
		}
	})
}

// flying is the size of all messages that arrived after the first before.
func flying(p *place, before int) int {
	size := 0
	for _, m := range p.broker.Messages()[before:] {
		size += len(m.Topic) + len(m.Payload)
	}
	return size
}

// TestRandomKills: through 100 cuts of the connection, at any moment, nothing is
// lost, and what comes twice comes under its old id and is marked.
func TestRandomKills(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				dice := rand.New(rand.NewPCG(seed, 1))
				p.broker.Latency(30 * time.Millisecond)
				o := p.options()
				o.DrainRate = 200
				p.start(o)
				for range 100 {
					for range dice.IntN(4) {
						p.store.add(devices.Lanes()[dice.IntN(3)], 1+dice.IntN(60))
						after(time.Duration(dice.IntN(200)) * time.Millisecond)
					}
					p.broker.Kill(dice.IntN(64))
					after(time.Duration(dice.IntN(3000)) * time.Millisecond)
				}
				after(10 * time.Minute)
				for _, lane := range devices.Lanes() {
					proveLane(t, p, lane)
				}
			})
		})
	}
}

// proveLane checks that all records of a lane arrived, and that what arrived
// again says so.
func proveLane(t *testing.T, p *place, lane devices.Lane) {
	t.Helper()
	total := p.store.Marks(lane).Last
	times := make(map[string]int)
	for _, s := range p.saidOn(lane) {
		times[s.ID]++
		if times[s.ID] > 1 && !s.Redelivery {
			t.Errorf("%s came again and does not say so", s.ID)
		}
	}
	if uint64(len(times)) != total || p.store.sentTo(lane) != total {
		t.Errorf("%s: got %d ids and mark %d, want %d", lane, len(times), p.store.sentTo(lane), total)
	}
}

// TestHourWithoutCity: what happened while nobody could be reached arrives, old
// news marked as such, and the loss is told afterwards with its two ends.
func TestHourWithoutCity(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		o := p.options()
		o.DrainRate = 50
		p.start(o)
		after(time.Minute)
		lost := time.Now()
		p.broker.Away(errors.New("no route to host"))
		for range 60 {
			p.store.add(devices.AlarmLane, 1)
			p.store.add(devices.ReadingLane, 10)
			after(time.Minute)
		}
		if dials := p.broker.Dials(); dials > 200 {
			t.Errorf("dials in an hour: got %d, want about 120", dials)
		}
		p.broker.Away(nil)
		after(3 * time.Minute)
		if got := p.store.String(); got != "{1 60 60 0} {1 0 0 0} {1 600 600 0}" {
			t.Errorf("marks: got %s", got)
		}
		if first := p.saidOn(devices.AlarmLane)[0]; !first.Historical || first.Redelivery {
			t.Errorf("the first alarm: got %+v, want historical and sent once", first)
		}
		want := []string{"uplink.refused cleared city-a", "uplink.lost cleared", "uplink.lost raised", "uplink.lost cleared"}
		got := p.heard()
		slices.Sort(got[:2])
		slices.Sort(want[:2])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("said (-want +got):\n%s", diff)
		}
		if raised := p.said[2].Time; !raised.Equal(lost) {
			t.Errorf("raised at %v, want the time of the loss, %v", raised, lost)
		}
	})
}

// TestShortLossIsNotTold: a loss that is over within five seconds is no news.
func TestShortLossIsNotTold(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(time.Minute)
		p.broker.Kill(0)
		after(time.Minute)
		if got := p.heard(); slices.Contains(got, "uplink.lost raised") {
			t.Errorf("said: got %q", got)
		}
		if p.link.Status().Connects != 2 {
			t.Errorf("status: got %+v, want 2 connects", p.link.Status())
		}
	})
}

// TestStopDrains: a link that is told to stop sends what is in the store, also
// what would have waited for its drain, says "stopped" and leaves in order.
func TestStopDrains(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Latency(10 * time.Millisecond)
		p.store.add(devices.EventLane, 100)
		o := p.options()
		o.DrainStart, o.DrainRate = time.Hour, 100
		p.start(o)
		after(time.Millisecond)
		p.store.add(devices.AlarmLane, 3)
		began := time.Now()
		p.stop()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("stopping took %v, want about 1 s", took)
		}
		if got := p.store.String(); got != "{1 3 3 0} {1 100 100 0} {1 0 0 0}" {
			t.Errorf("marks: got %s", got)
		}
		if got := p.retained("state", "state"); got != "stopped" {
			t.Errorf("up/state: got %v, want stopped", got)
		}
		if got := p.broker.Sessions(); got != 0 {
			t.Errorf("sessions left: got %d", got)
		}
	})
}

// TestStopLetsNothingIn: what is stored after the word to stop does not keep the
// link from stopping.
func TestStopLetsNothingIn(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Latency(50 * time.Millisecond)
		p.start(p.options())
		after(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		var writer sync.WaitGroup
		writer.Go(func() {
			for ctx.Err() == nil {
				p.store.add(devices.EventLane, 1)
				time.Sleep(10 * time.Millisecond)
			}
		})
		after(time.Second)
		began := time.Now()
		p.stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("stopping took %v, want two round trips", took)
		}
		cancel()
		writer.Wait()
	})
}

// TestStopIsBounded: a broker that acknowledges nothing does not hold the stop up.
func TestStopIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		after(time.Second)
		p.broker.Hold(true)
		p.store.add(devices.AlarmLane, 3)
		began := time.Now()
		p.stop()
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("stopping took %v, want at most 7 s", took)
		}
	})
}

// TestStopWhileAway: a link without a connection stops at once.
func TestStopWhileAway(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Away(&uplink.Refused{Why: "not authorized", Next: "ask the city"})
		p.start(p.options())
		after(10 * time.Second)
		began := time.Now()
		p.stop()
		if took := time.Since(began); took != 0 {
			t.Errorf("stopping took %v, want no time", took)
		}
	})
}

// TestLastWords: a link that is told to stop in a long pause tries once more, so
// that a city that is back does not wait for the box's next start.
func TestLastWords(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Away(errors.New("no route to host"))
		p.start(p.options())
		after(10 * time.Minute)
		p.store.add(devices.AlarmLane, 3)
		p.broker.Away(nil)
		p.stop()
		if got := p.store.String(); got != "{1 3 3 0} {1 0 0 0} {1 0 0 0}" {
			t.Errorf("marks: got %s, want all three alarms sent", got)
		}
		if got := p.retained("state", "state"); got != "stopped" {
			t.Errorf("up/state: got %v, want stopped", got)
		}
		if got := p.broker.Sessions(); got != 0 {
			t.Errorf("sessions left: got %d", got)
		}
	})
}
