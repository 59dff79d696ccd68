package line_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// plug makes a pair of terminals whose far end answers every question, and
// points the link at it.
func plug(t *testing.T, link string) *linetest.Terminal {
	t.Helper()
	far := linetest.PTY(t)
	_ = os.Remove(link)
	if err := os.Symlink(far.Path, link); err != nil {
		t.Fatal(err)
	}
	go func() { // ends when the terminal is unplugged
		buf := make([]byte, 64)
		for {
			n, err := far.Read(buf)
			if err != nil {
				return
			}
			_, _ = far.Write(append(buf[:n], " yes."...))
		}
	}()
	return far
}

// A life is a line on a terminal under way, with somebody who watches it.
type life struct {
	*line.Line
	ctx    context.Context
	ended  chan error // takes Run and the watch
	events chan devices.Event
}

// begin starts a line on the terminal behind link.
func begin(ctx context.Context, link string) life {
	l := life{line.New(line.Config{Name: "bus-a", Open: line.OpenTTY(link, fast), Settings: fast}), ctx, make(chan error, 2), make(chan devices.Event, 16)}
	go func() { l.ended <- l.Run(ctx) }()
	go func() { l.ended <- l.Watch().Run(ctx, func(e devices.Event) error { l.events <- e; return nil }) }()
	return l
}

// next waits for the next event about a loss.
func (l life) next(t *testing.T, want devices.State) {
	t.Helper()
	for {
		select {
		case e := <-l.events:
			if e.Code != devices.LineLost {
				continue
			}
			if e.State != want {
				t.Errorf("got %+v, want %s", e, want)
			}
			return
		case <-l.ctx.Done():
			t.Fatalf("no event, want %s", want)
		}
	}
}

// asks puts n questions.
func (l life) asks(t *testing.T, n int) {
	t.Helper()
	for range n {
		if a, err := l.Ask(l.ctx, question("well?")); err != nil || strings.TrimSpace(string(a.Bytes)) != "yes." {
			t.Errorf("got %q, %v", a.Bytes, err)
		}
	}
}

// rests fails the test when the process uses much of the next second.
func rests(t *testing.T, what string) {
	t.Helper()
	used := cpu(t)
	<-time.After(time.Second)
	if used = cpu(t) - used; used > 100*time.Millisecond {
		t.Errorf("%s used %v of processor time in a second", what, used)
	}
}

// TestTTYLine: the whole life of a line on a terminal: asked, unplugged,
// noticed within a second, waiting without using the processor, plugged in
// elsewhere, found through its link, asked again; and nothing is left behind.
func TestTTYLine(t *testing.T) {
	before := runtime.NumGoroutine()
	link := filepath.Join(t.TempDir(), "by-path")
	far := plug(t, link)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	l := begin(ctx, link)
	l.next(t, devices.Cleared)
	within(t, "asking ten times", 0, time.Second, func() { l.asks(t, 10) })

	_ = os.Remove(link)
	within(t, "noticing", 0, time.Second, func() { far.Unplug(); l.next(t, devices.Raised) })
	rests(t, "an unplugged line")

	far = plug(t, link)
	l.next(t, devices.Cleared)
	l.asks(t, 1)
	rests(t, "an idle line")

	within(t, "stopping", 0, 200*time.Millisecond, func() {
		cancel()
		if err := errors.Join(<-l.ended, <-l.ended); err != nil {
			t.Error(err)
		}
	})
	far.Unplug()
	for end := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("got %d goroutines, %d before", now, before)
	}
}
