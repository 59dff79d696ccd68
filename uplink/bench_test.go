package uplink_test

import (
	"context"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// BenchmarkLink empties a store in memory into a broker in memory: what the
// link itself costs per message.
func BenchmarkLink(b *testing.B) {
	s := newMemory(b)
	s.add(devices.EventLane, b.N)
	broker := uplinktest.New()
	ctx, cancel := context.WithCancel(context.Background())
	link := uplink.NewLink(uplink.Options{
		Site: site, Store: s, Dials: []uplink.Dial{broker.Dial("box1", uplink.Subscriptions(site))},
	})
	done := make(chan error, 1)
	b.ResetTimer()
	go func() { done <- link.Run(ctx) }()
	// canary, state and open stand before the records
	if err := broker.Await(ctx, func(all []uplink.Message) bool { return len(all) >= b.N+3 }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

// BenchmarkEncode makes messages of one record: a part of what a message costs,
// beside reading it from disk and the packets themselves.
func BenchmarkEncode(b *testing.B) {
	s := newMemory(b)
	s.add(devices.EventLane, 1)
	records, err := s.Read(devices.EventLane, 0, 1)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := uplink.Encode(site, records[0], now, false); err != nil {
			b.Fatal(err)
		}
	}
}
