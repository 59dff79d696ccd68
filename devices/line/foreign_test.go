package line_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// TestNotForeign tells our own voice from another's: an echo, late, cut or
// before the answer, and a late answer that looks like a question are ours; the
// same bytes much later or behind an answer are another's.
func TestNotForeign(t *testing.T) {
	t.Parallel()
	const ours = "?ab!"
	type reply struct {
		after time.Duration
		text  string
	}
	for _, c := range []struct {
		name    string
		replies []reply
		foreign bool
	}{
		{"echo at once", []reply{{0, ours}}, false},
		{"echo before the answer", []reply{{0, ours + "yes."}}, false},
		{"echo in time", []reply{{200 * time.Millisecond, ours}}, false},
		{"late echo", []reply{{500 * time.Millisecond, ours}}, false},
		{"late echo, cut", []reply{{500 * time.Millisecond, "?a"}, {520 * time.Millisecond, "b!"}}, false},
		{"late echo, begun in time", []reply{{599 * time.Millisecond, "?a"}, {620 * time.Millisecond, "b!"}}, false},
		{"late echo behind noise", []reply{{500 * time.Millisecond, "x" + ours}}, false},
		{"late answer like a question", []reply{{500 * time.Millisecond, "?a1!"}}, false},
		{"the same much later", []reply{{900 * time.Millisecond, ours}}, true},
		{"the same behind the answer", []reply{{0, "yes."}, {50 * time.Millisecond, ours}}, true},
		{"glued to the answer", []reply{{0, "yes.?a1!"}}, true},
		{"cut behind the answer", []reply{{0, "yes.?"}, {15 * time.Millisecond, "a1!"}}, true},
		{"instead of an answer", []reply{{100 * time.Millisecond, "?c1!"}}, false},
		{"instead of an answer, and again", []reply{{100 * time.Millisecond, "?c1!"}, {5 * time.Second, "?c1!"}}, true},
		{"in place of a late answer", []reply{{500 * time.Millisecond, "?c1!"}}, false},
		{"behind a late echo", []reply{{500 * time.Millisecond, ours}, {520 * time.Millisecond, "?c1!"}}, false},
		{"behind a late echo, twice", []reply{{500 * time.Millisecond, ours}, {520 * time.Millisecond, "?c1!"}, {700 * time.Millisecond, "?c2!"}}, true},
		{"on its own", []reply{{2 * time.Second, "?c1!"}}, true},
		{"on its own, in pieces", []reply{{2 * time.Second, "?c"}, {2*time.Second + 15*time.Millisecond, "1!"}}, true},
		{"on its own, in late pieces", []reply{{2 * time.Second, "?c"}, {2*time.Second + 50*time.Millisecond, "1!"}}, true},
		{"with its answer", []reply{{2 * time.Second, "?c1!yes."}}, true},
		{"in noise", []reply{{2 * time.Second, "xx"}, {2*time.Second + 10*time.Millisecond, "?c1!"}}, false},
		{"in noise, and again", []reply{{2 * time.Second, "x?c1!"}, {11 * time.Second, "x?c1!"}}, true},
		{"in noise, and again much later", []reply{{2 * time.Second, "x?c1!"}, {13 * time.Second, "x?c1!"}}, false},
		{"torn", []reply{{time.Second, "?c"}, {1300 * time.Millisecond, "1!"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cable := linetest.NewCable()
				instrument(t, cable, func(string) {
					for _, r := range c.replies {
						time.AfterFunc(r.after, func() { _, _ = cable.Write([]byte(r.text)) })
					}
				})
				l := start(t, line.Config{Open: cable.Open, Foreign: asked})
				_, _ = l.Ask(t.Context(), question(ours))
				time.Sleep(15 * time.Second)
				_, err := l.Ask(t.Context(), question("next"))
				if got := errors.Is(err, line.ErrSecondMaster); got != c.foreign {
					t.Errorf("got %v (%v), want foreign %v", got, err, c.foreign)
				}
			})
		})
	}
}

// TestNotIntoAForeignQuestion: what came unasked may be the beginning of
// another's question, whose pieces come up to 20 ms apart: we do not write
// between them.
func TestNotIntoAForeignQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		var put bytes.Buffer
		instrument(t, c, func(q string) { put.WriteString(q) })
		l := start(t, line.Config{Open: c.Open, Foreign: asked})
		time.Sleep(5 * time.Second)
		outcomes := make(chan error, 1)
		_, _ = c.Write([]byte("?"))
		synctest.Wait()
		go func() {
			_, err := l.Ask(t.Context(), question("q"))
			outcomes <- err
		}()
		for _, piece := range []string{"a", "b", "!"} {
			time.Sleep(16 * time.Millisecond)
			_, _ = c.Write([]byte(piece))
		}
		if err := <-outcomes; !errors.Is(err, line.ErrSecondMaster) || put.String() != "" {
			t.Errorf("got %v, and %q was written, want ErrSecondMaster and nothing", err, put.String())
		}
	})
}

// TestDoubt: after what may be another master's question nothing is asked for
// 3 s, and whoever asks waits; nothing is said.
func TestDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(string) { _, _ = c.Write([]byte("yes.")) })
		began := time.Now()
		l := start(t, line.Config{Open: c.Open, Foreign: asked})
		said := told(t, l, began, 0)
		until(began, 10*time.Second)
		_, _ = c.Write([]byte("noise?ab!"))
		synctest.Wait()
		if got, want := soon(t.Context(), l, began, "q"), "13s q: yes."; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if diff := cmp.Diff([]string{"0s mode normal ", "0s lost cleared ", "3s second_master cleared "}, *said); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
