package camera_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/onvif"
)

// newBenchReader makes the floor: it reads what the cameras send, in pieces of
// 64 KiB, and throws it away.
func newBenchReader(setup []byte) (func(string) any, error) {
	var site benchSite
	if err := json.Unmarshal(setup, &site); err != nil {
		return nil, err
	}
	for _, address := range site.Streams[:site.Cameras] {
		c, err := benchPlay(address)
		if err != nil {
			return nil, err
		}
		go func() {
			for piece := make([]byte, 64<<10); ; {
				if _, err := c.Read(piece); err != nil {
					return
				}
			}
		}()
	}
	return func(question string) any {
		if question == "calm" {
			debug.FreeOSMemory()
		}
		return benchWatched{benchUse: benchUsed(), Goroutines: runtime.NumGoroutine()}
	}, nil
}

// A benchWatched is what a watcher says of itself.
type benchWatched struct {
	benchUse
	Goroutines int
	Said       int     // readings so far
	Live       int     // cameras that were live or degraded at their last reading
	WorstFPS   float64 // of the last readings
}

// A benchWatcher watches cameras in one process, as the product does.
type benchWatcher struct {
	ctx     context.Context
	end     context.CancelFunc
	running sync.WaitGroup
	before  benchWatched // before the first camera

	mu   sync.Mutex
	said int
	last []devices.Stream
}

func newBenchWatcher(setup []byte) (*benchWatcher, *benchSite, error) {
	var site benchSite
	if err := json.Unmarshal(setup, &site); err != nil {
		return nil, nil, err
	}
	debug.SetGCPercent(20) // as `sitepost run` does
	w := &benchWatcher{last: make([]devices.Stream, site.Cameras)}
	w.ctx, w.end = context.WithCancel(context.Background())
	if site.Profile != "" {
		f, err := os.Create(site.Profile)
		if err != nil {
			return nil, nil, err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return nil, nil, err
		}
	}
	w.before = w.count()
	return w, &site, nil
}

// newBenchFull watches all the time. Readings come often, so that a turn has some.
func newBenchFull(setup []byte) (func(string) any, error) {
	return watchBench(setup, camera.WatchOptions{Every: benchReading})
}

// newBenchSampled watches by visits, which begin as the daemon lets them.
func newBenchSampled(setup []byte) (func(string) any, error) {
	return watchBench(setup, camera.WatchOptions{Sampled: true, Every: benchEvery, Starts: rate.NewLimiter(benchStarts, 1)})
}

func watchBench(setup []byte, o camera.WatchOptions) (func(string) any, error) {
	w, site, err := newBenchWatcher(setup)
	if err != nil {
		return nil, err
	}
	budget := onvif.NewBudget()
	o.Limits = norm.Defaults()
	for n, address := range site.Onvif[:site.Cameras] {
		client, err := onvif.New(onvif.Options{
			Host: address, User: benchUser, Password: func() (string, error) { return benchSecret, nil },
			Networks: cameratest.Loopback, Budget: budget,
		})
		if err != nil {
			return nil, err
		}
		o := o
		o.Name, o.Client = fmt.Sprint("cam-", n), client
		w.running.Go(func() { defer client.Close(); w.keep(n, o) })
	}
	return w.answer, nil
}

// keep has the conversation again and again, with the pauses that ingest makes.
func (w *benchWatcher) keep(n int, o camera.WatchOptions) {
	conversation := camera.Watch(o)
	for pause := time.Second; w.ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		began := time.Now()
		_ = conversation.Run(w.ctx, func(e devices.Event) error {
			if e.Stream != nil {
				w.take(n, e.Stream)
			}
			return nil
		})
		if time.Since(began) > 5*time.Minute {
			pause = time.Second
		}
		select {
		case <-w.ctx.Done():
		case <-time.After(pause - rand.N(pause/4)):
		}
	}
}

func (w *benchWatcher) take(n int, s *devices.Stream) {
	if s.Passes() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said++
	w.last[n] = *s
}

func isLive(s *devices.Stream) bool {
	return s.State == devices.StreamLive || s.State == devices.StreamIsDegraded
}

// answer knows "count", "calm" and "end". Calm gives back what was needed to begin
// and is needed no more; the runtime does so by itself within minutes.
func (w *benchWatcher) answer(question string) any {
	switch question {
	case "calm":
		debug.FreeOSMemory()
	case "end":
		pprof.StopCPUProfile()
		w.end()
		w.running.Wait()
		return w.rest()
	}
	return w.count()
}

func (w *benchWatcher) count() benchWatched {
	u := benchWatched{benchUse: benchUsed(), Goroutines: runtime.NumGoroutine()}
	w.mu.Lock()
	defer w.mu.Unlock()
	u.Said = w.said
	for n := range w.last {
		s := &w.last[n]
		if isLive(s) {
			u.Live++
		}
		if s.FPS != nil && (u.WorstFPS == 0 || *s.FPS < u.WorstFPS) {
			u.WorstFPS = *s.FPS
		}
	}
	return u
}

// A benchRest is what is held when all is over, beside what was held before.
type benchRest struct{ Before, After benchWatched }

func (r *benchRest) leaked() int {
	return max(r.After.Goroutines-r.Before.Goroutines, r.After.Descriptors-r.Before.Descriptors)
}

// rest waits until no more is held than before, or for a while.
func (w *benchWatcher) rest() benchRest {
	r := benchRest{Before: w.before}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r.After = w.count()
		if r.After.Goroutines <= r.Before.Goroutines && r.After.Descriptors <= r.Before.Descriptors || time.Now().After(deadline) {
			return r
		}
	}
}
