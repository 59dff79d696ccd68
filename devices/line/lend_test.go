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

// TestLend: the question under way is settled, the port is closed for somebody
// else, questions wait, nobody calls the line lost, and with giveBack it is
// opened at once.
func TestLend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) {
			if q != "slow" {
				_, _ = c.Write([]byte("yes."))
				return
			}
			time.AfterFunc(200*time.Millisecond, func() { _, _ = c.Write([]byte("after all.")) })
		})
		began := time.Now()
		l := start(t, line.Config{Name: "bus-a", Open: c.Open})
		said := told(t, l, began, 0)
		ear := l.Listen()
		defer ear.Close()
		until(began, 10*time.Second)
		_, _ = c.Write([]byte("before"))
		synctest.Wait()
		outcomes := make(chan string, 2)
		go func() { outcomes <- soon(t.Context(), l, began, "slow") }()
		until(began, 10100*time.Millisecond)
		giveBack, err := l.Lend(t.Context())
		if err != nil || time.Since(began).Round(100*time.Millisecond) != 10200*time.Millisecond {
			t.Fatalf("got %v after %v, want the port after the answer", err, time.Since(began))
		}
		if got, want := <-outcomes, "10.2s slow: after all."; got != want {
			t.Errorf("under way: got %s, want %s", got, want)
		}
		theirs, err := c.Open(t.Context())
		if err != nil {
			t.Fatalf("opened by somebody else: %v", err)
		}
		if _, err := l.Lend(t.Context()); !errors.Is(err, line.ErrLent) || fmt.Sprint(err) != `line "bus-a": line is lent to somebody else` {
			t.Errorf("lent twice: got %v", err)
		}
		go func() { outcomes <- soon(t.Context(), l, began, "q") }()
		until(began, 40*time.Second)
		_ = theirs.Close()
		giveBack()
		giveBack()
		if got, want := <-outcomes, "40s q: yes."; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		_, _ = c.Write([]byte("after"))
		synctest.Wait()
		if diff := cmp.Diff([]string{"before, fresh", "after, fresh"}, all(t, ear)); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		want := []string{
			"0s mode normal ", "0s lost cleared ", "0s second_master cleared ",
			"10.202s mode maintenance lent", "40s mode normal ",
		}
		if diff := cmp.Diff(want, *said); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got := c.Opened(); got != 3 {
			t.Errorf("opened %d times, want 3", got)
		}
	})
}

// TestLendLost: a line that is lost can be lent and is not opened meanwhile;
// one that comes back to nothing is lost after a second.
func TestLendLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		c.Unplug()
		began := time.Now()
		l := start(t, line.Config{Open: c.Open})
		said := told(t, l, began, 0)
		until(began, 2*time.Second)
		giveBack, err := l.Lend(t.Context())
		if err != nil || time.Since(began) != 2*time.Second {
			t.Fatalf("got %v after %v, want the port at once", err, time.Since(began))
		}
		tried := c.Opened()
		until(began, time.Minute)
		if got := c.Opened(); got != tried {
			t.Errorf("opened %d times while it was lent", got-tried)
		}
		c.Plug()
		giveBack()
		until(began, 70*time.Second)
		giveBack, err = l.Lend(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Unplug()
		until(began, 80*time.Second)
		giveBack()
		until(began, 90*time.Second)
		synctest.Wait()
		want := []string{
			"0s mode normal ", "1s lost raised missing",
			"2s mode maintenance lent", "1m0s mode normal ", "1m0s lost cleared ", "1m0s second_master cleared ",
			"1m10s mode maintenance lent", "1m20s mode normal ", "1m21s lost raised missing",
		}
		if diff := cmp.Diff(want, *said); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// TestLendEnds: lending ends with the line, and with whoever waits for it; a
// line that does not run cannot be lent.
func TestLendEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		l := line.New(line.Config{Open: c.Open, Settings: fast})
		if _, err := l.Lend(t.Context()); !errors.Is(err, line.ErrNotRunning) {
			t.Errorf("before Run: got %v, want ErrNotRunning", err)
		}
		for range 2 { // a second Run knows nothing of a loan to the first
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- l.Run(ctx) }()
			synctest.Wait()

			go func() { _, _ = l.Ask(ctx, question("q")) }() // holds the line for 300 ms
			time.Sleep(10 * time.Millisecond)
			short, stop := context.WithTimeout(ctx, 100*time.Millisecond)
			if _, err := l.Lend(short); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("impatient: got %v", err)
			}
			stop()
			time.Sleep(time.Second)
			if _, err := l.Ask(ctx, question("q")); !errors.Is(err, line.ErrSilent) {
				t.Errorf("after an impatient borrower: got %v, want ErrSilent", err)
			}
			giveBack, err := l.Lend(ctx)
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			giveBack()
		}
	})
}

// TestLendWhileOpening: an opening that takes long does not keep the borrower.
func TestLendWhileOpening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := start(t, line.Config{Open: func(ctx context.Context) (line.Port, error) { <-ctx.Done(); return nil, ctx.Err() }})
		synctest.Wait()
		began := time.Now()
		giveBack, err := l.Lend(t.Context())
		if err != nil || time.Since(began) != 0 {
			t.Fatalf("got %v after %v, want the port at once", err, time.Since(began))
		}
		giveBack()
	})
}

// TestTap: who taps hears our questions, the answers with whatever stands
// around them, what comes late, and what comes unasked, in this order; an ear
// beside him hears only the last.
func TestTap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) {
			if q == "late" {
				time.AfterFunc(400*time.Millisecond, func() { _, _ = c.Write([]byte("at last.")) })
				return
			}
			_, _ = c.Write([]byte(q))
			_, _ = c.Write([]byte("xyes."))
		})
		l := start(t, line.Config{Open: c.Open})
		tap, ear := l.Tap(), l.Listen()
		defer tap.Close()
		defer ear.Close()
		for _, q := range []string{"q", "late"} {
			_, _ = l.Ask(t.Context(), question(q))
		}
		time.Sleep(time.Second)
		_, _ = c.Write([]byte("unasked"))
		time.Sleep(time.Second)
		c.Unplug()
		c.Plug()
		time.Sleep(time.Second)
		_, _ = c.Write([]byte("again"))
		synctest.Wait()
		want := []string{"q, fresh, sent", "q", "xyes.", "late, sent", "at last.", "unasked", "again, fresh"}
		if diff := cmp.Diff(want, all(t, tap)); diff != "" {
			t.Errorf("tap (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"unasked, fresh", "again, fresh"}, all(t, ear)); diff != "" {
			t.Errorf("ear (-want +got):\n%s", diff)
		}
	})
}

// TestLateForAnother: what answers the last question of somebody who had the
// port comes before ours is put, and is never taken for the answer to it.
func TestLateForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(q string) {
			text := "to " + q
			time.AfterFunc(150*time.Millisecond, func() { _, _ = c.Write([]byte(text)) })
		})
		began := time.Now()
		l := start(t, line.Config{Open: c.Open, Foreign: asked})
		until(began, 10*time.Second)
		giveBack, err := l.Lend(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := c.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = theirs.Write([]byte("theirs."))
		_ = theirs.Close()
		giveBack()
		if got, want := soon(t.Context(), l, began, "ours."), "13.2s ours.: to ours."; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
