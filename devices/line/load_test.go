package line_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// TestOverloaded: a line whose questions take all of its time for two minutes is
// overloaded, and not any more when there is room again. Neither a minute nor what is
// asked only where there is room makes it so. Three instruments are asked every 200 ms.
func TestOverloaded(t *testing.T) {
	t.Parallel()
	const slow, quick = 90 * time.Millisecond, 10 * time.Millisecond
	for what, test := range map[string]struct {
		takes []time.Duration // an answer, minute by minute; the last one goes on
		eager bool
		want  []string // minute and state
	}{
		"there is room": {[]time.Duration{quick}, false, []string{"1 cleared"}},
		"two minutes":   {[]time.Duration{slow, slow, slow, quick}, false, []string{"2 raised", "4 cleared"}},
		"one minute":    {[]time.Duration{slow, quick}, false, []string{"2 cleared"}},
		"now and then":  {[]time.Duration{slow, quick, slow, quick, slow}, false, []string{"2 cleared", "6 raised"}},
		"card readers":  {[]time.Duration{slow}, true, nil},
		"nearly full":   {[]time.Duration{58 * time.Millisecond}, false, nil},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var takes atomic.Int64
				c := linetest.NewCable()
				instrument(t, c, func(q string) {
					time.Sleep(time.Duration(takes.Load()))
					_, _ = c.Write([]byte("of " + q + "."))
				})
				l := start(t, line.Config{Open: c.Open})
				began := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				var got []string
				all.Go(func() {
					_ = l.Watch().Run(ctx, func(e devices.Event) error {
						if e.Code == devices.LineOverloaded {
							got = append(got, fmt.Sprintf("%d %s", int(e.Time.Sub(began).Minutes()), e.State))
						}
						return nil
					})
				})
				takes.Store(int64(test.takes[0]))
				for _, name := range []string{"one", "two", "three"} {
					all.Go(func() { paced(ctx, l, name, 200*time.Millisecond, test.eager) })
				}
				for minute := range 7 {
					takes.Store(int64(test.takes[min(minute, len(test.takes)-1)]))
					time.Sleep(time.Minute)
				}
				cancel()
				all.Wait()
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("-want +told:\n%s", diff)
				}
			})
		})
	}
}

// paced asks one instrument at its pace, as a conversation does.
func paced(ctx context.Context, l *line.Line, name string, pace time.Duration, eager bool) {
	q := question(name)
	q.Eager = eager
	for due := time.Now(); ctx.Err() == nil; {
		_, _ = l.Ask(ctx, q)
		if due = due.Add(pace); due.Before(time.Now()) {
			due = time.Now()
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(due)):
		}
	}
}
