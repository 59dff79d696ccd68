package camera_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/stream"
)

// A judge holds what a conversation says against what it promises.
type judge struct {
	w *wild

	mu       sync.Mutex
	standing map[devices.Code]bool
	readings []time.Time // of the last hour
	changes  []time.Time
	state    string
	visited  time.Time // the last live or degraded reading
}

func (j *judge) emit(e devices.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	hour := func(all []time.Time) []time.Time {
		for len(all) > 0 && now.Sub(all[0]) > time.Hour {
			all = all[1:]
		}
		return append(all, now)
	}
	switch {
	case e.State == devices.Raised && j.standing[e.Code] && e.Point == "":
		j.w.failed("%s raised twice", e.Code)
	case e.State != "":
		j.standing[e.Code] = e.State == devices.Raised
	case e.Code == devices.StreamChanged:
		if j.changes = hour(j.changes); len(j.changes) > 12 {
			j.w.failed("%d changes in an hour", len(j.changes))
		}
	case e.Code == devices.StreamReading:
		j.state = e.Stream.State
		if e.Stream.State == "" {
			j.w.failed("a reading without a state")
		}
		if j.readings = hour(j.readings); len(j.readings) > 200*j.w.behind {
			j.w.failed("%d readings in an hour", len(j.readings))
		}
		if e.Stream.State == stream.Live || e.Stream.State == stream.Degraded {
			j.visited = now
		}
	}
	return nil
}

// again is what keep does: it begins a conversation that ended again, after a pause.
// A new run may say again what stands.
func (j *judge) again(ctx context.Context, watch devices.Device) {
	for ctx.Err() == nil {
		j.mu.Lock()
		clear(j.standing)
		j.mu.Unlock()
		if err := watch.Run(ctx, j.emit); err != nil && errors.Is(err, context.Canceled) {
			j.w.failed("ended with %v", err)
		}
		sleep(ctx, time.Minute)
	}
}

// live fails what a camera that was calm for ten minutes must be.
func (j *judge) live(after time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, code := range []devices.Code{devices.StreamOffline, devices.StreamStalled, devices.DeviceOffline, devices.CameraLogin} {
		if j.standing[code] {
			j.w.failed("%s stands after %v of calm", code, after)
		}
	}
	if time.Since(j.visited) > 2*time.Minute+time.Duration(j.w.behind)*time.Minute {
		j.w.failed("state %q after %v of calm, seen last %v ago", j.state, after, time.Since(j.visited))
	}
}

// wildly watches a wild camera, or the cameras of a wild recorder with one session, for
// so many days of troubles.
func wildly(t *testing.T, seed uint64, days, cameras int) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 0))
		w := &wild{scene: newScene(healthy()), random: rand.New(rand.NewPCG(seed, 1)), behind: cameras}
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		places, alert := camera.NewPlaces(1), make(chan struct{}, 1)
		var judges []*judge
		for range cameras {
			o := w.watched(camera.WatchOptions{Sampled: random.IntN(2) == 0, Alert: alert, Places: places})
			o.Client, o.Eyes = w, camera.Eyes{Measure: w.measure, Follow: w.follow, Listen: w.listen, Knock: w.knock}
			if random.IntN(2) == 0 {
				o.Hearing = hearing()
			}
			j := &judge{w: w, standing: map[devices.Code]bool{}}
			judges = append(judges, j)
			running.Go(func() { j.again(ctx, camera.Watch(o)) })
		}
		alarms := false
		running.Go(func() {
			for sleep(ctx, 2*time.Second) {
				w.mu.Lock()
				rings := alarms
				w.mu.Unlock()
				if rings {
					select {
					case alert <- struct{}{}:
					default:
					}
				}
			}
		})
		for total := time.Duration(0); total < time.Duration(days)*24*time.Hour && !w.hasFailed(); {
			m := mood(random.IntN(int(moods)))
			w.change(func() { w.mood, alarms = m, random.IntN(4) == 0 })
			lasts := time.Duration(random.Int64N(int64(20 * time.Minute)))
			if random.IntN(10) == 0 {
				lasts += 3 * time.Hour
			}
			time.Sleep(lasts)
			total += lasts
			if random.IntN(3) == 0 {
				w.change(func() { w.mood = calm })
				quiet := 10 * time.Minute
				if w.budget.Refusal("192.0.2.1", "onvif") != nil {
					quiet = 45 * time.Minute // until a login may be tried again
				}
				time.Sleep(quiet)
				total += quiet
				for _, j := range judges {
					j.live(quiet)
				}
			}
		}
		end()
		running.Wait()
		if w.open != 0 {
			t.Errorf("seed %d: %d sessions left", seed, w.open)
		}
		for _, what := range w.broke {
			t.Errorf("seed %d: %s", seed, what)
		}
	})
}

// TestWild promises that whatever a camera does for a day, it is never dialled twice
// at once, nor too often, nor with a login that it has refused twice, that nothing is
// raised twice in a run, and that it is live again soon after it is well.
func TestWild(t *testing.T) {
	for seed := range uint64(4) {
		wildly(t, seed, 1, 1)
		wildly(t, seed, 1, 3)
	}
}

// TestEndsAnywhere promises that a conversation ends at once and leaves nothing behind,
// whatever it was doing. That no goroutine is left the bubble proves.
func TestEndsAnywhere(t *testing.T) {
	for seed := range uint64(500) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			w := &wild{scene: newScene(healthy()), random: rand.New(rand.NewPCG(seed, 3)), behind: 1}
			alert := make(chan struct{}, 1)
			alert <- struct{}{}
			o := w.watched(camera.WatchOptions{Sampled: random.IntN(2) == 0, Alert: alert, Places: camera.NewPlaces(1), Hearing: hearing()})
			o.Client, o.Eyes = w, camera.Eyes{Measure: w.measure, Follow: w.follow, Listen: w.listen, Knock: w.knock}
			ctx, end := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			j := &judge{w: w, standing: map[devices.Code]bool{}}
			go func() { ended <- camera.Watch(o).Run(ctx, j.emit) }()
			for range random.IntN(5) {
				w.change(func() { w.mood = mood(random.IntN(int(moods))) })
				time.Sleep(time.Duration(random.Int64N(int64(time.Minute))))
			}
			end()
			at := time.Now()
			<-ended
			if late := time.Since(at); late > 0 || w.open != 0 {
				t.Errorf("seed %d: ended after %v with %d sessions", seed, late, w.open)
			}
		})
	}
}
