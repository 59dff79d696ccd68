package survey_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/modbus"
	"sitepost/devices/survey"
)

func settings(t testing.TB, label string) line.Settings {
	t.Helper()
	s, err := line.ParseSettings(label)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shipped returns our profiles.
func shipped(t testing.TB) []*instrument.Profile {
	t.Helper()
	var all []*instrument.Profile
	for _, name := range instrument.Shipped() {
		p, err := instrument.Load(name, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// guess searches on a wire.
func guess(t *testing.T, w *wire, search survey.Search) []survey.Verdict {
	t.Helper()
	w.cable = linetest.NewCable()
	if w.every == 0 {
		w.every = 300 * time.Millisecond
	}
	search.Open, search.Profiles = w.open, append(search.Profiles, shipped(t)...)
	search.Each = 3 * time.Second
	ctx, cancel := context.WithCancel(t.Context())
	var speaking sync.WaitGroup
	speaking.Go(func() { w.speak(ctx) })
	defer speaking.Wait()
	defer cancel()
	verdicts, err := survey.Guess(ctx, search)
	if err != nil {
		t.Fatal(err)
	}
	return verdicts
}

// TestGuessFindsTheShipped: every profile of ours that speaks by itself is
// found first, with its settings, or beside those that nothing tells from it.
func TestGuessFindsTheShipped(t *testing.T) {
	t.Parallel()
	for _, p := range shipped(t) {
		frame, err := p.Speak(nil, 1)
		if err != nil || !p.Speaks() {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			w := &wire{own: p.Settings, says: func(int) []byte { return frame }}
			got := guess(t, w, survey.Search{})
			if len(got) == 0 || got[0].Sure == survey.Possible || got[0].Settings != p.Settings {
				t.Fatalf("%s at %s: got %+v", p.Name, p.Settings, got)
			}
			if got[0].What != p.Name && !strings.Contains(got[0].Why, p.Name) {
				t.Errorf("%s at %s: got %+v", p.Name, p.Settings, got)
			}
			for _, v := range got {
				t.Logf("%s: %s %s %s %s", p.Name, v.Sure, v.What, v.Settings, v.Why)
			}
		})
	}
}

// TestGuessIsQuietOnNoise: noise of any density at any settings, and bytes that
// are all the same, are nothing.
func TestGuessIsQuietOnNoise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		most, kinds int
		every       time.Duration
	}{
		{3, 256, time.Second}, {12, 256, 3 * time.Second}, {40, 256, 0}, {1000, 256, 0}, {600, 256, 30 * time.Millisecond}, {400, 1, 0}, {400, 4, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(9, uint64(c.most)))
			w := &wire{own: settings(t, "115200 8N1"), every: c.every, says: func(int) []byte {
				noise := make([]byte, 1+random.IntN(c.most))
				for i := range noise {
					noise[i] = byte(256 / c.kinds * random.IntN(c.kinds))
				}
				return noise
			}}
			if got := guess(t, w, survey.Search{}); len(got) != 0 {
				t.Errorf("%+v: got %+v of noise", c, got)
			}
		})
	}
}

// TestGuessModbus: what another master asks, and is answered, is Modbus.
func TestGuessModbus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{own: settings(t, "19200 8E1"), says: func(i int) []byte {
			q := modbus.Block{Unit: byte(1 + i%3), Function: modbus.Holding, Offset: uint16(100 * (i % 2)), Count: 4}.Question(1).Send
			reply, _ := modbus.Serve(q[0], func(b modbus.Block) ([]uint16, error) { return []uint16{uint16(i), 2, 3, 4}, nil }, q)
			return append(q, reply...)
		}}
		got := guess(t, w, survey.Search{})
		if len(got) == 0 || got[0].What != "Modbus RTU" || got[0].Sure != survey.Certain || got[0].Settings != w.own {
			t.Errorf("got %+v", got)
		}
	})
}

// TestGuessPauses: messages that only a pause ends are cut by the pauses that
// were heard.
func TestGuessPauses(t *testing.T) {
	t.Parallel()
	p, err := instrument.Parse("pauses", []byte(`profile = "pauses"
title = "a box that says its state and then nothing"
kind = "gate"
source = "this test"
trust = "observed"
settings = "4800 8N1"
silence = "3s"

[frame]
gap = "20ms"
check = {kind = "crc16-modbus", over = "0..-3", at = -2}
anonymous = true

[read]
leaf = {at = 0, names = {1 = "closed", 2 = "moving"}}

[[report]]
code = "access.leaf"
value = "leaf"

[[try]]
bytes = "01 02 03 61 61"
gives = ["access.leaf closed"]
`))
	if err != nil {
		t.Fatal(err)
	}
	frame, err := p.Speak(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := &wire{own: p.Settings, says: func(int) []byte { return frame }}
		got := guess(t, w, survey.Search{Profiles: []*instrument.Profile{p}, Settings: []line.Settings{p.Settings}})
		n := lines(got, 9)
		want := []survey.Verdict{{Settings: p.Settings, What: "pauses", Frames: n, Bytes: len(frame) * n, Sure: survey.Certain}}
		for i := range got {
			got[i].Why = "" // the words hold the chance, which is another test's
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestGuessAsked: an instrument that is asked is known by the questions of
// another master, whatever its address.
func TestGuessAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{own: settings(t, "19200 8N1"), says: func(int) []byte {
			return []byte{0x7E, 0, 5, 0x10, 0, 0, 0, 0x6C, 0x7F, 1, 5, 0, 0, 0, 0, 0, 10, 0, 0, 5, 0, 0, 24, 0, 0, 0x53}
		}}
		got := guess(t, w, survey.Search{})
		if len(got) == 0 || got[0].What != "gate-7e7f" || got[0].Sure != survey.Certain || got[0].Settings != w.own {
			t.Errorf("got %+v", got)
		}
	})
}

// lines returns how many frames the first verdict has: in three seconds there
// are least or one more, as the pauses fall.
func lines(got []survey.Verdict, least int) int {
	if len(got) > 0 && got[0].Frames == least+1 {
		return least + 1
	}
	return least
}

// TestGuessText: lines of text that no profile knows are text, at the settings
// of a device with seven bits too.
func TestGuessText(t *testing.T) {
	t.Parallel()
	for _, label := range []string{"4800 8N1", "9600 7E1"} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{own: settings(t, label), says: func(i int) []byte { return fmt.Appendf(nil, "ZONE %03d QUIET\r\n", i) }}
			got := guess(t, w, survey.Search{})
			n := lines(got, 9)
			want := []survey.Verdict{{Settings: w.own, What: "text", Frames: n, Bytes: 16 * n, Sure: survey.Likely, Why: fmt.Sprintf("%d lines of readable text in %d bytes: write a profile that matches them", n, 16*n)}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", label, diff)
			}
		})
	}
}

// TestGuessParity: an adapter that does not look at parity hears the same at
// both settings, and the verdict says so.
func TestGuessParity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{own: settings(t, "9600 8N1"), blind: true, says: func(int) []byte { return []byte("\x0262E3086CED08\x03") }}
		got := guess(t, w, survey.Search{Settings: []line.Settings{settings(t, "9600 8N2"), w.own}})
		n := lines(got, 9)
		chance := map[int]string{9: "0.0025", 10: "0.0075"}[n] // none and one frame in 200 shuffles, and half a one (see byChance)
		want := []survey.Verdict{{
			Settings: w.own, What: "em4100-ascii", Frames: n, Bytes: 14 * n, Sure: survey.Certain,
			Why: fmt.Sprintf("%d whole messages in %d bytes, 100 %% of them; chance would make %s; the same at 9600 8N2: parity and stop bits cannot always be seen from here, the label says them", n, 14*n, chance),
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestGuessOther: what somebody else recognises is weighed like a profile.
func TestGuessOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{own: settings(t, "38400 8N1"), says: func(int) []byte { return []byte{0x53, 0, 8, 0, 4, 0x60, 0xEB, 0xAA} }}
		other := survey.Other{Name: "OSDP", Overheard: func(heard []byte) bool { return bytes.Contains(heard, []byte{0x60, 0xEB, 0xAA}) }}
		got := guess(t, w, survey.Search{Others: []survey.Other{other}})
		if len(got) == 0 || got[0].What != "OSDP" || got[0].Sure != survey.Certain || got[0].Settings != w.own {
			t.Errorf("got %+v", got)
		}
	})
}

// TestGuessSilence: a line that says nothing is called silent, and progress is
// told for all settings.
func TestGuessSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tried []line.Settings
		w := &wire{own: settings(t, "9600 8N1"), says: func(int) []byte { return nil }}
		got := guess(t, w, survey.Search{Progress: func(s line.Settings, heard int) {
			if heard != 0 {
				t.Errorf("%s: heard %d bytes of nothing", s, heard)
			}
			tried = append(tried, s)
		}})
		if diff := cmp.Diff(survey.Usual(), tried); diff != "" {
			t.Errorf("tried (-want +got):\n%s", diff)
		}
		if len(got) != 1 || got[0].What != survey.Silence || got[0].Sure != survey.Certain {
			t.Errorf("got %+v", got)
		}
	})
}

// TestGuessFails: settings that the port does not know are passed over; a port
// that is not there ends the search, and so does ctx.
func TestGuessFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		unknown := &line.Trouble{Err: errors.New("settings 9600 7O1 are refused"), Short: "settings", Step: "use another adapter"}
		cable := linetest.NewCable()
		search := survey.Search{Each: time.Second, Open: func(s line.Settings) line.Opener {
			if s.DataBits == 7 {
				return func(context.Context) (line.Port, error) { return nil, unknown }
			}
			return cable.Open
		}}
		if got, err := survey.Guess(t.Context(), search); err != nil || len(got) != 1 || got[0].What != survey.Silence {
			t.Errorf("with strange settings: got %+v, %v", got, err)
		}
		search.Settings = []line.Settings{settings(t, "9600 7O1")}
		if _, err := survey.Guess(t.Context(), search); !errors.Is(err, unknown) {
			t.Errorf("with strange settings only: got %v", err)
		}
		search.Settings = nil
		stopped := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stopped)
		if _, err := survey.Guess(ctx, search); !errors.Is(err, stopped) {
			t.Errorf("stopped: got %v", err)
		}
		cable.Unplug()
		if _, err := survey.Guess(t.Context(), search); err == nil || err.Error() != "open cable: no such file (plug it in)" {
			t.Errorf("unplugged: got %v", err)
		}
	})
}

// TestGuessStopped: who has waited for some of the settings is told what was
// heard at them.
func TestGuessStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		frame, err := shipped(t)[slices.Index(instrument.Shipped(), "winsen-zp14")].Speak(nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{own: settings(t, "9600 8N1"), cable: linetest.NewCable(), every: time.Second, says: func(int) []byte { return frame }}
		ctx, cancel := context.WithCancelCause(t.Context())
		var speaking sync.WaitGroup
		speaking.Go(func() { w.speak(ctx) })
		stopped := errors.New("stopped")
		got, err := survey.Guess(ctx, survey.Search{
			Open: w.open, Profiles: shipped(t), Each: 5 * time.Second,
			Progress: func(line.Settings, int) { cancel(stopped) },
		})
		speaking.Wait()
		if !errors.Is(err, stopped) || len(got) == 0 || got[0].Settings != w.own || got[0].Sure == survey.Possible {
			t.Errorf("got %+v, %v, want what speaks at %v, and the reason", got, err, w.own)
		}
	})
}
