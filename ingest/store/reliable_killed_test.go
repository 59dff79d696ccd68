package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
)

// TestReliableKilled: a process that is killed at any moment loses no alarm and no
// event that it took, gives no number twice, loses of its readings the last second at
// most, and a reader that keeps its marks is given again no more than what lay
// beyond them.
//
// The control is a process that tells one of its alarms before the store has it: the
// test must see that some are lost.
func TestReliableKilled(t *testing.T) {
	kills, aim := 4, 200
	switch figure.Asked(t) {
	case figure.Full:
		kills, aim = 200, 40_000
	case figure.Long:
		kills, aim = 1000, 200_000
	}
	const window = 100
	random := rand.New(rand.NewPCG(seedOf(t), 0))
	directory, w, began := quickDir(t), newWitness(nil), time.Now()
	var lost, again, most, readings, accepted, rounds int
	var oldest time.Duration
	for rounds < kills || accepted+len(w.names)-readings < aim && rounds < 5*kills {
		if rounds++; rounds%killsOfOne == 0 {
			accepted, readings = accepted+len(w.names)-readings, 0
			directory, w, began = quickDir(t), newWitness(nil), time.Now()
		}
		d := driveIn(t, directory, w, began, window)
		d.live(time.Duration(20+random.IntN(200)) * time.Millisecond)
		cut := time.Since(began)
		d.end()
		f := w.judgeIn(t, directory, cut)
		for _, wrong := range f.wrong {
			t.Errorf("kill %d: %s", rounds, wrong)
		}
		if f.again > f.window {
			t.Errorf("kill %d: %d records again, %d lay beyond the saved marks", rounds, f.again, f.window)
		}
		lost += len(f.wrong)
		again, most, oldest = again+f.again, max(most, f.again), max(oldest, f.oldest)
		readings += len(w.readings)
		w.readings = nil // they were counted
	}
	accepted += len(w.names) - readings
	early, told := killEarly(t, max(4, kills/10), random)
	figure.Report(t, figure.Row{
		Fault:    fmt.Sprintf("kill -9, %d times under load", rounds),
		Aim:      fmt.Sprintf("0 of ≥ %d accepted alarms and events lost or twice; readings at most their last second", aim),
		Measured: fmt.Sprintf("%d of %d wrong; oldest lost reading %d ms; %d records read again, at most %d after a kill", lost, accepted, oldest.Milliseconds(), again, most),
		Met:      lost == 0 && accepted >= aim && oldest <= lastSecond && !t.Failed() && early > 0,
		Control:  fmt.Sprintf("alarms told before the commit: lost at %d of %d kills", early, told),
		Values: map[string]float64{
			"kills": float64(rounds), "accepted": float64(accepted), "wrong": float64(lost), "again": float64(again),
			"again_most": float64(most), "oldest_reading_ms": float64(oldest.Milliseconds()),
			"control_lost": float64(early),
		},
	})
}

// killsOfOne is how often the same store is killed: all that it ever took is read again
// after each.
const killsOfOne = 25

// killEarly kills processes that tell an alarm before it is safe, so many or until one
// was lost, and returns how often that was.
func killEarly(t *testing.T, kills int, random *rand.Rand) (lost, n int) {
	t.Helper()
	for ; n < kills || lost == 0 && n < 20*kills; n++ {
		directory, w := quickDir(t), newWitness(nil)
		d := driveIn(t, directory, w, time.Now(), 100, childEarly+"=1")
		d.live(time.Duration(20+random.IntN(50)) * time.Millisecond)
		d.end()
		f := w.judgeIn(t, directory, 0)
		if slices.ContainsFunc(f.late, func(name string) bool { return strings.Contains(name, "/0/") }) {
			lost++
		}
	}
	return lost, n
}

// judgeIn opens a store after all was heard, and holds it against the witness.
func (w *witness) judgeIn(t *testing.T, directory string, at time.Duration) (f findings) {
	t.Helper()
	w.sort()
	w.moment++
	s, err := Open(frugal(directory))
	if err != nil {
		f.add("refused to start: %v", err)
		return f
	}
	f = w.judge(s, w.moment, at)
	if err := s.Close(); err != nil {
		f.add("%v", err)
	}
	return f
}
