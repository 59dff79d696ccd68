//go:build !race

package mqtt_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/ingest/store"
	"sitepost/uplink/mqtt/mqtttest"
)

// What days without the city may cost.
const (
	outageMemory = 64 << 20        // anonymous memory of the box
	outageFirst  = 5 * time.Second // from the connection to the first alarm
	outageCost   = 1.2             // of a record at the end, as a multiple of that with a small backlog
	outageShort  = 1.5             // that in the short form, whose windows are as small as its backlogs
)

// TestReliableOutage holds what days without the city cost a box, which is a
// process of its own with a store and a link: its files stay within their caps and
// its memory within bounds, a record costs at the end what it cost at the
// beginning, the first alarm is out soon after the link is up, all alarms arrive,
// and every record that does not was told as dropped, and no other.
//
// The link's own pause after a failed attempt, up to a minute, is not part of the
// 5 s: they begin when the connection comes up, with its canary.
func TestReliableOutage(t *testing.T) {
	b := mqtttest.Start(t)
	o, dearest := outage{Directory: t.TempDir(), Broker: b.Direct, Records: 20_000, Size: 32 << 20, Early: 4_000, Rounds: 7}, outageShort
	switch figure.Asked(t) {
	case figure.Short:
		o.Rounds = 3 // each waits three times for the second in which readings are gathered
	case figure.Full:
		o.Records, o.Size, o.Early, dearest = 500_000, 256<<20, 10_000, outageCost
	case figure.Long:
		o.Records, o.Size, o.Early, dearest = 5_000_000, 1<<30, 10_000, outageCost
	}
	before := load()
	city, box := newCity(t, b), startBox(t, o)
	found := box.outage(t)
	returned := time.Now()
	box.say(t, "the city is back")
	found.Gaps = box.empty(t)
	city.await(t, found)
	box.end(t)

	was := endured{outcome: found, box: box, unaccounted: city.account(found)}
	was.first = max(0, city.firstAlarm.Sub(city.canary)) // the two came by different sessions
	was.cpu, was.written = dearer(found)
	misses := was.misses(o, dearest)
	for _, miss := range misses {
		t.Error(miss)
	}
	figure.Report(t, figure.Row{
		Fault: fmt.Sprintf("%d records without the city, of a store of %d MiB", o.Records, o.Size>>20),
		Aim: fmt.Sprintf("files within their caps, anonymous memory ≤ %d MiB, first alarm < %v after the connection, a record ≤ %.1f × that at %d, all alarms, what was dropped told exactly",
			outageMemory>>20, outageFirst, dearest, o.Early),
		Measured: fmt.Sprintf("%s; first alarm %.2f s after the city's return; load %s before, %s after", was, city.firstAlarm.Sub(returned).Seconds(), before, load()),
		Met:      len(misses) == 0,
		Control:  city.control(found),
		Values:   was.values(),
	})
}

// endured is all that is known of an outage when it is over.
type endured struct {
	outcome
	box          *box
	first        time.Duration // from the connection to the first alarm
	cpu, written float64       // how many times as dear a record is at the end
	unaccounted  string        // records that are missing, or were told as dropped and arrived
}

// misses lists what was not as it must be.
func (e endured) misses(o outage, dearest float64) (all []string) {
	want := func(ok bool, miss string, args ...any) {
		if !ok {
			all = append(all, fmt.Sprintf(miss, args...))
		}
	}
	want(e.box.files <= o.Size, "files: got %d bytes, want at most %d", e.box.files, o.Size)
	want(e.box.storeDB <= e.MaxBytes+1<<20, "store.db: got %d bytes, want at most %d", e.box.storeDB, e.MaxBytes)
	want(e.box.memory <= outageMemory, "anonymous memory: got %d bytes, want at most %d", e.box.memory, outageMemory)
	want(e.first <= outageFirst, "first alarm: got %v after the connection, want at most %v", e.first, outageFirst)
	want(e.cpu <= dearest, "processor for a record: got %.2f × that at %d, want at most %.1f", e.cpu, o.Early, dearest)
	want(e.written <= dearest, "bytes for a record: got %.2f × those at %d, want at most %.1f", e.written, o.Early, dearest)
	want(e.unaccounted == "", "records: %s", e.unaccounted)
	return all
}

func (e endured) String() string {
	return fmt.Sprintf("files %d MiB, store.db %d MiB, memory %d MiB, first alarm %.2f s after the connection, a record %.2f × in processor and %.2f × in bytes, %d accepted at %.0f a second, %d dropped and told",
		e.box.files>>20, e.box.storeDB>>20, e.box.memory>>20, e.first.Seconds(), e.cpu, e.written, e.accepted(), e.PerSec, e.dropped())
}

func (e endured) values() map[string]float64 {
	return map[string]float64{
		"files": float64(e.box.files), "store_db": float64(e.box.storeDB), "memory": float64(e.box.memory), "first_alarm_s": e.first.Seconds(),
		"cpu": e.cpu, "bytes": e.written, "accepted": float64(e.accepted()), "dropped": float64(e.dropped()), "per_second": e.PerSec,
	}
}

func (e endured) accepted() (n uint64) {
	for _, m := range e.Lanes {
		n += m.Last
	}
	return n
}

func (e endured) dropped() (n uint64) {
	for _, g := range e.Gaps {
		n += g.Count()
	}
	return n
}

// dearer is how many times as dear a record is at the end of the outage.
func dearer(found outcome) (cpu, written float64) {
	var cpus, bytes []float64
	for n, end := range found.Costs {
		cpus = append(cpus, end.CPU/found.Earlier[n].CPU)
		if found.Earlier[n].Bytes > 0 { // a disk that is memory is given none
			bytes = append(bytes, end.Bytes/found.Earlier[n].Bytes)
		}
	}
	if len(bytes) == 0 {
		return median(cpus), 0
	}
	return median(cpus), median(bytes)
}

// A box is the process that lives through the outage, and the most it took.
type box struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	over    chan struct{} // closed when it is not watched any more
	watched sync.WaitGroup

	files, storeDB, memory int64
}

func startBox(t *testing.T, o outage) *box {
	t.Helper()
	told, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{process: exec.Command(os.Args[0]), over: make(chan struct{})}
	b.process.Env = append(os.Environ(), outageChild+"="+string(told))
	b.process.Stderr = os.Stderr
	if b.in, err = b.process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := b.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	b.out = bufio.NewReader(out)
	if err := b.process.Start(); err != nil {
		t.Fatal(err)
	}
	b.watched.Go(func() { b.watch(filepath.Join(o.Directory, "store")) })
	t.Cleanup(func() { _ = b.process.Process.Kill() })
	return b
}

// watch looks at the box again and again until it is over.
func (b *box) watch(directory string) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-b.over:
			return
		case <-ticker.C:
		}
		b.memory = max(b.memory, anonymous(b.process.Process.Pid))
		files := int64(0)
		_ = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil // a file that is gone takes no room
			}
			if file, err := entry.Info(); err == nil {
				files += file.Size()
				if entry.Name() == "store.db" {
					b.storeDB = max(b.storeDB, file.Size())
				}
			}
			return nil
		})
		b.files = max(b.files, files)
	}
}

// anonymous is the memory of a process that is in no file (proc(5), RssAnon).
func anonymous(pid int) (bytes int64) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	return 0
}

// outage waits until the box has all records, and returns what it found.
func (b *box) outage(t *testing.T) (found outcome) {
	t.Helper()
	line, err := b.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &found)
	}
	if err != nil {
		t.Fatalf("the box says %q: %v", line, err)
	}
	return found
}

func (b *box) say(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(b.in, line); err != nil {
		t.Fatal(err)
	}
}

// empty waits until the box has sent everything, and returns what was dropped.
func (b *box) empty(t *testing.T) (dropped []store.Gap) {
	t.Helper()
	line, err := b.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &dropped)
	}
	if err != nil {
		t.Fatalf("the box says %q: %v", line, err)
	}
	return dropped
}

func (b *box) end(t *testing.T) {
	t.Helper()
	close(b.over)
	b.watched.Wait()
	if err := b.process.Wait(); err != nil {
		t.Error(err)
	}
}
