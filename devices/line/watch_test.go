package line_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// told runs a watch and collects what it says, as "seconds word state detail".
func told(t *testing.T, l *line.Line, began time.Time, slow time.Duration) *[]string {
	t.Helper()
	var said []string
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- l.Watch().Run(ctx, func(e devices.Event) error {
			_, word, _ := strings.Cut(string(e.Code), ".")
			said = append(said, fmt.Sprintf("%v %s %s%s %s", e.Time.Sub(began).Round(time.Millisecond), word, e.State, e.Is, e.Detail))
			time.Sleep(slow)
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("watch: got %v, want nil when ctx ends", err)
		}
	})
	return &said
}

// TestWatch: a loss is said once when it happens and once when it is over;
// whoever begins to watch hears the present state first; a start is given a
// second.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		c.Unplug()
		began := time.Now()
		l := line.New(line.Config{Open: c.Open, Settings: fast})
		first := told(t, l, began, 0)
		slow := told(t, l, began, 20*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()

		time.Sleep(2 * time.Second)
		c.Plug() // open at 3.1 s, and back when that has held for a second
		time.Sleep(8 * time.Second)
		c.Unplug() // at 10 s
		synctest.Wait()
		second := told(t, l, began, 0)
		time.Sleep(50 * time.Millisecond)
		c.Plug() // open at 10.1 s
		time.Sleep(time.Minute)
		third := told(t, l, began, 0)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for name, c := range map[string]struct{ got, want []string }{
			"first":         {*first, []string{"0s mode normal ", "1s lost raised missing", "3.1s second_master cleared ", "4.1s lost cleared ", "10s lost raised gone", "11.1s lost cleared "}},
			"second":        {*second, []string{"0s mode normal ", "10s lost raised gone", "3.1s second_master cleared ", "11.1s lost cleared "}},
			"third":         {*third, []string{"0s mode normal ", "11.1s lost cleared ", "3.1s second_master cleared "}},
			"slow, late on": {*slow, []string{"0s mode normal ", "10s lost raised gone", "11.1s lost cleared ", "3.1s second_master cleared "}},
		} {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// TestWatchGoodStart: a line that opens within a second of its start was never
// lost.
func TestWatchGoodStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		c.Unplug()
		began := time.Now()
		l := start(t, line.Config{Open: c.Open})
		said := told(t, l, began, 0)
		time.Sleep(600 * time.Millisecond)
		c.Plug() // the attempt at 700 ms succeeds
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"0s mode normal ", "700ms lost cleared ", "700ms second_master cleared "}, *said); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestWatchMissesNoLoss: a loss that is over before a slow watcher looks again
// is told all the same.
func TestWatchMissesNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		began := time.Now()
		l := start(t, line.Config{Open: c.Open})
		synctest.Wait() // it is open
		said := told(t, l, began, 20*time.Second)
		time.Sleep(10 * time.Second)
		c.Unplug()
		time.Sleep(50 * time.Millisecond)
		c.Plug()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"0s mode normal ", "0s lost cleared ", "0s second_master cleared ", "10s lost raised gone", "11.1s lost cleared "}, *said); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestWatchSaysWhatToDo: the event names reason and next step, also for an
// opening that never comes back, and a watcher ends with the error of emit.
func TestWatchSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open line.Opener
		want devices.Event
	}{
		"trouble": {
			func(context.Context) (line.Port, error) {
				return nil, &line.Trouble{Err: errors.New("open it: no"), Short: "missing", Step: "plug it in"}
			},
			devices.Event{Code: devices.LineLost, State: devices.Raised, Detail: "missing", Text: "open it: no (plug it in)"},
		},
		"something else": {
			func(context.Context) (line.Port, error) { return nil, errors.New("open it: weird") },
			devices.Event{Code: devices.LineLost, State: devices.Raised, Detail: "down", Text: "open it: weird (look at the port and its cable)"},
		},
		"no end": {
			func(ctx context.Context) (line.Port, error) { <-ctx.Done(); return nil, ctx.Err() },
			devices.Event{Code: devices.LineLost, State: devices.Raised, Detail: "no answer", Text: "opening takes longer than a second (is the device at the other end powered?)"},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			l := start(t, line.Config{Open: c.open})
			full := errors.New("no more")
			var got devices.Event
			err := l.Watch().Run(t.Context(), func(e devices.Event) error {
				if e.Code == devices.DeviceMode {
					return nil
				}
				got = e
				return full
			})
			c.want.Time = began.Add(time.Second)
			if diff := cmp.Diff(c.want, got); diff != "" || !errors.Is(err, full) {
				t.Errorf("%s: error %v (-want +got):\n%s", name, err, diff)
			}
		})
	}
}

// TestTakenAndDropped: a line that opens and is gone at once, as with a serial
// server that has another client, is lost once, and is not back before it holds.
func TestTakenAndDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		began := time.Now()
		var free atomic.Bool
		l := start(t, line.Config{Open: func(ctx context.Context) (line.Port, error) {
			p, err := c.Open(ctx)
			if err == nil && !free.Load() {
				time.AfterFunc(900*time.Millisecond, func() { c.Unplug(); c.Plug() })
			}
			return p, err
		}})
		said := told(t, l, began, 0)
		time.Sleep(time.Minute)
		free.Store(true)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		want := []string{"0s mode normal ", "0s lost cleared ", "0s second_master cleared ", "900ms lost raised gone"}
		got := slices.Clone(*said)
		if n := len(got); n == 0 || !strings.HasSuffix(got[n-1], "lost cleared ") || cmp.Diff(want, got[:n-1]) != "" {
			t.Errorf("got %q, want %q and then that it is back", got, want)
		}
	})
}
