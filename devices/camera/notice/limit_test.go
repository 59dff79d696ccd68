package notice

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLimiter promises that of each topic the first leaves at once and then one a
// minute, thirty a minute of all, and that what was held back is told with the next.
func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l Limiter
		type verdict struct {
			OK     bool
			Before int
		}
		ask := func(topic string) verdict {
			ok, before := l.Allow(topic, time.Now())
			return verdict{ok, before}
		}
		want := func(got, want verdict) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		want(ask("a"), verdict{true, 0})
		time.Sleep(59 * time.Second)
		want(ask("a"), verdict{false, 0})
		want(ask("b"), verdict{true, 0})
		time.Sleep(time.Second)
		want(ask("a"), verdict{true, 1})
		want(ask("a"), verdict{false, 0})

		time.Sleep(time.Hour)
		allowed := 0
		for i := range 100 {
			if ask(fmt.Sprint("of all ", i)).OK {
				allowed++
			}
		}
		if allowed != 30 || held(&l) != 71 {
			t.Errorf("got %d of 100 topics and %d held back, want 30 and 71", allowed, held(&l))
		}
		want(ask("of all 99"), verdict{false, 0})
		time.Sleep(2 * time.Second)
		want(ask("of all 99"), verdict{true, 2})
		want(ask("of all 98"), verdict{false, 0})

		time.Sleep(time.Hour)
		allowed = 0
		for range 600 { // ten minutes of twice a second
			if ask(fmt.Sprint(time.Now())).OK {
				allowed++
			}
			time.Sleep(time.Second)
		}
		if allowed != 30+299 {
			t.Errorf("got %d in ten minutes less a second, want %d: the bucket and thirty a minute", allowed, 30+299)
		}
	})
}

// TestLimiterAndTheClock promises that a clock which is set back holds nothing back
// for longer.
func TestLimiterAndTheClock(t *testing.T) {
	t.Parallel()
	var l Limiter
	now := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	for i := range 40 {
		l.Allow(fmt.Sprint(i), now)
	}
	if ok, _ := l.Allow("0", now.Add(-time.Hour)); !ok {
		t.Error("got no, want yes: the clock was set back by an hour")
	}
}

// TestLimiterIsBounded promises that a camera which invents topics costs bounded
// memory.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	var l Limiter
	now := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	told := 0
	for i := range 5 * mostTopics {
		if ok, before := l.Allow(fmt.Sprint(i), now.Add(time.Duration(i)*time.Millisecond)); ok {
			told += 1 + before
		}
	}
	if len(l.topics) > mostTopics+1 {
		t.Errorf("got %d topics, want at most %d and one for the rest", len(l.topics), mostTopics)
	}
	if got, want := told+held(&l), 5*mostTopics; got != want {
		t.Errorf("got %d told or held back, want %d: nothing is forgotten", got, want)
	}
}

// held is how many messages are held back and not yet told.
func held(l *Limiter) int {
	sum := 0
	for _, q := range l.topics {
		sum += q.held
	}
	return sum
}
