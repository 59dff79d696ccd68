//go:build !race

package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// What an alarm may wait while a backlog drains: a part of what it waits where
// there are no lanes, and the milliseconds of a quiet machine, which are printed
// and not asked for.
const (
	overtakesAim   = 1.0 / 20
	overtakesQuiet = 25
)

// TestReliableOvertakes holds how long a fresh alarm is on its way, from Append to
// a listener of the city who has a session for alarms alone, while a backlog of
// events drains at its rate. The control is the same run without lanes: the alarms
// are events behind the backlog, and the link knows one queue. Both take turns; in
// the short form the control, which no load can make faster than the rate, has one.
func TestReliableOvertakes(t *testing.T) {
	h, controls := harbour{backlog: 16_000, rate: 2_000, alarms: 100, every: 10 * time.Millisecond}, 1
	if figure.Asked(t) != figure.Short {
		h, controls = harbour{backlog: 100_000, rate: 5_000, alarms: 300, every: 10 * time.Millisecond}, 3
	}
	before := load()
	h.begin(t)
	var p50, p99, queued []float64
	for round := range 3 {
		ours := h.ring(t, "screening.metal.alarm", h.store)
		p50, p99 = append(p50, quantile(ours, 0.5)), append(p99, quantile(ours, 0.99))
		if round < controls {
			queued = append(queued, quantile(h.ring(t, devices.AccessCard, oneQueue{h.store}), 0.99))
		}
	}
	share, quiet := median(p99)/median(queued), "met"
	if median(p99) > overtakesQuiet {
		quiet = "missed"
	}
	figure.Report(t, figure.Row{
		Fault: fmt.Sprintf("fresh alarms while a backlog of %d events drains at %d a second", h.backlog, h.rate),
		Aim:   "p99 ≤ 1/20 of the same run without lanes",
		Measured: fmt.Sprintf("1/%.0f: p50 %.1f ms, p99 %.1f ms (rounds %.1f; %d ms on a quiet box: %s); load %s before, %s after",
			1/share, median(p50), median(p99), p99, overtakesQuiet, quiet, before, load()),
		Met:     share <= overtakesAim,
		Control: fmt.Sprintf("one queue: p99 %.0f ms (rounds %.0f)", median(queued), queued),
		Values:  map[string]float64{"share": share, "p50_ms": median(p50), "p99_ms": median(p99), "queue_p99_ms": median(queued)},
	})
}

// A harbour has a backlog that drains, and a bell that rings meanwhile.
type harbour struct {
	backlog, rate, alarms int
	every                 time.Duration

	broker *mqtttest.Broker
	store  *store.Store
	bulk   tally
	rung   chan ring
}

// A ring is an alarm that was heard.
type ring struct {
	number int
	at     time.Time
}

func (h *harbour) begin(t *testing.T) {
	h.broker, h.store, h.rung = mqtttest.Start(t), openStore(t), make(chan ring, h.alarms)
	subscribe(t, h.broker, "event/#", h.bulk.hear)
	subscribe(t, h.broker, "+/bell", func(m paho.Message) { // the bell's own session, whatever the lane
		at := time.Now()
		_, after, _ := bytes.Cut(m.Payload(), []byte(`"detail":"`))
		word, _, _ := bytes.Cut(after, []byte(`"`))
		if n, err := strconv.Atoi(string(word)); err == nil {
			h.rung <- ring{n, at}
		}
	})
}

// ring returns how many milliseconds each of the alarms was on its way while the
// backlog drained out of a store. A round in which the backlog was gone before the
// last alarm, because the machine stood still, proves nothing and is done again.
func (h *harbour) ring(t *testing.T, code devices.Code, from uplink.Store) []float64 {
	t.Helper()
	for range 3 {
		if took, proves := h.ringOnce(t, code, from); proves {
			return took
		}
	}
	t.Fatal("the backlog was gone before the alarms, three times: this test proves nothing")
	return nil
}

func (h *harbour) ringOnce(t *testing.T, code devices.Code, from uplink.Store) (took []float64, proves bool) {
	t.Helper()
	m := h.store.Marks(devices.EventLane)
	if err := fill(h.store, h.backlog-int(m.Last-m.Sent), card); err != nil {
		t.Fatal(err)
	}
	link := uplink.NewLink(uplink.Options{
		Site: reliableSite, Store: from, DrainRate: h.rate, DrainFor: time.Millisecond,
		Dials: []uplink.Dial{mqtt.Dial(mqtt.Options{URL: h.broker.Direct, ClientID: "box"}, uplink.Subscriptions(reliableSite))},
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	begun := h.bulk.more(1)
	go func() { ended <- link.Run(ctx) }()
	within(t, time.Minute, "the first of the backlog", begun)
	said := h.say(t, code)
	m = h.store.Marks(devices.EventLane)
	proves = m.Sent+uint64(h.alarms) < m.Last
	if !proves {
		t.Logf("sent %d of %d events when the last alarm was said", m.Sent, m.Last)
	}
	took = h.arrivals(t, said)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return took, proves
}

// say says the alarms at a steady rate, whether or not the earlier ones are safe
// yet, and returns when each was said.
func (h *harbour) say(t *testing.T, code devices.Code) []time.Time {
	t.Helper()
	times, errs := make([]time.Time, h.alarms), make([]error, h.alarms)
	var talking sync.WaitGroup
	ticker := time.NewTicker(h.every)
	defer ticker.Stop()
	for n := range h.alarms {
		<-ticker.C
		talking.Go(func() {
			times[n] = time.Now()
			errs[n] = h.store.Append(gate("bell"), said(code, strconv.Itoa(n)))
		})
	}
	talking.Wait()
	if err := first(errs); err != nil {
		t.Fatal(err)
	}
	return times
}

// arrivals waits for as many alarms as were said.
func (h *harbour) arrivals(t *testing.T, said []time.Time) []float64 {
	t.Helper()
	took := make([]float64, len(said))
	for left := len(said); left > 0; left-- {
		select {
		case r := <-h.rung:
			took[r.number] = r.at.Sub(said[r.number]).Seconds() * 1000
		case <-time.After(5 * time.Minute):
			t.Fatalf("%d alarms did not arrive", left)
		}
	}
	return took
}

// oneQueue is a store without lanes, as the link sees it: whatever is in the
// event lane, or comes into it, is part of one backlog and waits for all before it.
type oneQueue struct{ *store.Store }

func (q oneQueue) Marks(lane devices.Lane) store.Marks {
	m := q.Store.Marks(lane)
	if lane == devices.EventLane {
		m.Last = math.MaxUint64
	}
	return m
}
