//go:build !race

package mqtt_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
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
	o := outage{Directory: t.TempDir(), Broker: b.Direct, Records: 20_000, Size: 32 << 20, Early: 4_000, Rounds: 7}
	switch figure.Asked(t) {
	case figure.Full:
		o.Records, o.Size, o.Early = 500_000, 256<<20, 10_000
	case figure.Long:
		o.Records, o.Size, o.Early = 5_000_000, 1<<30, 10_000
	}
	dearest := outageCost
	if figure.Asked(t) == figure.Short {
		dearest = outageShort
	}
	before := load()
	city := newCity(t, b)
	box := startBox(t, o)
	found := box.outage(t)
	returned := time.Now()
	box.say(t, "the city is back")
	box.empty(t)
	city.await(t, found)
	box.end(t)

	first := city.firstAlarm.Sub(city.canary)
	alarms, others := city.account(found)
	cpu, written := dearer(found)
	met := func(ok bool, what string, args ...any) bool {
		if !ok {
			t.Errorf(what, args...)
		}
		return ok
	}
	all := met(box.files <= o.Size, "files: got %d bytes, want at most %d", box.files, o.Size)
	all = met(box.storeDB <= found.MaxBytes+1<<20, "store.db: got %d bytes, want at most %d", box.storeDB, found.MaxBytes) && all
	all = met(box.memory <= outageMemory, "anonymous memory: got %d bytes, want at most %d", box.memory, outageMemory) && all
	all = met(first <= outageFirst, "first alarm: got %v after the canary, want at most %v", first, outageFirst) && all
	all = met(cpu <= dearest, "processor for a record: got %.2f × that at %d, want at most %.1f", cpu, o.Early, dearest) && all
	all = met(written <= dearest, "bytes for a record: got %.2f × those at %d, want at most %.1f", written, o.Early, dearest) && all
	all = met(alarms == "" && others == "", "records: %s %s", alarms, others) && all
	dropped := uint64(0)
	for _, g := range found.Gaps {
		dropped += g.Count()
	}
	figure.Report(t, figure.Row{
		Fault: fmt.Sprintf("%d records without the city, of a store of %d MiB", o.Records, o.Size>>20),
		Aim: fmt.Sprintf("files within their caps, anonymous memory ≤ %d MiB, first alarm < %v after the connection, a record ≤ %.1f × that at %d, all alarms, what was dropped told exactly",
			outageMemory>>20, outageFirst, dearest, o.Early),
		Measured: fmt.Sprintf("files %d MiB, store.db %d MiB, memory %d MiB, first alarm %.2f s after the connection (%.2f s after the city's return), a record %.2f × in processor and %.2f × in bytes, %d accepted at %.0f a second, %d dropped and told; load %s before, %s after",
			box.files>>20, box.storeDB>>20, box.memory>>20, first.Seconds(), city.firstAlarm.Sub(returned).Seconds(), cpu, written, accepted(found), found.PerSec, dropped, before, load()),
		Met:     all,
		Control: city.control(found),
		Values: map[string]float64{"files": float64(box.files), "store_db": float64(box.storeDB), "memory": float64(box.memory),
			"first_alarm_s": first.Seconds(), "cpu": cpu, "bytes": written, "dropped": float64(dropped), "per_second": found.PerSec},
	})
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

func accepted(found outcome) (n uint64) {
	for _, m := range found.Lanes {
		n += m.Last
	}
	return n
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

// empty waits until the box has sent everything.
func (b *box) empty(t *testing.T) {
	t.Helper()
	if line, err := b.out.ReadString('\n'); err != nil || line != "empty\n" {
		t.Fatalf("the box says %q: %v", line, err)
	}
}

func (b *box) end(t *testing.T) {
	t.Helper()
	close(b.over)
	b.watched.Wait()
	if err := b.process.Wait(); err != nil {
		t.Error(err)
	}
}

// A city keeps which numbers of each lane it heard. Alarms have a session of their
// own.
type city struct {
	mu         sync.Mutex
	heard      map[devices.Lane]map[uint64]int
	canary     time.Time
	firstAlarm time.Time
	turn       chan struct{} // closed when something is heard
}

func newCity(t *testing.T, b *mqtttest.Broker) *city {
	c := &city{heard: make(map[devices.Lane]map[uint64]int), turn: make(chan struct{})}
	for _, lane := range devices.Lanes() {
		c.heard[lane] = make(map[uint64]int)
		subscribe(t, b, string(lane)+"/#", func(m paho.Message) { c.hear(lane, m.Payload()) })
	}
	subscribe(t, b, "canary", func(paho.Message) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.canary = time.Now()
	})
	return c
}

func (c *city) hear(lane devices.Lane, payload []byte) {
	now := time.Now()
	_, after, _ := bytes.Cut(payload, []byte(`"sequence":"`))
	word, _, _ := bytes.Cut(after, []byte(`"`))
	n, err := strconv.ParseUint(string(word), 10, 64)
	if err != nil {
		return // it is missed then
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if lane == devices.AlarmLane && c.firstAlarm.IsZero() {
		c.firstAlarm = now
	}
	c.heard[lane][n]++
	close(c.turn)
	c.turn = make(chan struct{})
}

// await waits until the last of each lane was heard: the broker has them all, but
// may still be writing to us.
func (c *city) await(t *testing.T, found outcome) {
	t.Helper()
	end := time.After(time.Minute)
	for {
		c.mu.Lock()
		turn, missing := c.turn, ""
		for lane, m := range found.Lanes {
			if m.First <= m.Last && c.heard[lane][m.Last] == 0 {
				missing += fmt.Sprintf(" %s %d", lane, m.Last)
			}
		}
		c.mu.Unlock()
		if missing == "" {
			return
		}
		select {
		case <-turn:
		case <-end:
			t.Errorf("the last of a lane did not arrive:%s", missing)
			return
		}
	}
}

// account says which records were neither heard nor told as dropped, or both.
func (c *city) account(found outcome) (alarms, others string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, lane := range devices.Lanes() {
		lost, both := 0, 0
		for n := uint64(1); n <= found.Lanes[lane].Last; n++ {
			heard := c.heard[lane][n] > 0
			told := slices.ContainsFunc(found.Gaps, func(g store.Gap) bool { return g.Lane == lane && g.First <= n && n <= g.Last })
			switch {
			case !heard && (!told || lane == devices.AlarmLane):
				lost++
			case heard && told:
				both++
			}
		}
		if lost+both == 0 {
			continue
		}
		words := fmt.Sprintf("of %d in the %s lane %d lost untold and %d told as dropped that arrived;", found.Lanes[lane].Last, lane, lost, both)
		if lane == devices.AlarmLane {
			alarms = words
		} else {
			others += words
		}
	}
	return alarms, others
}

// control says what the account finds when the gaps are not looked at.
func (c *city) control(found outcome) string {
	found.Gaps = []store.Gap{}
	alarms, others := c.account(found)
	if alarms+others == "" {
		return "nothing had to be dropped, so that no gap was put to the test"
	}
	return "without the gaps: " + strings.TrimSuffix(alarms+others, ";")
}
