package store

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/ingest/store/disktest"
)

// TestReliablePowerCut: whenever the power goes, a store opens and has all that it
// had accepted. A load runs on a disk that records what is done to it. Then for every
// moment between two operations come the states that the disk may be in: nothing,
// all, or some operations and some sectors of what was not synced. In each the store
// is opened and held against what was told up to then.
//
// The seed of the draw is logged; SITEPOST_SEED sets it.
func TestReliablePowerCut(t *testing.T) {
	events, states := 25, 300
	switch figure.Asked(t) {
	case figure.Full:
		events, states = 150, 15_000
	case figure.Long:
		events, states = 1000, 100_000
	}
	seed := seedOf(t)
	picture := photo(t, 7, 3_000)
	r := recordLoad(t, events, picture)
	n := survey(t, r, picture, states, seed)
	for _, why := range n.examples {
		t.Error(why)
	}
	// The less is synced the more there is to draw from: a part of it proves enough.
	part := disktest.Recording{Ops: r.Ops[:min(len(r.Ops), 500)]}
	control := survey(t, part.WithoutSync(), picture, states/10, seed)
	figure.Report(t, figure.Row{
		Fault:    fmt.Sprintf("power cut: %d disk states at every write and fsync", n.states),
		Aim:      "0 accepted lost, 0 numbers twice, 0 refusals to start; readings at most their last second",
		Measured: fmt.Sprintf("%d accepted in %d operations, %d states bad; oldest lost reading %d ms", n.accepted, len(r.Ops), n.bad, n.oldest.Milliseconds()),
		Met:      n.states >= states && n.bad == 0 && n.oldest <= lastSecond && control.bad > 0,
		Control:  fmt.Sprintf("fsync ignored: %d of %d states bad", control.bad, control.states),
		Values: map[string]float64{
			"states": float64(n.states), "bad": float64(n.bad), "accepted": float64(n.accepted),
			"operations": float64(len(r.Ops)), "oldest_reading_ms": float64(n.oldest.Milliseconds()),
			"control_states": float64(control.states), "control_bad": float64(control.bad),
		},
	})
}

// lastSecond is how old a reading may be that is lost: it waits for a second at
// most, then it is written, and the machine may be busy.
const lastSecond = 2 * time.Second

// seedOf is SITEPOST_SEED, or a new one.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("SITEPOST_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("SITEPOST_SEED=%d", seed)
	return seed
}

// recordLoad lets two daemons live on a disk, one after the other, until so many
// alarms and events were accepted, and returns what was done to it.
func recordLoad(t *testing.T, events int, picture []byte) disktest.Recording {
	t.Helper()
	d := disktest.New(t)
	d.Record()
	d.Slow(500 * time.Microsecond) // room for somebody to read what is not synced yet
	for life := range 2 {
		s, err := Open(frugal(filepath.Join(d.Dir, "store")))
		if err != nil {
			t.Fatal(err)
		}
		stop, got := make(chan struct{}), 0
		l := &load{s: s, run: fmt.Sprint("r", life), stop: stop, window: 8, picture: picture}
		l.tell = func(word string) {
			d.Note(word)
			if strings.HasPrefix(word, "got ") {
				if got++; got == events {
					close(stop)
				}
			}
		}
		if err := l.drive(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return d.Recording()
}

// A toll is what many states came to.
type toll struct {
	states, bad, accepted int
	oldest                time.Duration
	examples              []string
}

// survey makes so many states of a recording, or some more, and judges each.
func survey(t *testing.T, r disktest.Recording, picture []byte, states int, seed uint64) (n toll) {
	t.Helper()
	w := newWitness(picture)
	moments := 0
	for at, o := range r.Ops {
		if w.moment, w.at = at, o.At; o.Text != "" {
			if err := w.hear(o.Text); err != nil {
				t.Fatal(err)
			}
		}
		if o.Kind != disktest.Note {
			moments++
		}
	}
	w.sort()
	n.accepted = len(w.names)
	// Most moments have two states beside the torn ones. Some more are drawn: at a few
	// moments all is synced, and a draw may fall short by some deviations.
	torn := max(1, (states+moments-1)/moments-1)
	aim := float64(states) + 4*math.Sqrt(float64(states))
	share := 1.07 * aim / float64(moments*(2+torn))

	cuts, judged := make(chan disktest.Cut), sync.WaitGroup{}
	var mu sync.Mutex                     // guards n
	for range 8 * runtime.GOMAXPROCS(0) { // each waits most of the time: an event for company
		judged.Go(func() {
			room := quickDir(t)
			for c := range cuts {
				f := judgeCut(w, r, c, filepath.Join(room, "disk"))
				mu.Lock()
				n.add(c, f)
				mu.Unlock()
			}
		})
	}
	some := rand.New(rand.NewPCG(seed, 1))
	for c := range r.Cuts(torn, seed) {
		if some.Float64() < share {
			cuts <- c
		}
	}
	close(cuts)
	judged.Wait()
	return n
}

func (n *toll) add(c disktest.Cut, f findings) {
	n.states++
	n.oldest = max(n.oldest, f.oldest)
	if len(f.wrong) == 0 {
		return
	}
	if n.bad++; len(n.examples) < 5 {
		n.examples = append(n.examples, fmt.Sprintf("%v: %s", c, strings.Join(f.wrong, "; ")))
	}
}

// judgeCut opens the store that a power cut leaves.
func judgeCut(w *witness, r disktest.Recording, c disktest.Cut, disk string) (f findings) {
	defer os.RemoveAll(disk)
	if err := os.Mkdir(disk, 0o700); err != nil {
		f.add("%v", err)
		return f
	}
	if err := c.Lay(disk); err != nil {
		f.add("%v", err)
		return f
	}
	s, err := Open(frugal(filepath.Join(disk, "store")))
	if err != nil {
		f.add("refused to start: %v", err)
		return f
	}
	f = w.judge(s, c.Ops, r.Ops[min(c.Ops, len(r.Ops)-1)].At)
	if err := s.Close(); err != nil {
		f.add("%v", err)
	}
	return f
}

// quickDir is a directory in memory, if there is such a place: thousands of stores
// are made in it, and its fsync costs nothing.
func quickDir(t *testing.T) string {
	t.Helper()
	memory := "/dev/shm"
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil || !slices.Contains(strings.Fields(string(mounts)), memory) {
		return t.TempDir()
	}
	directory, err := os.MkdirTemp(memory, "sitepost")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}
