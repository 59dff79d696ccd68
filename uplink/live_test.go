package uplink_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// TestMosquittoKilled: 5,000 events and 500 alarms go through a real broker that
// is killed and restarted on the way; the city misses none, and what it hears
// twice is the same but for the two words that may change.
func TestMosquittoKilled(t *testing.T) {
	b := mqtttest.Start(t)
	city := b.Subscribe(t, uplink.Topic(site, "#"))
	s := newMemory(t)
	ctx, cancel := context.WithCancel(t.Context())
	link := uplink.NewLink(uplink.Options{
		Site: site, Store: s, BoxID: "box1", Version: "test", DrainRate: 2000,
		Dials: []uplink.Dial{mqtt.Dial(mqtt.Options{URL: b.URL, ClientID: "box1"}, uplink.Subscriptions(site))},
	})
	done := make(chan error, 1)
	go func() { done <- link.Run(ctx) }()
	records := make(map[string][]byte)
	for round := range 5 {
		s.add(devices.EventLane, 1000)
		s.add(devices.AlarmLane, 100)
		heard := distinct(t, records, city, round*1100+300)
		if round%2 == 0 {
			b.Kill()
			b.Restart()
		}
		if heard > 5500 {
			t.Fatalf("heard %d records, made 5,500", heard)
		}
	}
	distinct(t, records, city, 5500)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := s.String(); got != "{1 500 500 0} {1 5000 5000 0} {1 0 0 0}" {
		t.Errorf("marks: got %s", got)
	}
	soon, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	err := city.Await(soon, func(all []mqtttest.Message) bool {
		return strings.Contains(string(all[len(all)-1].Payload), `"stopped"`)
	})
	if err != nil {
		t.Errorf("last words: %v, want stopped", err)
	}
}

// TestMosquittoPicture: a picture of 1 MiB goes through a real broker as it is,
// with alarms before and behind it.
func TestMosquittoPicture(t *testing.T) {
	b := mqtttest.Start(t)
	city := b.Subscribe(t, uplink.Topic(site, "#"))
	s := newMemory(t)
	ctx, cancel := context.WithCancel(t.Context())
	link := uplink.NewLink(uplink.Options{
		Site: site, Store: s, BoxID: "box1", Version: "test",
		Dials: []uplink.Dial{mqtt.Dial(mqtt.Options{URL: b.URL, ClientID: "box1"}, uplink.Subscriptions(site))},
	})
	done := make(chan error, 1)
	go func() { done <- link.Run(ctx) }()
	for i := range 3 {
		s.add(devices.AlarmLane, 1)
		s.take(i+1, large, true)
	}
	soon, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	whole := 0
	err := city.Await(soon, func(all []mqtttest.Message) bool {
		whole = 0
		for _, m := range all {
			of, found := strings.CutPrefix(m.Topic, uplink.Topic(site, "snapshot/check-1-top/"))
			if found && len(m.Payload) == large && bytes.HasSuffix(m.Payload, []byte(of)) {
				whole++
			}
		}
		return whole >= 3
	})
	if err != nil {
		t.Errorf("got %d whole pictures: %v", whole, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := s.String(); got != "{1 3 3 0} {1 0 0 0} {1 0 0 0}" {
		t.Errorf("marks: got %s", got)
	}
}

// distinct waits until the city heard that many records, and compares what came
// twice.
func distinct(t *testing.T, records map[string][]byte, city *mqtttest.Collector, want int) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	looked := 0
	err := city.Await(ctx, func(all []mqtttest.Message) bool {
		for _, m := range all[looked:] {
			id, constant, ok := record(m.Payload)
			if had := records[id]; ok && had != nil && !bytes.Equal(had, constant) {
				t.Errorf("%s came with another text:\n%s\n%s", id, had, constant)
			}
			if ok {
				records[id] = constant
			}
		}
		looked = len(all)
		return len(records) >= want
	})
	if err != nil {
		t.Fatalf("heard %d records, want %d: %v", len(records), want, err)
	}
	return len(records)
}

// record returns the id of a lane's message, and the message without what may
// differ from send to send.
func record(payload []byte) (string, []byte, bool) {
	_, rest, ok := bytes.Cut(payload, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	if !ok || !bytes.Contains(payload, []byte(`"specversion"`)) {
		return "", nil, false
	}
	for _, word := range []string{"historical", "redelivery"} {
		payload = bytes.ReplaceAll(payload, []byte(`"`+word+`":true`), []byte(`"`+word+`":false`))
	}
	return string(id), payload, true
}
