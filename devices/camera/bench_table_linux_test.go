package camera_test

import (
	"fmt"
	"os"
	"strings"
)

// title prints what is measured, and against what.
func (s *benchStreams) title() {
	var sent benchSent
	s.sender.question("count", &sent)
	fmt.Printf(`
cameras of 1080p25, %.2f Mbit/s and %.0f packets a second each, a key frame every 2 s, all from one process
floor: the same bytes read, 64 KiB at a time, and thrown away; means of turns of %v each; load %s before

%-38s %9s %14s %14s
`, sent.BPS/1e6, sent.PacketRate, benchWindow, loadAverage(), "watched all the time, CPU of a core", "× floor", "ours", "floor")
}

func (s *benchStreams) fullRow(n int, p benchPair) {
	aim := 0.0
	if n == 64 {
		aim = aimFull
	}
	var turns []string
	for _, t := range p.turns {
		turns = append(turns, fmt.Sprintf("%.2f", t))
	}
	ratio := p.ours.cpu / p.floor.cpu
	fmt.Printf("  %-36s %9.2f %12.2f %% %12.2f %%%s; turns %s\n", fmt.Sprintf("%d × 1080p25", n),
		ratio, p.ours.cpu, p.floor.cpu, benchVerdict(ratio, aim, "× "), strings.Join(turns, " "))
}

// flat prints how one of many cameras compares with one of fewer.
func (s *benchStreams) flat(name string, many, few benchTurn) {
	ratio := many.each() / few.each()
	fmt.Printf("  %-36s %9.2f %12.3f %% %12.3f %%%s\n", name, ratio, many.each(), few.each(), benchVerdict(ratio, aimFlat, "× "))
}

// memory prints what is resident: what was allocated (heap, stacks, and what the
// runtime needs for both), and as much of the program's file, this test's, as was
// used so far (its text, and the tables of its functions that the collector reads).
func (s *benchStreams) memory(p benchPair) {
	row := func(name string, ours, floor, aim float64) {
		fmt.Printf("  %-36s %9.2f %11.1f MB %11.1f MB%s\n", name, ours/floor, ours, floor, benchVerdict(ours, aim, "MB "))
	}
	row("resident, 64 cameras", p.ours.rss, p.floor.rss, aimMemory)
	row("  allocated", p.ours.anon, p.floor.anon, 0)
	row("  the program's file", p.ours.rss-p.ours.anon, p.floor.rss-p.floor.anon, 0)
}

func (s *benchStreams) visitRows(few, many, full benchTurn) {
	fmt.Printf("\n%-38s %9s %14s %14s\n", fmt.Sprintf("looked at every %v, CPU of one camera", benchEvery), "× always", "sampled", "always")
	for _, t := range []benchTurn{few, many} {
		ratio := t.each() / full.each()
		fmt.Printf("  %-36s %9.3f %12.4f %% %12.4f %%%s\n", fmt.Sprintf("one of %d", t.cameras),
			ratio, t.each(), full.each(), benchVerdict(ratio, aimSampled, "× "))
	}
	s.flat(fmt.Sprintf("one of %d ÷ one of %d", many.cameras, few.cameras), many, few)
	fmt.Printf("  %-36s %9s %11.1f MB  allocated %.1f MB\n", fmt.Sprintf("resident, %d cameras", many.cameras), "", many.rss, many.anon)
}

func (s *benchStreams) outageRows(o benchOutage) {
	fmt.Printf("\n%d cameras, looked at every %v, all go away for %v (%d were found out) and come back\n", benchCameras, benchEvery, benchAway, o.noticed)
	took := o.took.Seconds()
	fmt.Printf("  %-36s %9s %12.1f s%s\n", "until the last is live again", "", took, benchVerdict(took, aimBack, "s "))
	if o.late > 0 {
		fmt.Printf("  %-36s %9s %14d\n", "still not live", "", o.late)
	}
	for _, row := range []struct {
		name string
		of   benchSent
	}{{"away", o.away}, {"back", o.back}} {
		connections := benchVerdict(float64(row.of.Busiest), aimKnocks, "/s ")
		sessions := benchVerdict(float64(row.of.BusiestStarts), aimStarts, "/s ")
		fmt.Printf("  %-36s %9s %12d/s%s; %d in all\n", "busiest second "+row.name+", connections", "", row.of.Busiest, connections, row.of.Knocks)
		fmt.Printf("  %-36s %9s %12d/s%s; %d in all\n", "  of them sessions", "", row.of.BusiestStarts, sessions, row.of.Starts)
	}
	fmt.Printf("  %-36s %9s %14s %14s%s\n", "goroutines, descriptors", "",
		fmt.Sprintf("after %d, %d", o.After.Goroutines, o.After.Descriptors),
		fmt.Sprintf("before %d, %d", o.Before.Goroutines, o.Before.Descriptors), map[bool]string{true: "  no more, met", false: "  MISSED"}[o.leaked() <= 0])
}

// benchVerdict says whether an aim was met.
func benchVerdict(got, aim float64, unit string) string {
	switch {
	case aim == 0:
		return ""
	case got <= aim:
		return fmt.Sprintf("  aim ≤ %g %smet", aim, unit)
	}
	return fmt.Sprintf("  aim ≤ %g %sMISSED", aim, unit)
}

func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(raw))
	if err != nil || len(fields) < 3 {
		return "unknown"
	}
	return strings.Join(fields[:3], " ")
}
