package line_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// fast has a gap of 1.75 ms and characters that take no time worth counting:
// 8 bytes are 20 µs.
var fast = line.Settings{Baud: 4_000_000, DataBits: 8, Parity: 'N', StopBits: 1}

// start runs a line until the test is over.
func start(t *testing.T, cfg line.Config) *line.Line {
	t.Helper()
	if cfg.Settings == (line.Settings{}) {
		cfg.Settings = fast
	}
	l := line.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil when ctx ends", err)
		}
	})
	return l
}

// instrument runs what is at the far end: answer is called with each question.
func instrument(t *testing.T, c *linetest.Cable, answer func(question string)) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 256)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			answer(string(buf[:n]))
		}
	}()
	t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
}

// within fails the test when f takes longer than most or shorter than least.
func within(t *testing.T, what string, least, most time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took < least || took > most {
		t.Errorf("%s took %v, want %v to %v", what, took, least, most)
	}
}

// until sleeps to a moment of the test.
func until(began time.Time, at time.Duration) { time.Sleep(time.Until(began.Add(at))) }

// TestReopen: a line is opened again after 100 ms, 200 ms … 5 s, and begins
// anew when it has held; a question waits meanwhile, and one that was under
// way is put again.
func TestReopen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		var tried []time.Duration
		began := time.Now()
		open := func(ctx context.Context) (line.Port, error) {
			tried = append(tried, time.Since(began).Round(time.Millisecond))
			return c.Open(ctx)
		}
		var speaks atomic.Bool
		instrument(t, c, func(q string) {
			if speaks.Load() {
				_, _ = c.Write([]byte("yes."))
			}
		})
		c.Unplug()
		l := start(t, line.Config{Open: open})
		time.Sleep(12 * time.Second)
		c.Plug()
		until(began, 18*time.Second) // open since 16.3 s: too short to begin anew
		c.Unplug()
		time.Sleep(50 * time.Millisecond)
		c.Plug()
		until(began, 30*time.Second) // open since 23 s

		asked := make(chan string)
		go func() { asked <- outcome(t.Context(), l, began, "q") }()
		time.Sleep(100 * time.Millisecond)
		c.Unplug() // under way
		speaks.Store(true)
		time.Sleep(400 * time.Millisecond)
		c.Plug()
		if got, want := <-asked, "30.802s q: yes."; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		synctest.Wait()
		var want []time.Duration
		for _, ms := range []int{0, 100, 300, 700, 1500, 3100, 6300, 11300, 16300, 23000, 30200, 30400, 30800} {
			want = append(want, time.Duration(ms)*time.Millisecond)
		}
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(tried)); diff != "" {
			t.Errorf("tried (-want +got):\n%s", diff)
		}
	})
}

// TestAskWithoutLine: while the line is down a question waits until its asker
// goes, and what is no question is refused at once.
func TestAskWithoutLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		c.Unplug()
		l := start(t, line.Config{Name: "bus-a", Open: c.Open})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if got, want := outcome(ctx, l, began, "q"), "3s q: context deadline exceeded"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		want := `3s : line "bus-a": a question needs 1 to 4096 bytes to send, a time and a way to know its answer`
		if got := outcome(t.Context(), l, began, ""); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestListenOnly: where somebody else asks, all is heard and nothing is ever
// written.
func TestListenOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		written := make(chan string, 1)
		instrument(t, c, func(q string) { written <- q })
		l := start(t, line.Config{Name: "bus-b", Open: c.Open, ListenOnly: true})
		ear := l.Listen()
		defer ear.Close()
		synctest.Wait()
		_, err := l.Ask(t.Context(), question("q"))
		if want := `line "bus-b": line is only listened to`; !errors.Is(err, line.ErrListenOnly) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		_, _ = c.Write([]byte("question and answer of others"))
		chunk, err := ear.Next(t.Context())
		if err != nil || string(chunk.Bytes) != "question and answer of others" {
			t.Errorf("got %q, %v", chunk.Bytes, err)
		}
		time.Sleep(time.Minute)
		select {
		case q := <-written:
			t.Errorf("%q was written", q)
		default:
		}
	})
}

// TestLog: the edges of a line's state are logged once each, however long it
// is down.
func TestLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		c := linetest.NewCable()
		c.Unplug()
		start(t, line.Config{Name: "bus-a", Open: c.Open, Log: log})
		time.Sleep(time.Minute)
		c.Plug()
		time.Sleep(time.Minute)
		c.Unplug()
		time.Sleep(time.Minute)
		synctest.Wait()
		want := strings.Join([]string{
			`level=WARN msg="line is down" line=bus-a why="open cable: no such file (plug it in)"`,
			`level=INFO msg="line is open" line=bus-a`,
			`level=WARN msg="line is down" line=bus-a why="cable is pulled (plug it in)"`,
			"",
		}, "\n")
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A witness is a port that writes down the order of what is done to it.
type witness struct {
	line.Port
	done *[]string
}

func (w witness) Discard() error {
	*w.done = append(*w.done, "discard")
	return w.Port.Discard()
}

func (w witness) Write(p []byte) (int, error) {
	*w.done = append(*w.done, string(p))
	return w.Port.Write(p)
}

// TestDiscard: what came unasked is thrown away right before each question;
// and a port that cannot be interrupted does for a line.
func TestDiscard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) { _, _ = c.Write([]byte("yes.")) })
		var done []string
		l := start(t, line.Config{Open: func(ctx context.Context) (line.Port, error) {
			p, err := c.Open(ctx)
			return witness{p, &done}, err
		}})
		for _, q := range []string{"one", "two"} {
			if _, err := l.Ask(t.Context(), question(q)); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"discard", "one", "discard", "two"}, done); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestPanickingQuestion: a question that panics over what it hears gets an
// error; the line and the next question go on.
func TestPanickingQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) { _, _ = c.Write([]byte("yes.")) })
		l := start(t, line.Config{Open: c.Open})
		bad := question("bad")
		bad.Accept = func(heard []byte) []byte { return heard[9:] }
		_, err := l.Ask(t.Context(), bad)
		if want := "question 62 61 64: accept panicked: runtime error: slice bounds out of range [9:4]"; fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := l.Ask(t.Context(), question("good")); err != nil {
			t.Error(err)
		}
	})
}
