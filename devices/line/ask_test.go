package line_test

import (
	"bytes"
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

// question wants an answer that ends with a full stop, within 300 ms.
func question(send string) line.Question {
	return line.Question{Send: []byte(send), Within: 300 * time.Millisecond, Accept: func(heard []byte) []byte {
		if i := bytes.IndexByte(heard, '.'); i >= 0 {
			return heard[:i+1]
		}
		return nil
	}}
}

// outcome puts a question and says in words what became of it and when.
func outcome(ctx context.Context, l *line.Line, began time.Time, send string) string {
	a, err := l.Ask(ctx, question(send))
	at := time.Since(began).Round(time.Millisecond)
	if err != nil {
		return fmt.Sprintf("%v %s: %v", at, send, err)
	}
	return fmt.Sprintf("%v %s: %s", at, send, a.Bytes)
}

// TestAsk: questions are put in turn, each answer goes to its own question
// with the time of its last byte, and a line's echo of the question is not
// heard, in whatever pieces it comes.
func TestAsk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) {
			time.Sleep(40 * time.Millisecond)
			_, _ = c.Write([]byte(q[:1]))
			_, _ = c.Write([]byte(q[1:]))
			for _, piece := range []string{"an", "swer to " + q, "."} {
				_, _ = c.Write([]byte(piece))
				time.Sleep(20 * time.Millisecond)
			}
		})
		l := start(t, line.Config{Open: c.Open})
		began := time.Now()
		for i := range 3 {
			q := fmt.Sprintf("q%d", i)
			a, err := l.Ask(t.Context(), question(q))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprintf("%s at %v", a.Bytes, a.At.Sub(began).Round(10*time.Millisecond)), fmt.Sprintf("answer to %s. at %v", q, time.Duration(80+100*i)*time.Millisecond); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			until(began, time.Duration(i+1)*100*time.Millisecond)
		}
	})
}

// TestSilenceBetweenQuestions: between an answer and the next question lie
// exactly 3.5 characters, or the pause where that is longer.
func TestSilenceBetweenQuestions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings string
		pause    time.Duration
		want     time.Duration
	}{
		{"9600 8N1", 0, 3645833},
		{"9600 8N1", 10 * time.Millisecond, 10 * time.Millisecond},
		{"115200 8N1", 0, 1750 * time.Microsecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			cable := linetest.NewCable()
			var asked []time.Time
			instrument(t, cable, func(string) {
				asked = append(asked, time.Now())
				time.Sleep(20 * time.Millisecond)
				_, _ = cable.Write([]byte("yes."))
			})
			settings, _ := line.ParseSettings(c.settings)
			l := start(t, line.Config{Open: cable.Open, Settings: settings, Pause: c.pause})
			for range 3 {
				if _, err := l.Ask(t.Context(), question("q")); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 2 {
				if got := asked[i+1].Sub(asked[i]) - 20*time.Millisecond; got != c.want {
					t.Errorf("%s, pause %v: got silence %v, want %v", c.settings, c.pause, got, c.want)
				}
			}
		})
	}
}

// TestLateAnswer: after a question without an answer the line is silent for as
// long again, an answer that comes then is dropped, and the next question gets
// its own. A dead instrument holds nobody up for longer than that.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		var mu sync.Mutex
		var order []string
		instrument(t, c, func(q string) {
			mu.Lock()
			order = append(order, q)
			mu.Unlock()
			switch q {
			case "late":
				time.AfterFunc(599*time.Millisecond, func() { _, _ = c.Write([]byte("of the late one.")) })
			case "dead":
			default:
				_, _ = c.Write([]byte("of " + q + "."))
			}
		})
		l := start(t, line.Config{Open: c.Open})
		began := time.Now()
		var outcomes sync.Map
		var all sync.WaitGroup
		questions := []string{"late", "live", "dead", "last"}
		for _, q := range questions {
			all.Go(func() { outcomes.Store(q, outcome(t.Context(), l, began, q)) })
			synctest.Wait()
		}
		all.Wait()
		var got []string
		for _, q := range questions {
			o, _ := outcomes.Load(q)
			got = append(got, o.(string))
		}
		want := []string{"302ms late: no answer", "603ms live: of live.", "904ms dead: no answer", "1.204s last: of last."}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(questions, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

// TestWrongAnswers: what comes and is no answer is not one, ends with its
// question, and is told apart from silence; a line that babbles without end
// costs 4 KiB.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) {
			switch q {
			case "noise":
				_, _ = c.Write([]byte("\x00\xff\x00"))
			case "echo":
				_, _ = c.Write([]byte(q))
			case "babble":
				for range 50 {
					_, _ = c.Write(bytes.Repeat([]byte("x"), 100))
				}
			}
		})
		l := start(t, line.Config{Open: c.Open})
		var got []string
		for _, q := range []string{"nothing", "noise", "echo", "babble"} {
			_, err := l.Ask(t.Context(), question(q))
			if !errors.Is(err, line.ErrSilent) {
				t.Errorf("%s: got %v, want ErrSilent", q, err)
			}
			got = append(got, fmt.Sprint(err))
		}
		want := []string{
			"no answer",
			"no answer among 3 bytes: are baud, parity and address right?",
			"no answer",
			"no answer among more than 4096 bytes: is the baud right?",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestBabble: a line that is never silent is asked after a second all the
// same, and a good answer is found in the babble.
func TestBabble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) { _, _ = c.Write([]byte("yes.")) })
		l := start(t, line.Config{Open: c.Open})
		ctx, cancel := context.WithCancel(t.Context())
		var babbler sync.WaitGroup
		babbler.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.Write([]byte("x"))
				time.Sleep(time.Millisecond)
			}
		})
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		a, err := l.Ask(t.Context(), question("q"))
		if got := time.Since(began).Round(10 * time.Millisecond); err != nil || got != time.Second || !bytes.HasSuffix(a.Bytes, []byte("yes.")) {
			t.Errorf("got %q, %v after %v, want an answer after 1s", a.Bytes, err, got)
		}
		cancel()
		babbler.Wait()
	})
}

// TestAskerGoes: when the one who asked has gone, before or during his
// question, he is told at once, others are not held up longer than by a
// silent instrument, and his late answer is nobody's.
func TestAskerGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		var mu sync.Mutex
		var put []string
		instrument(t, c, func(q string) {
			mu.Lock()
			put = append(put, q)
			mu.Unlock()
			if q == "mine" {
				time.AfterFunc(450*time.Millisecond, func() { _, _ = c.Write([]byte("of mine.")) })
				return
			}
			_, _ = c.Write([]byte("of " + q + "."))
		})
		l := start(t, line.Config{Open: c.Open})
		began := time.Now()
		var all sync.WaitGroup
		got := make([]string, 3)
		for i, q := range []string{"mine", "queued", "next"} {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				if q == "next" {
					ctx = t.Context()
				}
				defer cancel()
				got[i] = outcome(ctx, l, began, q)
			})
			synctest.Wait()
		}
		all.Wait()
		want := []string{"50ms mine: context deadline exceeded", "50ms queued: context deadline exceeded", "602ms next: of next."}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"mine", "next"}, put); diff != "" {
			t.Errorf("put (-want +got):\n%s", diff)
		}
	})
}
