package line_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// all takes what an ear has now, as "text", "text, fresh" or "text, sent".
func all(t *testing.T, e *line.Ear) []string {
	t.Helper()
	var got []string
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		c, err := e.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		word := string(c.Bytes)
		if c.Fresh {
			word += ", fresh"
		}
		if c.Sent {
			word += ", sent"
		}
		got = append(got, word)
	}
}

// TestListen: all that comes unasked is heard by everyone who listens, with
// its time; what belongs to a question is not; and wherever something may be
// missing the next chunk is marked.
func TestListen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) {
			if q == "late" {
				time.AfterFunc(400*time.Millisecond, func() { _, _ = c.Write([]byte("late.")) })
				return
			}
			_, _ = c.Write([]byte(q + "."))
		})
		l := start(t, line.Config{Open: c.Open})
		one, two := l.Listen(), l.Listen()
		defer one.Close()
		say := func(text string) {
			time.Sleep(500 * time.Millisecond)
			_, _ = c.Write([]byte(text))
			synctest.Wait()
		}
		ask := func(q string) {
			time.Sleep(500 * time.Millisecond)
			_, _ = l.Ask(t.Context(), question(q))
		}
		say("a")
		say("b")
		ask("good") // an echo, and an answer behind it
		say("c")
		ask("late")
		say("d")
		three := l.Listen()
		defer three.Close()
		say("e")
		if diff := cmp.Diff([]string{"e, fresh"}, all(t, three)); diff != "" {
			t.Errorf("the first thing that an ear hears (-want +got):\n%s", diff)
		}
		c.Unplug()
		time.Sleep(50 * time.Millisecond)
		c.Plug()
		time.Sleep(200 * time.Millisecond)
		say("f")
		want := []string{"a, fresh", "b", "c, fresh", "d, fresh", "e", "f, fresh"}
		if diff := cmp.Diff(want, all(t, one)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		two.Close()
		two.Close()
		if _, err := two.Next(t.Context()); !errors.Is(err, line.ErrEarClosed) {
			t.Errorf("closed ear: got %v, want %v", err, line.ErrEarClosed)
		}
	})
}

// TestSlowListener: somebody who does not listen holds nobody up, loses the
// oldest, and is told so.
func TestSlowListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		l := start(t, line.Config{Open: c.Open})
		ear := l.Listen()
		defer ear.Close()
		var want []string
		for i := range 2000 {
			word := fmt.Sprint(i)
			_, _ = c.Write([]byte(word))
			if i == 2000-1024 {
				word += ", fresh"
			}
			want = append(want, word)
			synctest.Wait()
		}
		if diff := cmp.Diff(want[2000-1024:], all(t, ear)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
