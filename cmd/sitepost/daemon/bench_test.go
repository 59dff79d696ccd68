package daemon_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// benchRounds is how often everything is measured. Each round measures ours and
// the floor in turn, so that whatever else the machine does falls on both.
const benchRounds = 5

// BenchmarkTable measures what must be fast and what must be frugal, each beside
// the least that it can cost, and prints one table. It is meant to be run once,
// by "make bench".
//
// The floor of a record is a log in space allocated beforehand, with one
// fdatasync for as many records of the same size as share a commit here. The
// floor of an alarm on its way to the city is such an append and then the same
// MQTT client, with nothing of ours between. Only ratios can be compared from
// machine to machine, and those only with care: look at the load.
//
// Rates are measured on the disk of the directory for temporary files; bytes on
// a file system that holds nothing else, at its block device, its journal
// included.
func BenchmarkTable(b *testing.B) {
	before := loadAverage()
	table := newBenchTable()
	frugal := ownBenchDisk(b)
	lane := newBenchLane(b)
	for range b.N * benchRounds {
		for _, r := range table.rates {
			r.add(benchRate(b, r.ours(b, b.TempDir()), r.count), benchRate(b, r.floor(b, b.TempDir()), r.count))
		}
		for _, r := range table.bytes {
			if frugal != nil {
				r.add(frugal.bytes(b, r.ours, r.count), frugal.bytes(b, r.floor, r.count))
			}
		}
		for _, r := range table.ways {
			ours, floor := lane.ours(b, r.perSecond, r.count), lane.floor(b, r.perSecond, r.count)
			r.p50.add(quantile(ours, 0.50), quantile(floor, 0.50))
			r.p99.add(quantile(ours, 0.99), quantile(floor, 0.99))
			r.worst = max(r.worst, quantile(ours, 1))
		}
	}
	fmt.Print(table.text(before, loadAverage()))
}

// A benchTable is all that is measured: records a second, bytes a record, and
// the way of an alarm. A lonely event is alone in its commit, and the next one
// comes soon: after a minute of rest the store saves the mark of the last one in a
// commit of its own, which is not counted here.
type benchTable struct {
	rates []*benchDiskRow
	bytes []*benchDiskRow
	ways  []*benchWayRow
}

// A benchRow is what was measured of ours and of the floor, a figure a round.
type benchRow struct{ us, least []float64 }

func (r *benchRow) add(us, least float64) { r.us, r.least = append(r.us, us), append(r.least, least) }

// A benchDiskRow puts count records on disk.
type benchDiskRow struct {
	benchRow
	name  string
	count int
	ours  func(b *testing.B, dir string) benchLog
	floor func(b *testing.B, dir string) benchLog
	aim   float64 // as a multiple of the floor; 0: none
}

// A benchWayRow sends count alarms to the city at a steady rate. Figures are
// milliseconds.
type benchWayRow struct {
	p50, p99         benchRow
	perSecond, count int
	worst            float64
}

// The aims for an alarm on its way, in milliseconds, on a quiet machine with
// two cores, and for the bytes of a lonely event as a multiple of the floor.
const (
	aimP50   = 2
	aimP99   = 8
	aimBytes = 1.6
)

func newBenchTable() *benchTable {
	alarm, event := benchCode{"screening.metal.alarm", false}, benchCode{"access.card", true}
	return &benchTable{
		rates: []*benchDiskRow{
			{name: "alarms, one by one", count: 500, ours: intoStore(alarm, 1), floor: intoLog(1)},
			{name: "events, 64 devices, 20 ms window", count: 64 * 20, ours: intoStore(event, 64), floor: intoLog(64)},
			{name: "events, 1,024 devices, no window", count: 1024 * 10, ours: intoStore(event, 1024), floor: intoLog(1024)},
		},
		bytes: []*benchDiskRow{
			{name: "a lonely event", count: 50, ours: intoStore(event, 1), floor: intoLog(1), aim: aimBytes},
			{name: "a lonely alarm, kept as history", count: 200, ours: intoStore(alarm, 1), floor: intoLog(1)},
			{name: "one of 64 events", count: 64 * 20, ours: intoStore(event, 64), floor: intoLog(64)},
		},
		ways: []*benchWayRow{{perSecond: 10, count: 100}, {perSecond: 100, count: 500}},
	}
}

// text prints the medians of the rounds, the ratio first.
func (t *benchTable) text(before, after string) string {
	var s strings.Builder
	fmt.Fprintf(&s, `
medians of %d rounds; %d cores; load %s before, %s after (1, 5, 15 min; our own work included)
floor of a record: a log in space allocated beforehand, one fdatasync for as many records of the same size
floor of an alarm: such an append, then the same MQTT client
`, benchRounds, runtime.NumCPU(), before, after)
	fmt.Fprintf(&s, "\n%-38s %9s %14s %14s\n", "into the store, records a second", "of floor", "ours", "floor")
	for _, r := range t.rates {
		ours, least := median(r.us), median(r.least)
		fmt.Fprintf(&s, "  %-36s %8.1f%% %12.0f/s %12.0f/s\n", r.name, 100*ours/least, ours, least)
	}
	fmt.Fprintf(&s, "\n%-38s %9s %14s %14s\n", "bytes at the block device, a record", "× floor", "ours", "floor")
	for _, r := range t.bytes {
		if len(r.us) == 0 {
			fmt.Fprintf(&s, "  %-36s not measurable without root, mkfs.ext4 and a loop device\n", r.name)
			continue
		}
		ours, least := median(r.us), median(r.least)
		fmt.Fprintf(&s, "  %-36s %9.2f %12.0f B %12.0f B%s\n", r.name, ours/least, ours, least, benchVerdict(ours/least, r.aim, "× "))
	}
	fmt.Fprintf(&s, "\n%-38s %9s %14s %14s\n", "alarm: emit to subscriber, mosquitto", "× floor", "ours", "floor")
	for _, r := range t.ways {
		line := func(name string, figures benchRow, aim float64, more string) {
			ours, least := median(figures.us), median(figures.least)
			fmt.Fprintf(&s, "  %3d a second, %-22s %9.2f %11.2f ms %11.2f ms%s%s\n",
				r.perSecond, name, ours/least, ours, least, benchVerdict(ours, aim, "ms "), more)
		}
		line("p50", r.p50, aimP50, "")
		line("p99", r.p99, aimP99, fmt.Sprintf("; rounds %s, slowest %.1f", figures(r.p99.us), r.worst))
	}
	return s.String()
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

func figures(all []float64) string {
	var words []string
	for _, f := range all {
		words = append(words, fmt.Sprintf("%.1f", f))
	}
	return strings.Join(words, " ")
}

// quantile returns the smallest figure that is not below q of all of them.
func quantile(all []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func median(all []float64) float64 { return quantile(all, 0.5) }

func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(raw))
	if err != nil || len(fields) < 3 {
		return "unknown"
	}
	return strings.Join(fields[:3], " ")
}
