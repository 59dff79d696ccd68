package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// chattering runs a site of one detector that says what the test says, until that
// returns, and returns its records of the alarm and event lanes in few words.
func chattering(t *testing.T, directory string, says func(say func(devices.Code, func(*devices.Event)))) (all []string) {
	t.Helper()
	st, err := store.Open(store.Options{Directory: directory, Site: "site"})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	in := New(Options{Store: st, Site: Site{Places: places("gas-1")}, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	device := script(func(ctx context.Context, emit func(devices.Event) error) error {
		says(func(code devices.Code, change func(*devices.Event)) {
			e := devices.Event{Time: time.Now(), Code: code}
			change(&e)
			if err := emit(e); err != nil {
				t.Errorf("emit: %v", err)
			}
		})
		cancel()
		return nil
	})
	if err := in.Run(ctx, []Conversation{{Name: "gas-1", Device: device, Silence: map[string]time.Duration{"gas-1": 0}}}); err != nil {
		t.Fatal(err)
	}
	for _, lane := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
		for after := uint64(0); ; {
			some, err := st.Read(lane, after, 500)
			if err != nil {
				t.Fatal(err)
			}
			if len(some) == 0 {
				break
			}
			for _, r := range some {
				after = r.Seq
				all = append(all, words(r))
			}
		}
	}
	return all
}

// words says a record: "gas.alarm.high raised", and of chatter its point and count.
func words(r store.Record) string {
	e := r.Event
	said := fmt.Sprint(e.Code, " ", e.State, e.Is)
	if e.Code == devices.AlarmChattering {
		said += fmt.Sprint(" ", e.Point, " ", e.Count.Raw)
	}
	return said
}

func raise(e *devices.Event)   { e.State = devices.Raised }
func fall(e *devices.Event)    { e.State = devices.Cleared }
func nothing(e *devices.Event) {}
func at7(e *devices.Event)     { e.Point = "7" }
func number(all []string, word string) (n int) {
	for _, said := range all {
		if said == word {
			n++
		}
	}
	return n
}

// TestChatterBegins: 30 edges in a minute are told, the 31st makes it chatter, and
// not if the first is a minute ago.
func TestChatterBegins(t *testing.T) {
	for _, c := range []struct {
		edges     int
		every     time.Duration
		chattered bool
	}{
		{29, 100 * time.Millisecond, false},
		{30, 100 * time.Millisecond, false},
		{31, 100 * time.Millisecond, true},
		{31, 1999 * time.Millisecond, true}, // the 31st 59.97 s after the first
		{31, 2001 * time.Millisecond, false},
		{400, 2001 * time.Millisecond, false},
	} {
		t.Run(fmt.Sprint(c.edges, " edges every ", c.every), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := chattering(t, t.TempDir(), func(say func(devices.Code, func(*devices.Event))) {
					for n := range c.edges {
						say("alarm.test", at7)
						say(devices.GasAlarmHigh, map[bool]func(*devices.Event){true: raise, false: fall}[n%2 == 0])
						time.Sleep(c.every)
					}
				})
				for _, point := range []string{"alarm.test/7", "gas.alarm.high"} {
					want := 0
					if c.chattered {
						want = 1
					}
					same(t, number(all, "alarm.chattering raised "+point+" 31"), want)
					same(t, number(all, "alarm.chattering cleared "+point+" 0"), want)
				}
				same(t, number(all, "alarm.test "), c.edges)
				same(t, number(all, "gas.alarm.high raised")+number(all, "gas.alarm.high cleared"), c.edges)
			})
		})
	}
}

// TestChatter: a contact that bounces for an hour costs a bounded number of
// records, stands raised meanwhile, and is told as it is when it is calm; how many
// edges were not told is exact.
func TestChatter(t *testing.T) {
	const edges = 36_001 // ten in a second; the last is a raising
	for _, ends := range []devices.State{devices.Raised, devices.Cleared} {
		t.Run("at the end it is "+string(ends), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := edges
				if ends == devices.Cleared {
					n++
				}
				all := chattering(t, t.TempDir(), func(say func(devices.Code, func(*devices.Event))) {
					for i := range n {
						say(devices.GasAlarmHigh, map[bool]func(*devices.Event){true: raise, false: fall}[i%2 == 0])
						time.Sleep(100 * time.Millisecond)
					}
					time.Sleep(2 * time.Minute)
				})
				var want []string
				for range 15 {
					want = append(want, "gas.alarm.high raised", "gas.alarm.high cleared")
				}
				want = append(want, "gas.alarm.high raised", "alarm.chattering raised gas.alarm.high 31")
				if ends == devices.Cleared {
					want = append(want, "gas.alarm.high cleared")
				}
				want = append(want, fmt.Sprint("alarm.chattering cleared gas.alarm.high ", edges-31))
				same(t, all, want)
			})
		})
	}
}

// TestChatterIsNeverHiding: what is cleared when it begins to chatter is raised
// with the next raising, and stays so.
func TestChatterIsNeverHiding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := chattering(t, t.TempDir(), func(say func(devices.Code, func(*devices.Event))) {
			say(devices.GasAlarmHigh, raise)
			time.Sleep(2 * time.Minute)
			for range 20 {
				say(devices.GasAlarmHigh, fall)
				say(devices.GasAlarmHigh, raise)
			}
			time.Sleep(2 * time.Minute)
		})
		same(t, all[len(all)-4:], []string{"gas.alarm.high cleared", "alarm.chattering raised gas.alarm.high 31",
			"gas.alarm.high raised", "alarm.chattering cleared gas.alarm.high 8"})
	})
}

// TestChatterCounts: momentary alarms, counters and states are counted exactly, and
// a state and a counter show at the end what they are.
func TestChatterCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := chattering(t, t.TempDir(), func(say func(devices.Code, func(*devices.Event))) {
			for n := range 101 {
				say("alarm.test", nothing)
				say("access.leaf", func(e *devices.Event) { e.Is = map[bool]string{true: "open", false: "closed"}[n%2 == 0] })
				say("access.leaf", func(e *devices.Event) { e.Is = map[bool]string{true: "open", false: "closed"}[n%2 == 0] })
				say("screening.metal.alarm", func(e *devices.Event) { e.Count = &devices.Count{Raw: uint64(7 * n)} })
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(3 * time.Minute)
		})
		same(t, number(all, "alarm.test "), 31)
		same(t, number(all, "alarm.chattering cleared alarm.test 70"), 1)
		same(t, number(all, "access.leaf open")+number(all, "access.leaf closed"), 31)
		same(t, number(all, "alarm.chattering cleared access.leaf 70"), 1)
		same(t, number(all, "screening.metal.alarm "), 32)
		same(t, number(all, "alarm.chattering cleared screening.metal.alarm 68"), 1)
	})
}

// TestChatterAfterARestart: what chattered when the daemon was killed is cleared
// when it is calm, and its last word is told.
func TestChatterAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		st, err := store.Open(store.Options{Directory: directory, Site: "site"})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []devices.Event{
			{Code: devices.GasAlarmHigh, Point: "7", State: devices.Raised},
			{Code: devices.AlarmChattering, Point: "gas.alarm.high/7", State: devices.Raised, Count: &devices.Count{Raw: 31, Step: 31}},
		} {
			e.Time, e.Device = time.Now(), "gas-1"
			if err := st.Append(places("gas-1")["gas-1"], e); err != nil {
				t.Fatal(err)
			}
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		all := chattering(t, directory, func(say func(devices.Code, func(*devices.Event))) {
			for range 40 { // it goes on
				say(devices.GasAlarmHigh, func(e *devices.Event) { e.Point, e.State = "7", devices.Cleared })
				say(devices.GasAlarmHigh, func(e *devices.Event) { e.Point, e.State = "7", devices.Raised })
			}
			say(devices.GasAlarmHigh, func(e *devices.Event) { e.Point, e.State = "7", devices.Cleared })
			time.Sleep(2 * time.Minute)
		})
		same(t, all, []string{"gas.alarm.high raised", "alarm.chattering raised gas.alarm.high/7 31",
			"gas.alarm.high cleared", "alarm.chattering cleared gas.alarm.high/7 80"})
	})
}

// TestChatterIsBounded: many points cost no more than so much memory, and what is
// quiet costs nothing.
func TestChatterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		for n := range mostBounces + 100 {
			e := devices.Event{Time: time.Now(), Device: "gas-1", Code: devices.GasAlarmHigh, Point: fmt.Sprint(n)}
			if b := in.bounces.of(e); (b != nil) != (n < mostBounces) {
				t.Fatalf("point %d is watched: %t", n, b != nil)
			}
		}
		in.calm(time.Now())
		same(t, len(in.bounces.at), 0)
	})
}

// TestChatterAtTheLimit: what is now below the limit and now above does not cost
// more than it would have if all of it were told.
func TestChatterAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const edges = 1800
		all := chattering(t, t.TempDir(), func(say func(devices.Code, func(*devices.Event))) {
			for n := range edges {
				say(devices.GasAlarmHigh, map[bool]func(*devices.Event){true: raise, false: fall}[n%2 == 0])
				time.Sleep(1999 * time.Millisecond)
			}
		})
		if len(all) > edges/5 {
			t.Errorf("%d edges cost %d records, want a fifth at most", edges, len(all))
		}
	})
}
