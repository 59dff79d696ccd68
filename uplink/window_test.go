package uplink

import (
	"errors"
	"testing"
	"time"
)

// ready is a receipt that is there already.
type ready struct{ err error }

func (ready) Done() <-chan struct{} { return closed }
func (r ready) Error() error        { return r.err }

// TestWindowCounts: 56 messages may fly, 64 when the last ones are urgent, and
// what is larger than the window flies alone.
func TestWindowCounts(t *testing.T) {
	t.Parallel()
	var w window
	for _, urgent := range []bool{false, true} {
		for w.fits(1, urgent) {
			w.add(flight{receipt: ready{}, size: 1})
		}
		if want := map[bool]int{false: 56, true: 64}[urgent]; len(w.flights) != want {
			t.Errorf("urgent %t: got %d in flight, want %d", urgent, len(w.flights), want)
		}
	}
	if err := w.settle(); err != nil || w.bytes != 0 || len(w.flights) != 0 {
		t.Errorf("settled: got %v, %d bytes, %d messages; want nothing left", err, w.bytes, len(w.flights))
	}
	if !w.fits(1<<20, false) {
		t.Error("a large message does not fit into an empty window")
	}
	w.add(flight{receipt: ready{}, size: 1 << 20})
	if w.fits(1, true) {
		t.Error("something fits beside a message larger than the window")
	}
}

// TestWindowStopsAtError: what comes behind an error does not count, although it
// was acknowledged.
func TestWindowStopsAtError(t *testing.T) {
	t.Parallel()
	var w window
	var done []int
	broken := errors.New("broken")
	for i, err := range []error{nil, broken, nil} {
		w.add(flight{receipt: ready{err}, size: 1, done: func() { done = append(done, i) }})
	}
	if err := w.settle(); !errors.Is(err, broken) || len(done) != 1 {
		t.Errorf("got %v and %v done, want the error and only the first", err, done)
	}
}

// TestPause: the ceiling doubles from one second to one minute, and chance
// takes any part of it.
func TestPause(t *testing.T) {
	t.Parallel()
	for failures, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if got := pause(failures, 1); got != want*time.Second {
			t.Errorf("ceiling after %d failures: got %v, want %v", failures, got, want*time.Second)
		}
		if got := pause(failures, 0); got != 0 {
			t.Errorf("floor after %d failures: got %v, want 0", failures, got)
		}
	}
	if got := pause(1_000_000, 0.5); got != 30*time.Second {
		t.Errorf("after a million failures: got %v, want 30 s", got)
	}
}

// TestThrottle: nothing before the start, then one message per interval.
func TestThrottle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 22, 40, 0, 0, time.UTC)
	slow := newThrottle(now.Add(time.Minute), 10)
	if got := slow.wait(now); !got.Equal(now.Add(time.Minute)) {
		t.Errorf("before the start: got %v", got)
	}
	now = now.Add(2 * time.Minute)
	sent := 0
	for end := now.Add(10 * time.Second); now.Before(end); {
		if at := slow.wait(now); !at.IsZero() {
			now = at
			continue
		}
		slow.spend(now)
		sent++
	}
	if sent < 99 || sent > 102 {
		t.Errorf("in ten seconds: got %d, want about 100", sent)
	}
}
