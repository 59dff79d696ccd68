package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A witness notes what stands on the topic of a camera's stream, whenever that is
// something else: "1m0s live 25".
type witness struct {
	mu   sync.Mutex
	seen []string
}

// witnessed begins to look, until the test's bubble is told to stop.
func witnessed(t *testing.T, st *store.Store, camera string) (all func() []string, stop func()) {
	t.Helper()
	w, began, over, ended := &witness{}, time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var revision uint64
		for {
			changed := st.Changed()
			revision = w.look(t, st, camera, revision, began)
			select {
			case <-changed:
			case <-over:
				return
			}
		}
	}()
	return func() []string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return slices.Clone(w.seen)
	}, func() { close(over); <-ended }
}

// look notes the document of a camera, if its revision is a new one.
func (w *witness) look(t *testing.T, st *store.Store, camera string, had uint64, began time.Time) uint64 {
	list, err := st.Currents(true)
	if err != nil {
		t.Error(err)
	}
	for _, c := range list {
		if c.Key != "stream/"+camera || c.Revision == had {
			continue
		}
		var s devices.Stream
		if err := json.Unmarshal(c.Doc, &s); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		w.seen = append(w.seen, fmt.Sprint(time.Since(began).Round(time.Second), " ", of(&s)))
		w.mu.Unlock()
		return c.Revision
	}
	return had
}

// of is a stream in short: state and number of frames.
func of(s *devices.Stream) string { return fmt.Sprint(s.State, " ", s.Frames) }

// recorded lists the records of streams: "1m0s live 25".
func recorded(t *testing.T, st *store.Store, began time.Time) (all []string) {
	t.Helper()
	for after := uint64(0); ; {
		records, err := st.Read(devices.ReadingLane, after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return all
		}
		for _, r := range records {
			after = r.Seq
			all = append(all, fmt.Sprint(r.Event.Time.Sub(began), " ", of(r.Event.Stream)))
		}
	}
}

// seen is a cue with a stream. Frames tell one apart from the next.
func seen(at time.Duration, state string, frames int, why ...string) cue {
	return cue{at, devices.Event{Code: devices.StreamReading, Stream: &devices.Stream{State: state, Frames: frames, Why: why}}}
}

// eachSeen is one at each step, with frames that count from 1.
func eachSeen(step, from, to time.Duration, state string, why ...string) []cue {
	var all []cue
	for at := from; at <= to; at += step {
		all = append(all, seen(at, state, len(all)+1, append(why, fmt.Sprint(len(all), " frames"))...))
	}
	return all
}

// TestStreams: what a stream is stands on its topic when it became so, its
// figures once a minute; a visit is recorded, and one that fails as the one
// before once a minute; what passes by is never recorded, and shown only where
// nothing was found out yet and it lasts.
func TestStreams(t *testing.T) {
	t.Parallel()
	const ms, s, min = time.Millisecond, time.Second, time.Minute
	for _, c := range []struct {
		name            string
		cues            []cue
		shown, recorded []string
	}{{
		name: "a first visit, quickly",
		cues: []cue{seen(10*s+100*ms, "resolving", 0), seen(10*s+200*ms, "connecting", 0), seen(10*s+300*ms, "described", 0),
			seen(10*s+400*ms, "starting", 0), seen(10*s+900*ms, "live", 25)},
		shown: []string{"11s live 25"}, recorded: []string{"10.9s live 25"},
	}, {
		name: "a first visit, slowly",
		cues: []cue{seen(10*s+100*ms, "resolving", 0), seen(15*s+100*ms, "connecting", 0), seen(15*s+200*ms, "described", 0),
			seen(15*s+300*ms, "starting", 0), seen(18*s, "live", 25)},
		shown: []string{"11s resolving 0", "16s starting 0", "18s live 25"}, recorded: []string{"18s live 25"},
	}, {
		name: "out of use, and in use again",
		cues: []cue{seen(1*s, "disabled", 0), seen(2*s, "disabled", 0), seen(10*s, "live", 1), seen(90*s, "disabled", 0),
			seen(100*s+100*ms, "connecting", 0)},
		shown: []string{"1s disabled 0", "10s live 1", "1m30s disabled 0", "1m41s connecting 0"}, recorded: []string{"10s live 1"},
	}, {
		name: "gone, and dialled again and again",
		cues: []cue{seen(10*s, "live", 1), seen(20*s, "offline", 0, "refused"), seen(22*s, "connecting", 0), seen(30*s, "offline", 0, "refused"),
			seen(60*s, "described", 0), seen(62*s, "starting", 0), seen(64*s, "live", 2)},
		shown:    []string{"10s live 1", "20s offline 0", "1m4s live 2"},
		recorded: []string{"10s live 1", "20s offline 0", "1m4s live 2"},
	}, {
		name:     "a visit a minute, not quite on time",
		cues:     []cue{seen(1*s, "live", 1), seen(55*s, "live", 2), seen(119*s, "live", 3), seen(175*s, "live", 4), seen(230*s, "live", 5)},
		shown:    []string{"1s live 1", "1m1s live 2", "2m1s live 3", "3m1s live 4", "4m1s live 5"},
		recorded: []string{"1s live 1", "55s live 2", "1m59s live 3", "2m55s live 4", "3m50s live 5"},
	}, {
		name:     "one that fails every five seconds, with other numbers each time",
		cues:     eachSeen(5*s, 5*s+200*ms, 131*s, "offline", "read tcp: refused"), // beside the ticks
		shown:    []string{"5s offline 1", "1m6s offline 13", "2m6s offline 25", "3m6s offline 26"},
		recorded: []string{"5.2s offline 1", "1m5.2s offline 13", "2m5.2s offline 25"},
	}, {
		name:     "other reasons are shown at once, and not recorded",
		cues:     []cue{seen(5*s, "degraded", 1, "loss 2%"), seen(10*s, "stalled", 2, "no packets"), seen(15*s, "stalled", 3, "no frames")},
		shown:    []string{"5s degraded 1", "10s stalled 2", "15s stalled 3"},
		recorded: []string{"5s degraded 1", "10s stalled 2"},
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "cam-1")
				defer st.Close()
				began := time.Now()
				shown, stopLooking := witnessed(t, st, "cam-1")
				stop := running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0}, Device: saying(c.cues...)})
				until(began, 5*min)
				same(t, shown(), c.shown)
				stop()
				stopLooking()
				st.Seal()
				same(t, recorded(t, st, began), c.recorded)
			})
		})
	}
}

// TestStreamOfABusyDriver: whatever a driver does, its camera costs six records
// and ten showings at once, and 1.2 records and six showings a minute in the
// long run.
func TestStreamOfABusyDriver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1")
		defer st.Close()
		began := time.Now()
		shown, stopLooking := witnessed(t, st, "cam-1")
		var cues []cue
		for i := range 2 * 60 * 60 {
			cues = append(cues, seen(time.Duration(i)*500*time.Millisecond, []string{"live", "stalled", "offline"}[i%3], i))
		}
		stop := running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0}, Device: saying(cues...)})
		until(began, time.Hour)
		stop()
		stopLooking()
		st.Seal()
		if n, most := len(recorded(t, st, began)), 6+72; n > most || n < 72 {
			t.Errorf("got %d records in an hour, want at most %d, and no fewer than 72", n, most)
		}
		if n, most := len(shown()), 10+360+1; n > most || n < 360 {
			t.Errorf("got %d showings in an hour, want at most %d, and no fewer than 360", n, most)
		}
	})
}

// TestStreamIsNoLife: only a stream that gives pictures is a sign of life.
func TestStreamIsNoLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1")
		defer st.Close()
		began := time.Now()
		var cues []cue
		for i, state := range []string{"disabled", "resolving", "connecting", "described", "starting", "stalled", "offline", "auth_failed", "unsupported", "conflict"} {
			cues = append(cues, seen(time.Duration(i+1)*time.Second, state, 0))
		}
		cues = append(cues, seen(20*time.Second, "degraded", 1))
		stop := running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0}, Device: saying(cues...)})
		until(began, 19*time.Second)
		same(t, stands(t, st, began), map[string]string{})
		until(began, 20*time.Second)
		same(t, stands(t, st, began), map[string]string{"cam-1": "online 20s"})
		stop()
	})
}

// TestManyStreamsAreFewCommits: 256 cameras that are visited once a minute cost
// no more than a commit a second, not one or two for each visit.
func TestManyStreamsAreFewCommits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const cameras, minutes = 256, 10
		var names []string
		for i := range cameras {
			names = append(names, fmt.Sprintf("cam-%d", i))
		}
		in, st := rig(t, names...)
		defer st.Close()
		var cs []Conversation
		for i, name := range names {
			first := time.Duration(i) * time.Minute / cameras
			cs = append(cs, Conversation{Name: name, Silence: map[string]time.Duration{name: 0}, Device: saying(eachSeen(time.Minute, first, minutes*time.Minute, "live")...)})
		}
		began := time.Now()
		stop := running(t, in, cs...)
		until(began, 2*time.Minute) // all are shown for the first time, each at once
		commits := 0
		deadline := time.After(time.Until(began.Add(minutes * time.Minute)))
		for over := false; !over; {
			select {
			case <-st.Changed():
				commits++
			case <-deadline:
				over = true
			}
		}
		stop()
		if most := (minutes - 2) * 60 * 2; commits > most {
			t.Errorf("got %d commits in %d minutes, want at most %d: %d visits were made", commits, minutes-2, most, (minutes-2)*cameras)
		}
		t.Logf("%d commits for %d visits", commits, (minutes-2)*cameras)
	})
}

// TestStreamIsTidy: what a camera says too much of is cut, and no login is in an
// address, neither on the topic nor in a record. What the driver has stays as it is.
func TestStreamIsTidy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1")
		defer st.Close()
		long := strings.Repeat("长", 2000)
		said := &devices.Stream{State: "degraded", URI: "rtsp://user:pass@10.0.0.5/1", Codec: long, Profile: long, Level: long, Why: make([]string, 3)}
		for range 100 {
			said.Why = append(said.Why, long)
		}
		if err := in.Say("cam-1", devices.Event{Time: time.Now(), Code: devices.StreamReading, Stream: said}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		name := strings.Repeat("长", 64)
		want := &devices.Stream{State: "degraded", Codec: name, Profile: name, Level: name, Why: []string{strings.Repeat("长", 1024)}}
		all, err := st.Currents(true)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Key != "stream/cam-1" {
				continue
			}
			var shown devices.Stream
			if err := json.Unmarshal(c.Doc, &shown); err != nil {
				t.Fatal(err)
			}
			same(t, &shown, want)
		}
		records, err := st.Read(devices.ReadingLane, 0, 10)
		if err != nil || len(records) != 1 {
			t.Fatalf("got %d records, %v, want one", len(records), err)
		}
		same(t, records[0].Event.Stream, want)
		same(t, len(said.Why), 103)
	})
}
