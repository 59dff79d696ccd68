package camera_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/stream"
)

// TestPlacesGone promises that all cameras of a recorder are offline within 15 seconds
// of its going, though they take turns at one session.
func TestPlacesGone(t *testing.T) {
	for phase := range 5 {
		synctest.Test(t, func(t *testing.T) {
			const cameras = 24
			places := camera.NewPlaces(1)
			ctx, end := context.WithCancel(t.Context())
			var running sync.WaitGroup
			var scenes [cameras]*scene
			var diaries [cameras]*diary
			for i := range cameras {
				scenes[i], diaries[i] = newScene(healthy()), &diary{}
				o := sampled
				o.Places = places
				running.Go(func() { _ = camera.Watch(scenes[i].watched(o)).Run(ctx, diaries[i].emit) })
			}
			time.Sleep(10*time.Minute + time.Duration(phase)*7*time.Second)
			gone := time.Now()
			for _, s := range scenes {
				s.change(func() { s.gone = true })
			}
			time.Sleep(5 * time.Minute)
			var last time.Duration
			for i, d := range diaries {
				at := d.when("stream.offline raised", gone)
				if at.IsZero() {
					t.Fatalf("camera %d was never offline", i)
				}
				last = max(last, at.Sub(gone))
			}
			if last > 15*time.Second {
				t.Errorf("phase %d: the last is offline after %v", phase, last)
			}
			for _, s := range scenes {
				s.change(func() { s.gone = false })
			}
			time.Sleep(10 * time.Minute)
			end()
			running.Wait()
			for i, d := range diaries {
				if n := len(scenes[i].visits); d.when("stream.offline cleared", gone).IsZero() || n < 10 {
					t.Errorf("camera %d has had %d turns", i, n)
				}
			}
		})
	}
}

// TestTrackHangsUpSlowly promises that a camera is said to be gone before the session
// for its track is hung up, which waits for its answer.
func TestTrackHangsUpSlowly(t *testing.T) {
	yes := true
	for phase := range 10 {
		var gone time.Time
		_, d := inBubbleLike(t, sampled, with(func(s *devices.Stream) { s.Metadata = &yes }), func(s *scene, o *camera.WatchOptions) {
			o.Hearing = hearing()
			o.Eyes.Listen = func(ctx context.Context, t stream.Target) error {
				defer time.Sleep(6 * time.Second)
				return s.listen(ctx, t)
			}
		}, func(s *scene, _ *diary) {
			time.Sleep(90*time.Second + time.Duration(phase)*time.Second)
			s.change(func() { s.gone = true })
			gone = time.Now()
			time.Sleep(5 * time.Minute)
		})
		if after := d.when("stream.offline raised", gone).Sub(gone); after < 0 || after > 15*time.Second {
			t.Errorf("phase %d: offline after %v", phase, after)
		}
	}
}

// TestPlacesTakenInTurn promises that cameras that are all watched always, through one
// session, have their turns and do not log in every few seconds for that.
func TestPlacesTakenInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		places, book := camera.NewPlaces(1), &diary{}
		var scenes []*scene
		var all []camera.WatchOptions
		for range 3 {
			o := always
			o.Places = places
			scenes = append(scenes, newScene(healthy()))
			all = append(all, scenes[len(scenes)-1].watched(o))
		}
		watchAll(t, book, time.Hour, all...)
		for i, s := range scenes {
			if n := len(s.visits); n < 40 || n > 80 {
				t.Errorf("camera %d: got %d sessions in an hour", i, n)
			}
		}
	})
}
