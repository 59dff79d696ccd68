package onvif

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPlacesAreFair promises that who waits for a connection is served in the
// order of coming, and that long polls of a minute never hold up other questions,
// however many want to poll.
func TestPlacesAreFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces()
		var served []int
		var mu sync.Mutex
		var all sync.WaitGroup
		stay := func(name int, long bool, d time.Duration) {
			all.Go(func() {
				place, err := p.enter(t.Context(), long)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				served = append(served, name)
				mu.Unlock()
				time.Sleep(d)
				place.leave()
			})
			synctest.Wait() // so that the order of coming is known
		}
		began := time.Now()
		stay(1, true, time.Minute)
		stay(2, true, time.Minute)
		for name := 3; name <= 10; name++ {
			stay(name, false, answerWithin) // stuck until its time is over
		}
		time.Sleep(8*answerWithin + time.Second)
		mu.Lock()
		if diff := cmp.Diff([]int{1, 3, 4, 5, 6, 7, 8, 9, 10}, served); diff != "" {
			t.Errorf("after %v: %s", time.Since(began), diff)
		}
		mu.Unlock()
		all.Wait()
		if got := time.Since(began); got != 2*time.Minute {
			t.Errorf("took %v, want 2 minutes", got)
		}
	})
}

// TestPlacesAreLeft promises that who gives up waiting takes nothing along.
func TestPlacesAreLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces()
		for _, long := range []bool{true, false} {
			if _, err := p.enter(t.Context(), long); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, long := range []bool{true, false} {
			if _, err := p.enter(ctx, long); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		}
		if len(p.all) != 2 || len(p.long) != 1 {
			t.Errorf("got %d and %d places taken, want 2 and 1", len(p.all), len(p.long))
		}
	})
}

// TestPlaceIsLeftOnce promises that a dial that begins after its question is over
// gets nothing and gives nothing back that is another's.
func TestPlaceIsLeftOnce(t *testing.T) {
	t.Parallel()
	p := newPlaces()
	place, err := p.enter(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := place.hold(); err != nil {
		t.Errorf("while it is held: %v", err)
	}
	place.leave()
	if len(p.all) != 1 {
		t.Errorf("got %d places taken while a connection is open, want 1", len(p.all))
	}
	place.leave()
	if err := place.hold(); !errors.Is(err, context.Canceled) || len(p.all) != 0 {
		t.Errorf("got %v and %d places taken, want %v and none", err, len(p.all), context.Canceled)
	}
}

// TestTwoConnections promises that never more than two connections to a camera
// are open, even while questions are given up on which net/http still dials or
// closes.
func TestTwoConnections(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.30:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Millisecond):
		}
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) })
	defer serving.Wait()
	defer func() { _ = s.Close() }()

	g := newGuard("127.0.0.30", nil, false)
	defer g.close()
	var open, most atomic.Int64
	g.wire.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := g.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		now := open.Add(1)
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		return &seated{c.(*seated).Conn, sync.OnceFunc(func() { open.Add(-1); c.(*seated).leave() })}, nil
	}
	var asking sync.WaitGroup
	for i := range 200 {
		asking.Go(func() {
			patience := time.Duration(i) * 100 * time.Microsecond
			if i >= 190 { // some get through on a busy machine, too
				patience = 10 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr().String(), nil)
			_, _ = g.ask(r, 0, 0)
		})
	}
	asking.Wait()
	if got := most.Load(); got < 1 || got > maxConnections {
		t.Errorf("got %d connections at a time, want at most %d", got, maxConnections)
	}
}
