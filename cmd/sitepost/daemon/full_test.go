package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestFull: that the store cannot be written, or drops events, is told when it has
// lasted for a moment, with the directory and the next step; and taken back by
// itself when it has been well for a while.
func TestFull(t *testing.T) {
	readOnly := fmt.Errorf("%w: write store.db: %w", store.ErrUnwritable, syscall.EROFS)
	const words = "/var/lib/sitepost: the disk refuses: read-only file system; meanwhile alarms go to the city from memory, events and readings are lost: " +
		"look at dmesg: a disk with errors is made read-only; remount it, or replace it"
	gap := func(lane devices.Lane, last uint64) []store.Gap {
		return []store.Gap{{Lane: lane, First: 1, Last: last, Why: store.WhyRoom}}
	}
	type now struct {
		lasts   time.Duration
		trouble error
		gaps    []store.Gap
	}
	for name, c := range map[string]struct {
		times []now
		want  []string
	}{
		"well":        {[]now{{time.Minute, nil, gap(devices.EventLane, 9)}}, []string{"0s cleared "}},
		"a moment":    {[]now{{10 * time.Second, nil, nil}, {time.Second, readOnly, nil}, {time.Minute, nil, nil}, {time.Second, readOnly, nil}, {time.Minute, nil, nil}}, []string{"0s cleared "}},
		"read-only":   {[]now{{10 * time.Second, nil, nil}, {time.Minute, readOnly, nil}, {time.Minute, nil, nil}}, []string{"0s cleared ", "14s raised " + words, "1m22s cleared "}},
		"at once":     {[]now{{time.Minute, readOnly, nil}}, []string{"2s raised " + words}},
		"in and out":  {[]now{{time.Minute, readOnly, nil}, {5 * time.Second, nil, nil}, {time.Minute, readOnly, nil}}, []string{"2s raised " + words}},
		"of readings": {[]now{{10 * time.Second, nil, nil}, {time.Minute, nil, gap(devices.ReadingLane, 9)}}, []string{"0s cleared "}},
		"set aside":   {[]now{{10 * time.Second, nil, nil}, {time.Minute, nil, []store.Gap{{Lane: devices.EventLane, First: 1, Last: 9, Why: "set aside: poison"}}}}, []string{"0s cleared "}},
		"of events": {[]now{{9 * time.Second, nil, nil}, {2 * time.Second, nil, gap(devices.EventLane, 9)}, {2 * time.Second, nil, gap(devices.EventLane, 11)}, {time.Minute, nil, gap(devices.EventLane, 12)}}, []string{"0s cleared ",
			"12s raised /var/lib/sitepost: its room is used up and the oldest events are dropped: see why the city takes nothing, or give it more room: size in [store]", "34s cleared "}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var is atomic.Pointer[now]
				is.Store(&c.times[0])
				var got []string
				f := &fullness{
					trouble: func() error { return is.Load().trouble }, gaps: func() []store.Gap { return is.Load().gaps },
					changed: func() <-chan struct{} { return nil }, directory: "/var/lib/sitepost", log: slog.New(slog.DiscardHandler),
					say: func(e devices.Event) error {
						got = append(got, fmt.Sprint(time.Since(began), " ", e.State, " ", e.Text))
						return nil
					},
				}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); f.run(ctx) }()
				for _, next := range c.times {
					is.Store(&next)
					time.Sleep(next.lasts)
					synctest.Wait()
				}
				cancel()
				<-done
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}
