package camera_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"sitepost/devices/camera"
)

// watchAll watches several scenes in a bubble, for so long.
func watchAll(t *testing.T, d *diary, howLong time.Duration, all ...camera.WatchOptions) {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), howLong)
	defer end()
	var running sync.WaitGroup
	for _, o := range all {
		running.Go(func() {
			if err := camera.Watch(o).Run(ctx, d.emit); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	running.Wait()
}

// TestCrowd promises that 256 cameras that all go away and come back are all live again
// within a minute, and that no more sessions are begun in a second than the box allows.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd, perSecond = 256, 8
		starts := rate.NewLimiter(perSecond, 1)
		diaries := make([]*diary, crowd)
		scenes := make([]*scene, crowd)
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for i := range crowd {
			scenes[i], diaries[i] = newScene(healthy()), &diary{}
			o := sampled
			o.Starts = starts
			running.Go(func() { _ = camera.Watch(scenes[i].watched(o)).Run(ctx, diaries[i].emit) })
		}
		time.Sleep(5 * time.Minute)
		for _, s := range scenes {
			s.change(func() { s.gone = true })
		}
		time.Sleep(5 * time.Minute)
		back := time.Now()
		for _, s := range scenes {
			s.change(func() { s.gone, s.visits, s.began = false, nil, back })
		}
		time.Sleep(3 * time.Minute)
		end()
		running.Wait()
		var last time.Duration
		begun := map[string]int{}
		for i, d := range diaries {
			cleared := d.when("stream.offline cleared", back)
			if cleared.IsZero() {
				t.Fatalf("camera %d never came back", i)
			}
			last = max(last, cleared.Sub(back))
			for _, v := range scenes[i].visits {
				begun[v]++
			}
		}
		t.Logf("the last of %d is live after %v", crowd, last)
		if last > time.Minute {
			t.Errorf("the last is live after %v", last)
		}
		for when, n := range begun {
			if n > perSecond+1 { // moments are rounded to seconds
				t.Errorf("%d sessions: %s", n, when)
			}
		}
	})
}
