package mqtt_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// A footprint is what a process holds.
type footprint struct{ goroutines, descriptors, heap int }

// holds measures the process when what has ended is gone. A goroutine that ends
// cannot be waited for, so it looks again for a while if there are more than
// before.
func holds(t *testing.T, before footprint) (f footprint) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		f = footprint{goroutines: runtime.NumGoroutine(), descriptors: len(open)}
		if f.goroutines <= before.goroutines && f.descriptors <= before.descriptors || before == (footprint{}) || time.Now().After(end) {
			break
		}
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap = int(m.HeapAlloc)
	return f
}

// TestReliableReconnects: thousands of connections, ended in every way, leave
// nothing behind.
func TestReliableReconnects(t *testing.T) {
	const room = 2 << 20 // of heap, for what the runtime and the test keep
	rounds := 200
	if figure.Asked(t) != figure.Short {
		rounds = 10_000
	}
	b := mqtttest.Start(t)
	connect := func(n int, as string) uplink.Session {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d := mqtt.Dial(mqtt.Options{URL: b.Direct, ClientID: as}, []string{"up/canary", "down/#"})
		heard := make(chan uplink.Message, 1)
		s, err := d(ctx, uplink.Will{Topic: "up/state", Payload: []byte("down"), Retain: true}, func(m uplink.Message) {
			select {
			case heard <- m:
			default: // the canary of another
			}
		})
		if err != nil {
			t.Fatalf("connection %d: %v", n, err)
		}
		receipt := s.Publish(uplink.Message{Topic: "up/canary", Payload: fmt.Append(nil, n)})
		select {
		case <-heard:
		case <-ctx.Done():
			t.Fatalf("connection %d: no echo", n)
		}
		if <-receipt.Done(); receipt.Error() != nil {
			t.Fatalf("connection %d: %v", n, receipt.Error())
		}
		return s
	}
	end := func(n int, s uplink.Session) {
		switch n % 3 {
		case 0:
			_ = s.Close(t.Context())
		case 1:
			s.Drop()
		case 2: // another under the same name: the broker ends the first
			next := connect(n, "box")
			<-s.Lost()
			s.Drop()
			next.Drop()
		}
	}
	for n := range 20 { // what is made once is there by now
		end(n, connect(n, "box"))
	}
	before := holds(t, footprint{})
	for n := range rounds {
		end(n, connect(n, "box"))
	}
	after := holds(t, before)
	var left []uplink.Session
	for n := range 30 { // the control: these are not ended
		left = append(left, connect(n, fmt.Sprint("left", n)))
	}
	leaking := holds(t, footprint{}) // at once
	for _, s := range left {
		s.Drop()
	}
	figure.Report(t, figure.Row{
		Fault: fmt.Sprintf("%d reconnects", rounds), Aim: "no growth in goroutines, descriptors, heap",
		Measured: fmt.Sprintf("%+d goroutines, %+d descriptors, %+d KiB", after.goroutines-before.goroutines, after.descriptors-before.descriptors, (after.heap-before.heap)>>10),
		Met:      after.goroutines <= before.goroutines && after.descriptors <= before.descriptors && after.heap <= before.heap+room,
		Control:  fmt.Sprintf("30 connections that are not ended: %+d goroutines, %+d descriptors", leaking.goroutines-before.goroutines, leaking.descriptors-before.descriptors),
		Values:   map[string]float64{"reconnects": float64(rounds), "heap_bytes": float64(after.heap - before.heap)},
	})
	if leaking.goroutines <= before.goroutines || leaking.descriptors <= before.descriptors {
		t.Errorf("control: %+v is not more than %+v: this test sees no leak", leaking, before)
	}
}
