package stream

import (
	"context"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
)

// TestNothingIsLeft has no goroutine and no descriptor more after 200 sessions
// that end in every way there is, over real sockets.
func TestNothingIsLeft(t *testing.T) {
	quick := patience{start: 300 * time.Millisecond, read: 200 * time.Millisecond, write: 200 * time.Millisecond, close: 200 * time.Millisecond,
		quiet: 150 * time.Millisecond, picture: 200 * time.Millisecond, least: 100 * time.Millisecond, idle: 200 * time.Millisecond, knock: 200 * time.Millisecond}
	film := (&fake{play: filming(5, nil)}).listen(t, nil).url()
	hangsUp := (&fake{play: func(c net.Conn, _ <-chan struct{}) { c.Close() }}).listen(t, nil).url()
	refuses := (&fake{answer: func(question) string {
		return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\n\r\n"
	}}).listen(t, nil).url()
	plays := (&fake{description: sdpHead + sdpVideo + sdpMetadata}).listen(t, nil).url()
	aside := cast(t, &caster{}, lossy).url()
	group := multicast(t, &caster{}, 12).url()
	slow := multicast(t, &caster{other: func(q question) string {
		if q.method == "PLAY" {
			time.Sleep(400 * time.Millisecond) // longer than a start may take
		}
		return ""
	}}, 13).url()
	quietAside := cast(t, &caster{}, nil).url()
	silent := peer(t, func(net.Conn) {})

	measured := func(target Target) func(context.Context) {
		return func(ctx context.Context) { _, _ = measure(ctx, target, 100*time.Millisecond, quick) }
	}
	ways := map[string]func(context.Context){
		"measured":        measured(Target{URL: film}),
		"hung up":         measured(Target{URL: hangsUp}),
		"login refused":   measured(Target{URL: refuses, User: "onvif", Password: password}),
		"stalled":         measured(Target{URL: plays}),
		"silent TLS":      measured(Target{URL: "rtsps://" + silent + "/"}),
		"no TLS":          measured(Target{URL: "rtsps" + film[4:]}),
		"UDP":             measured(Target{URL: aside, Transport: UDP}),
		"UDP, stalled":    measured(Target{URL: quietAside, Transport: UDP}),
		"UDP, not wanted": measured(Target{URL: film, Transport: UDP}),
		"multicast":       measured(Target{URL: group, Transport: Multicast}),
		"multicast, cut":  measured(Target{URL: slow, Transport: Multicast}),
		"not multicast":   measured(Target{URL: aside, Transport: Multicast}),
		"knocked":         func(ctx context.Context) { _ = knock(ctx, Target{URL: film}, quick) },
		"knocked in vain": func(ctx context.Context) { _ = knock(ctx, Target{URL: "rtsps://" + silent + "/"}, quick) },
		"cancelled": func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_ = Follow(ctx, Target{URL: aside, Transport: UDP}, time.Second, func(devices.Stream) error { return nil })
		},
		"listened": func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			_ = Listen(ctx, Target{URL: plays, Metadata: func(Chunk) {}})
		},
	}
	before, open := runtime.NumGoroutine(), descriptors(t)
	var all sync.WaitGroup
	places := make(chan struct{}, 8)
	for n := 0; n < 200; {
		for _, way := range ways {
			n++
			places <- struct{}{}
			all.Go(func() { way(t.Context()); <-places })
		}
	}
	all.Wait()
	for end := time.Now().Add(3 * time.Second); (runtime.NumGoroutine() > before || descriptors(t) > open) && time.Now().Before(end); {
		runtime.Gosched() // the cameras notice in their own time
	}
	if goroutines, now := runtime.NumGoroutine(), descriptors(t); goroutines > before || now > open {
		stacks := make([]byte, 1<<16)
		t.Errorf("got %d goroutines and %d descriptors, want %d and %d\n%s", goroutines, now, before, open, stacks[:runtime.Stack(stacks, true)])
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(all)
}
