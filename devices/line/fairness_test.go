package line_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// TestFairness: several who ask without a pause get the same share of the
// line, and a dead instrument holds them up by its time twice, each time it is
// asked.
func TestFairness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) {
			if q != "dead" {
				time.Sleep(48 * time.Millisecond)
				_, _ = c.Write([]byte("of " + q + "."))
			}
		})
		l := start(t, line.Config{Open: c.Open})
		ctx, cancel := context.WithTimeout(t.Context(), 81*time.Second)
		defer cancel()
		askers := []string{"one", "two", "three", "four", "dead"}
		turns := make([]int, len(askers))
		var all sync.WaitGroup
		for i, q := range askers {
			all.Go(func() {
				for ctx.Err() == nil {
					_, _ = l.Ask(ctx, question(q))
					if ctx.Err() == nil {
						turns[i]++
					}
				}
			})
			synctest.Wait()
		}
		all.Wait()
		// A round is 4 × (48 + 1.75) ms and 600 ms, so 101 of them, and four
		// answers more.
		if diff := cmp.Diff([]int{102, 102, 102, 102, 101}, turns); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A closed port ends with its first Read.
type closed struct{ line.Port }

func (closed) Read([]byte) (int, error) { return 0, errors.New("closed at once") }

// TestClosedAtOnce: a serial server that takes every connection and closes it
// at once is dialled ever more rarely.
func TestClosedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		began := time.Now()
		var dialled []string
		start(t, line.Config{Open: func(ctx context.Context) (line.Port, error) {
			dialled = append(dialled, fmt.Sprint(time.Since(began)))
			p, err := c.Open(ctx)
			return closed{p}, err
		}})
		until(began, 20*time.Second)
		synctest.Wait()
		want := []string{"0s", "100ms", "300ms", "700ms", "1.5s", "3.1s", "6.3s", "11.3s", "16.3s"}
		if diff := cmp.Diff(want, dialled); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
