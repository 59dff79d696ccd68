package camera_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// How long is looked, and how often. All of it takes four minutes.
const (
	benchCameras = 256
	benchWarm    = 1500 * time.Millisecond
	benchWindow  = 3500 * time.Millisecond
	benchReading = 2 * time.Second
	benchTries   = 3           // of a turn, if somebody else takes the machine for a second
	benchEvery   = time.Minute // between two looks at a sampled camera: one look at each of them
	benchStarts  = 8           // of sessions a second, as in the daemon
	benchAway    = 20 * time.Second
	benchBack    = 75 * time.Second // then they are given up
	benchSteady  = 3 * time.Second  // all live for so long: they are back
	benchSettled = 90 * time.Second // then all must have been live once
	benchGlance  = 250 * time.Millisecond
)

// The aims, on a quiet machine with two cores.
const (
	aimFull    = 2    // CPU of 64 cameras watched all the time, as a multiple of the floor
	aimMemory  = 25   // MB resident, likewise
	aimSampled = 0.15 // CPU of a sampled camera, as a part of one that is watched all the time
	aimFlat    = 1.2  // CPU of one of many cameras, as a multiple of one of fewer
	aimBack    = 60   // seconds until the last of many cameras is live again
	aimKnocks  = 128  // connections in any second, of half the cameras: knocks, which come spread and are repeated twice where nobody answers
	aimStarts  = benchStarts + 1
)

// BenchmarkStreams measures what it costs to watch cameras, beside the least that
// it can cost, and prints one table. It is meant to be run once, by "make bench".
//
// The floor reads the same bytes from the same sender, 64 KiB at a time, and
// throws them away. Watcher, floor and sender are processes of their own, and
// watcher and floor take turns. CPU is what the kernel counted for a process, user
// and system, in a window after it had warmed up, in per cent of one core. It
// goes over loopback: no network card is in it, here or there.
//
// SITEPOST_BENCH_PROFILE=DIR writes a CPU profile of each watcher there.
func BenchmarkStreams(b *testing.B) {
	for range b.N {
		s := &benchStreams{b: b, sender: startBenchChild(b, "sender", benchSite{Cameras: benchCameras})}
		s.sender.question("site", &s.site)
		s.title()
		s.full(1, 2)
		few, many := s.full(16, 2), s.full(64, 3)
		s.flat("one of 64 ÷ one of 16", many.ours, few.ours)
		s.memory(many)
		s.visited(many.ours)
		s.sender.end()
		fmt.Printf("\nload %s after (1, 5, 15 min; our own work included)\n", loadAverage())
	}
}

// A benchStreams is one run.
type benchStreams struct {
	b      *testing.B
	sender *benchChild
	site   benchSite
	looks  int // processes so far, for the names of profiles
}

// start starts a process that looks at the first n cameras.
func (s *benchStreams) start(role string, n int) *benchChild {
	site := s.site
	site.Cameras = n
	if dir := os.Getenv("SITEPOST_BENCH_PROFILE"); dir != "" {
		s.looks++
		site.Profile = filepath.Join(dir, fmt.Sprintf("%s-%d-%d.pprof", role, n, s.looks))
	}
	return startBenchChild(s.b, role, site)
}

// A benchTurn is what a process used in one window, or the mean of several.
type benchTurn struct {
	cameras   int
	cpu       float64 // per cent of a core
	rss, anon float64 // MB, at its end
}

func (t benchTurn) each() float64 { return t.cpu / float64(t.cameras) }

// A benchPair is a watcher and the floor, as means, and their ratio turn by turn.
type benchPair struct {
	ours, floor benchTurn
	turns       []float64
}

// full measures and prints what n cameras cost that are watched all the time.
func (s *benchStreams) full(n, turns int) (p benchPair) {
	s.b.Helper()
	for range turns {
		ours, floor := s.turn("full", n), s.turn("reader", n)
		p.turns = append(p.turns, ours.cpu/floor.cpu)
		p.ours, p.floor = p.ours.plus(ours, turns), p.floor.plus(floor, turns)
	}
	s.fullRow(n, p)
	return p
}

// plus adds one turn of several to their mean.
func (t benchTurn) plus(u benchTurn, of int) benchTurn {
	all := float64(of)
	return benchTurn{u.cameras, t.cpu + u.cpu/all, t.rss + u.rss/all, t.anon + u.anon/all}
}

// turn is one process that looks all the time: made, warmed up, measured and
// ended. Where not all was sent and seen there is no figure, and it is tried again.
func (s *benchStreams) turn(role string, n int) benchTurn {
	s.b.Helper()
	for try := 1; ; try++ {
		t, err := s.try(role, n)
		if err == nil {
			return t
		}
		if try == benchTries {
			s.b.Fatalf("%s of %d: %v; the machine is too busy", role, n, err)
		}
	}
}

func (s *benchStreams) try(role string, n int) (t benchTurn, err error) {
	s.b.Helper()
	c := s.start(role, n)
	defer c.end()
	if role == "full" {
		s.settle(c, n)
	} else {
		time.Sleep(benchWarm)
	}
	c.question("calm", &benchWatched{})
	var from, to benchSent
	s.sender.question("count", &from)
	t, said := s.window(c, n, benchWindow)
	s.sender.question("count", &to)
	bps := float64(to.Sent-from.Sent) * 8 / to.At.Sub(from.At).Seconds() / float64(n)
	if bps < 0.97*to.BPS {
		return t, fmt.Errorf("got %.2f Mbit/s from each camera, want %.2f", bps/1e6, to.BPS/1e6)
	}
	if role != "full" {
		return t, nil
	}
	if said.Live < n || said.WorstFPS < 0.97*benchFPS {
		return t, fmt.Errorf("%d of them live, the worst at %.1f frames a second, want all at %d", said.Live, said.WorstFPS, benchFPS)
	}
	var r benchRest
	if c.question("end", &r); r.leaked() > 0 {
		s.b.Errorf("%d goroutines or descriptors more after %d cameras than before", r.leaked(), n)
	}
	return t, nil
}

// window lets a process work for a while.
func (s *benchStreams) window(c *benchChild, n int, d time.Duration) (t benchTurn, to benchWatched) {
	s.b.Helper()
	var from benchWatched
	c.question("count", &from)
	time.Sleep(d)
	c.question("count", &to)
	cpu := 100 * (to.CPU - from.CPU) / to.At.Sub(from.At).Seconds()
	return benchTurn{n, cpu, float64(to.RSS) / 1024, float64(to.Anon) / 1024}, to
}
