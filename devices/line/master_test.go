package line_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// asked says whether a question of these tests stands in heard: "?" and two
// characters and "!".
func asked(heard []byte) bool {
	for i, c := range heard {
		if c == '?' && len(heard) > i+3 && heard[i+3] == '!' {
			return true
		}
	}
	return false
}

// TestFirstListening: before its first question a line is listened to for 3 s,
// and not again when it was opened again; where nobody else can be or nobody
// would be recognised it is asked at once. What is heard is told to the ears
// meanwhile.
func TestFirstListening(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cfg  line.Config
		want []string
	}{
		{"shared", line.Config{Foreign: asked}, []string{"3s q: yes.", "10.1s q: yes."}},
		{"private", line.Config{Foreign: asked, Private: true}, []string{"0s q: yes.", "10.1s q: yes."}},
		{"nobody recognised", line.Config{}, []string{"0s q: yes.", "10.1s q: yes."}},
	} {
		synctest.Test(t, func(t *testing.T) {
			cable := linetest.NewCable()
			instrument(t, cable, func(string) { _, _ = cable.Write([]byte("yes.")) })
			c.cfg.Open = cable.Open
			began := time.Now()
			l := start(t, c.cfg)
			ear := l.Listen()
			defer ear.Close()
			synctest.Wait()
			_, _ = cable.Write([]byte("unasked"))
			got := []string{soon(t.Context(), l, began, "q")}
			until(began, 10*time.Second)
			cable.Unplug()
			cable.Plug()
			got = append(got, soon(t.Context(), l, began, "q"))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
			if c.cfg.Foreign != nil && !c.cfg.Private {
				if diff := cmp.Diff([]string{"unasked, fresh"}, all(t, ear)); diff != "" {
					t.Errorf("%s: heard (-want +got):\n%s", c.name, diff)
				}
			}
		})
	}
}

// soon is outcome with the time in tenths of a second.
func soon(ctx context.Context, l *line.Line, began time.Time, send string) string {
	o := outcome(ctx, l, began, send)
	at, rest, _ := strings.Cut(o, " ")
	d, _ := time.ParseDuration(at)
	return fmt.Sprintf("%v %s", d.Round(100*time.Millisecond), rest)
}

// TestListeningBeginsAnew: a line that is lost while it is listened to first
// is listened to for 3 s when it is back.
func TestListeningBeginsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(string) { _, _ = c.Write([]byte("yes.")) })
		began := time.Now()
		l := start(t, line.Config{Open: c.Open, Foreign: asked})
		until(began, 2*time.Second)
		c.Unplug()
		c.Plug() // open at 2.1 s
		if got, want := soon(t.Context(), l, began, "q"), "5.1s q: yes."; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestSecondMaster: when another master asks, whoever waits and whoever comes
// is refused at once, all is heard, nothing is written, and the condition says
// what was heard; 60 s and a new listening after his last question we ask
// again.
func TestSecondMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		var put []string
		began := time.Now()
		instrument(t, c, func(q string) {
			put = append(put, fmt.Sprintf("%v %s", time.Since(began).Round(100*time.Millisecond), q))
			_, _ = c.Write([]byte("yes."))
		})
		l := start(t, line.Config{Name: "bus-a", Open: c.Open, Foreign: asked})
		said := told(t, l, began, 0)
		ear := l.Listen()
		defer ear.Close()
		waiting := make(chan string, 1)
		until(began, time.Second)
		go func() { waiting <- soon(t.Context(), l, began, "q") }()
		until(began, 2*time.Second)
		_, _ = c.Write([]byte("?a"))
		_, _ = c.Write([]byte("b!.."))
		if got, want := <-waiting, `2s q: line "bus-a": another master asks on this line`; got != want {
			t.Errorf("waiting: got %s, want %s", got, want)
		}
		until(began, 30*time.Second)
		_, _ = c.Write([]byte("?cd!"))
		for _, at := range []time.Duration{31 * time.Second, 92 * time.Second} { // the second one while listening again
			until(began, at)
			if _, err := l.Ask(t.Context(), question("q")); !errors.Is(err, line.ErrSecondMaster) || time.Since(began) != at {
				t.Errorf("at %v: got %v after %v, want ErrSecondMaster at once", at, err, time.Since(began)-at)
			}
		}
		until(began, 100*time.Second)
		if got, want := soon(t.Context(), l, began, "q"), "1m40s q: yes."; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		until(began, 110*time.Second)
		_, _ = c.Write([]byte("?ef!"))
		synctest.Wait()
		if diff := cmp.Diff([]string{"1m40s q"}, put); diff != "" {
			t.Errorf("put (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"?a, fresh", "b!..", "?cd!", "?ef!"}, all(t, ear)); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		want := []string{"0s mode normal ", "0s lost cleared ", "2s second_master raised ", "1m33s second_master cleared ", "1m50s second_master raised "}
		if diff := cmp.Diff(want, *said); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// TestSecondMasterText: the event shows the other's question alone and says
// what to do.
func TestSecondMasterText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		l := start(t, line.Config{Open: c.Open, Foreign: asked})
		time.Sleep(time.Second)
		_, _ = c.Write([]byte("noise?ab!noise"))
		_, _ = c.Write([]byte("noise?ab!noise"))
		at := time.Now()
		enough := errors.New("enough")
		var got devices.Event
		err := l.Watch().Run(t.Context(), func(e devices.Event) error {
			if e.Code != "line.second_master" {
				return nil
			}
			got = e
			return enough
		})
		want := devices.Event{
			Time: at, Code: "line.second_master", State: devices.Raised,
			Text: `heard a question that is not ours: 3F 61 62 21 (one of the two must stop asking, or write use = "listen" for this line)`,
		}
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, enough) {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
	})
}

// TestListeningAfterAMaster: where the line was lost when another master's time
// ran out, nobody has listened: we do when it is back.
func TestListeningAfterAMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		instrument(t, c, func(string) { _, _ = c.Write([]byte("yes.")) })
		began := time.Now()
		l := start(t, line.Config{Open: c.Open, Foreign: asked})
		said := told(t, l, began, 0)
		until(began, 10*time.Second)
		_, _ = c.Write([]byte("?ab!"))
		until(began, 20*time.Second)
		c.Unplug()
		until(began, 100*time.Second)
		c.Plug() // open at 1m41.3s, and back a second later
		until(began, 120*time.Second)
		synctest.Wait()
		want := []string{
			"0s mode normal ", "0s lost cleared ", "3s second_master cleared ", "10s second_master raised ",
			"20s lost raised gone", "1m42.3s lost cleared ", "1m44.3s second_master cleared ",
		}
		if diff := cmp.Diff(want, *said); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// TestMeantMaster: on a line that is only listened to somebody else is meant to
// ask: a condition from before that was written ends at once, and none begins.
func TestMeantMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := linetest.NewCable()
		began := time.Now()
		l := start(t, line.Config{Open: c.Open, Foreign: asked, ListenOnly: true})
		said := told(t, l, began, 0)
		until(began, time.Second)
		_, _ = c.Write([]byte("?ab!"))
		until(began, time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"0s mode normal ", "0s lost cleared ", "0s second_master cleared "}, *said); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
