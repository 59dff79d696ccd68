package stream

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// TestDroppedHere accuses no network of what this box had no room for: it says how
// many packets it dropped, and no loss in that window and the next.
func TestDroppedHere(t *testing.T) {
	const room, burst = 64 << 10, 300 // not so many that the gap is a new beginning
	var v *visit
	var once sync.Once
	seen := make(chan struct{})
	cam := cast(t, &caster{}, func(say func(*rtp.Packet), gone <-chan struct{}) {
		f, tick := film{gop: 5, marker: true}, time.NewTicker(20*time.Millisecond)
		defer tick.Stop()
		for burstIn := seen; ; {
			for _, p := range f.next() {
				say(p)
			}
			select {
			case <-burstIn:
				burstIn = nil
				v.mu.Lock() // the box is busy
				for range burst {
					for _, p := range f.next() {
						say(p)
					}
				}
				v.mu.Unlock()
			case <-tick.C:
			case <-gone:
				return
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	target := Target{URL: cam.url(), Transport: UDP}
	address, err := parse(target)
	if err != nil {
		t.Fatal(err)
	}
	v = newVisit(ctx, target, address, plan{every: 300 * time.Millisecond}, hasty)
	v.client.UDPReadBufferSize = room
	var got []devices.Stream
	after := 0
	err = v.run(ctx, &devices.Stream{}, func(s devices.Stream) error {
		once.Do(func() { close(seen) })
		got = append(got, s)
		if s.Dropped > 0 || after > 0 {
			after++
		}
		if after == 4 || len(got) == 30 {
			cancel()
		}
		return nil
	})
	if err != context.Canceled || after != 4 {
		t.Fatalf("got %d windows, %v: %+v", len(got), err, got)
	}
	at := len(got) - 4
	for i, s := range got {
		if withheld := i == at || i == at+1; (s.Loss == nil) != withheld || s.Loss != nil && *s.Loss != 0 || (s.Dropped > 0) != (i == at) {
			t.Errorf("window %d of %d: got a loss of %v, %d dropped", i, len(got), value(s.Loss), s.Dropped)
		}
	}
	if n, most := got[at].Dropped, 3*burst; n > most+30 || n < most-200 { // some of 1,000 bytes find room, and on a busy box some more have none
		t.Errorf("got %d dropped, want about %d", n, most)
	}
}
