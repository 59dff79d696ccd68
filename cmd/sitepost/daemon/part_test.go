package daemon

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/config"
	"sitepost/devices"
)

// A stubborn device does not end when it is told to, and speaks on.
type stubborn struct{ until <-chan struct{} }

func (s stubborn) Run(_ context.Context, emit func(devices.Event) error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.until:
			return nil
		case <-tick.C:
			if err := emit(devices.Event{Time: time.Now()}); err != nil {
				return err
			}
		}
	}
}

// TestEndOfWhatHangs promises that parts which do not end hold a reload up for a bounded
// time, all together, and that what they say afterwards does not count.
func TestEndOfWhatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var said atomic.Int64
		var ps parts
		ps.runsUntil(t.Context(), t.Context(), t.Context())
		p := &plan{}
		for _, name := range []string{"one", "two"} {
			l := &leash{Device: stubborn{release}}
			p.add(part{name: name, order: talking, cut: l.slip, begin: func() (func(context.Context), error) {
				return func(ctx context.Context) { _ = l.Run(ctx, func(devices.Event) error { said.Add(1); return nil }) }, nil
			}})
		}
		polite := part{name: "polite", order: onLines, begin: func() (func(context.Context), error) {
			return func(ctx context.Context) { <-ctx.Done() }, nil
		}}
		if err := ps.begin(append(p.parts, polite)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3500 * time.Millisecond)
		began := time.Now()
		var all []*running
		for _, r := range ps.running {
			all = append(all, r)
		}
		late := ps.end(all)
		slices.Sort(late)
		if !slices.Equal(late, []string{"one", "two"}) || time.Since(began) != endWithin || len(ps.running) != 0 {
			t.Errorf("late %v after %v, %d parts still run", late, time.Since(began), len(ps.running))
		}
		before := said.Load()
		time.Sleep(time.Minute)
		if said.Load() != before {
			t.Errorf("they said %d things after they were cut off", said.Load()-before)
		}
		close(release)
	})
}

// TestAtRestart promises that what cannot change while the site runs stays as it runs,
// and that every such key is named.
func TestAtRestart(t *testing.T) {
	t.Parallel()
	runs := &config.Config{Store: config.Store{Directory: "/a", Size: 1, KeepAlarms: 1, KeepReadings: 1, KeepEvents: 1, KeepPictures: 1}, Uplink: config.Uplink{Receipt: config.ByBroker, DrainRate: 1}, Page: config.Page{Listen: "127.0.0.1:1"}}
	c := &config.Config{Hash: "new", Store: config.Store{Directory: "/b", Size: 2, KeepAlarms: 2, KeepReadings: 2, KeepEvents: 2, KeepPictures: 2}, Uplink: config.Uplink{Receipt: config.ByPlatform, DrainRate: 2}, Page: config.Page{Listen: "off"}}
	want := []string{"store.directory", "store.size", "store.keep_alarms", "store.keep_readings", "store.keep_events", "store.keep_pictures", "uplink.receipt", "page.listen"}
	if got := atRestart(c, runs); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	as := asItRuns(c, runs)
	if as.Store != runs.Store || as.Page != runs.Page || as.Uplink.Receipt != config.ByBroker || as.Uplink.DrainRate != 2 || as.Hash != "new" || c.Store.Size != 2 {
		t.Errorf("got %+v", as)
	}
	if got := atRestart(runs, runs); len(got) != 0 {
		t.Errorf("the same file: got %v", got)
	}
}
