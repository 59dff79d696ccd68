package uplink_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// run runs a link until the test ends.
func run(t *testing.T, o uplink.Options) *uplink.Link {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	link := uplink.NewLink(o)
	done := make(chan error, 1)
	go func() { done <- link.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return link
}

// until waits until a status is as it should be.
func until(t *testing.T, link *uplink.Link, good func(uplink.Status) bool) uplink.Status {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) { // decides nothing
		s := link.Status()
		if good(s) {
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("after a minute: %+v", s)
		}
	}
}

// TestMosquittoDenied: an access list that forbids our topics is told as a refusal
// with its next step, although mosquitto acknowledges what it drops.
func TestMosquittoDenied(t *testing.T) {
	t.Parallel()
	b := mqtttest.Start(t, mqtttest.Options{ACL: []string{"topic read #"}})
	link := run(t, uplink.Options{
		Site: site, Store: newMemory(t), Names: []string{"city-a"},
		Dials: []uplink.Dial{mqtt.Dial(mqtt.Options{URL: b.URL, ClientID: "box1"}, uplink.Subscriptions(site))},
	})
	s := until(t, link, func(s uplink.Status) bool { return slices.Contains(s.RefusedBy, "city-a") })
	if s.Up || s.TakenOver || !strings.Contains(s.Next, "up/#") {
		t.Errorf("status: got %+v, want the next step", s)
	}
}

// TestMosquittoTakenOver: a second box under our client_id pushes us out of a real
// broker, and is told.
func TestMosquittoTakenOver(t *testing.T) {
	t.Parallel()
	b := mqtttest.Start(t)
	dial := mqtt.Dial(mqtt.Options{URL: b.URL, ClientID: "box1"}, uplink.Subscriptions(site))
	link := run(t, uplink.Options{Site: site, Store: newMemory(t), Dials: []uplink.Dial{dial}})
	ctx, cancel := context.WithCancel(t.Context())
	var other sync.WaitGroup
	other.Go(func() { // comes whenever we are up
		for connects := uint64(1); ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			if s := link.Status(); !s.Up || s.Connects < connects {
				continue
			}
			connects = link.Status().Connects + 1
			if s, err := dial(ctx, uplink.Will{}, func(uplink.Message) {}); err == nil {
				defer s.Drop()
			}
		}
	})
	until(t, link, func(s uplink.Status) bool { return s.TakenOver })
	cancel()
	other.Wait()
}

// TestMosquittoFailOver: the second broker gets what the first one cannot take any
// more, and nothing is missing between them.
func TestMosquittoFailOver(t *testing.T) {
	t.Parallel()
	a, b := mqtttest.Start(t), mqtttest.Start(t)
	atA, atB := a.Subscribe(t, uplink.Topic(site, "alarm/#")), b.Subscribe(t, uplink.Topic(site, "alarm/#"))
	m := newMemory(t)
	o := uplink.Options{Site: site, Store: m, Names: []string{"a", "b"}}
	for _, url := range []string{a.URL, b.URL} {
		o.Dials = append(o.Dials, mqtt.Dial(mqtt.Options{URL: url, ClientID: "box1"}, uplink.Subscriptions(site)))
	}
	link := run(t, o)
	until(t, link, func(s uplink.Status) bool { return s.Up && s.Broker == "a" })
	m.add(devices.AlarmLane, 500)
	a.Kill()
	m.add(devices.AlarmLane, 500)
	until(t, link, func(s uplink.Status) bool { return s.Up && s.Broker == "b" })
	until(t, link, func(uplink.Status) bool { return m.sentTo(devices.AlarmLane) == 1000 })
	ids := make(map[string]bool)
	soon, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	err := atB.Await(soon, func(all []mqtttest.Message) bool {
		for _, m := range append(all, atA.Messages()...) {
			id, _, _ := record(m.Payload)
			ids[id] = true
		}
		return len(ids) >= 1000
	})
	if err != nil || len(ids) != 1000 {
		t.Errorf("got %d alarms: %v", len(ids), err)
	}
}
