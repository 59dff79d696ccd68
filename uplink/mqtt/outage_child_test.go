//go:build !race

package mqtt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
)

// outageChild is the variable that makes the test binary a box: a store and a
// link and nothing else. Its value is an outage as JSON.
const outageChild = "SITEPOST_OUTAGE_TEST_CHILD"

// An outage is what a box is told of the days without the city.
type outage struct {
	Directory string
	Broker    string
	Records   int
	Size      int64 // of the store, as "size" in the site file
	Early     int   // the backlog that the cost of a record at the end is compared with
	Rounds    int   // of that
}

// An outcome is what the box found at the end of the outage.
type outcome struct {
	Lanes    map[devices.Lane]store.Marks
	Gaps     []store.Gap
	PerSec   float64
	Costs    []cost // at the end
	Earlier  []cost // with a small backlog, in turns with Costs
	MaxBytes int64  // of store.db
}

// A cost is that of one record.
type cost struct{ CPU, Bytes float64 } // µs; bytes given to the disk

// TestMain is also the box of TestReliableOutage.
func TestMain(m *testing.M) {
	if told := os.Getenv(outageChild); told != "" {
		if err := beBox(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beBox lives through an outage. It prints the outcome when it is over, waits for
// a line that says that the city is back, empties its store and prints what was
// dropped: that goes on for a moment after the last record came.
func beBox(told string) error {
	var o outage
	if err := json.Unmarshal([]byte(told), &o); err != nil {
		return err
	}
	st, err := store.Open(o.store(filepath.Join(o.Directory, "store")))
	if err != nil {
		return err
	}
	back := make(chan struct{})
	emptied := &drained{Store: st, all: make(chan struct{})}
	link := uplink.NewLink(uplink.Options{Site: reliableSite, Store: emptied, Dials: []uplink.Dial{o.dial(back)}})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- link.Run(ctx) }()

	found, err := o.live(st)
	if err != nil {
		return err
	}
	found.MaxBytes = st.Stock().Shares[0].Most // of store.db
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		return err
	}
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	emptied.watch()
	close(back)
	<-emptied.all
	if err := json.NewEncoder(os.Stdout).Encode(st.Gaps()); err != nil {
		return err
	}
	cancel()
	return errors.Join(<-ended, st.Close())
}

// store is that of a box of a size, in a directory.
func (o outage) store(directory string) store.Options {
	return store.Options{Directory: directory, Site: reliableSite, Clock: synced, Size: o.Size}
}

// dial hangs until the city is back, as behind a network that swallows everything.
func (o outage) dial(back <-chan struct{}) uplink.Dial {
	dial := mqtt.Dial(mqtt.Options{URL: o.Broker, ClientID: "box"}, uplink.Subscriptions(reliableSite))
	return func(ctx context.Context, will uplink.Will, hear func(uplink.Message)) (uplink.Session, error) {
		select {
		case <-back:
			return dial(ctx, will, hear)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// live fills the store with all records of the outage, and compares what one more
// costs then with what it costs a store with a small backlog.
func (o outage) live(st *store.Store) (found outcome, err error) {
	began := time.Now()
	if err := settle(st, o.Records); err != nil {
		return found, err
	}
	found.PerSec = float64(o.Records) / time.Since(began).Seconds()
	for range o.Rounds {
		earlier, err := o.early()
		if err != nil {
			return found, err
		}
		now, err := costOf(st)
		if err != nil {
			return found, err
		}
		found.Earlier, found.Costs = append(found.Earlier, earlier), append(found.Costs, now)
	}
	found.Lanes = make(map[devices.Lane]store.Marks)
	for _, lane := range devices.Lanes() {
		found.Lanes[lane] = st.Marks(lane)
	}
	return found, nil
}

// early returns the cost of a record in a new store with a small backlog.
func (o outage) early() (cost, error) {
	opt := o.store(filepath.Join(o.Directory, "early"))
	st, err := store.Open(opt)
	if err != nil {
		return cost{}, err
	}
	err = settle(st, o.Early)
	c := cost{}
	if err == nil {
		c, err = costOf(st)
	}
	return c, errors.Join(err, st.Close(), os.RemoveAll(opt.Directory))
}

// costWindow is how many records are weighed together.
const costWindow = 2_000

// costOf returns what each of the next records costs a store.
func costOf(st *store.Store) (cost, error) {
	cpu, bytes, err := spent()
	if err != nil {
		return cost{}, err
	}
	if err := settle(st, costWindow); err != nil {
		return cost{}, err
	}
	cpuNow, bytesNow, err := spent()
	return cost{(cpuNow - cpu).Seconds() * 1e6 / costWindow, float64(bytesNow-bytes) / costWindow}, err
}

// spent is the processor's time and the bytes for the disk of this process so far.
func spent() (cpu time.Duration, bytes int64, err error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0, err
	}
	raw, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if _, err := fmt.Sscanf(line, "write_bytes: %d", &bytes); err == nil {
			break
		}
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), bytes, nil
}

// settle appends so many records and returns when all of them are on disk: who
// says a reading does not wait for that.
func settle(st *store.Store, count int) error {
	want := total(st) + uint64(count)
	if err := fill(st, count, mixed); err != nil {
		return err
	}
	patience := time.After(time.Minute)
	for {
		changed := st.Changed()
		got := total(st)
		if got == want {
			return nil
		}
		select {
		case <-changed:
		case <-patience:
			return fmt.Errorf("%d records in the store, want %d", got, want)
		}
	}
}

// total is how many records a store was ever given.
func total(st *store.Store) (n uint64) {
	for _, lane := range devices.Lanes() {
		n += st.Marks(lane).Last
	}
	return n
}

// mixed is what a site says: of a hundred records one alarm, nine events, and
// summaries of readings.
func mixed(n int) (devices.Place, devices.Event) {
	place := gate(fmt.Sprint("gate-", n%64))
	switch n % 100 {
	case 0:
		return place, said("screening.metal.alarm", "1103")
	case 11, 22, 33, 44, 55, 66, 77, 88, 99:
		return place, said(devices.AccessCard, "1103")
	}
	e := said(devices.GasReading, "")
	f := float64(n % 40)
	e.Value = &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: f,
		Summary: &devices.Summary{Last: f, Min: f - 1, Max: f + 1, Mean: f, N: 60}}
	return place, e
}

// drained is a store that says when the broker has all of it.
type drained struct {
	*store.Store
	mu   sync.Mutex
	full bool // nothing more will come in
	all  chan struct{}
}

// watch is called when nothing more comes in.
func (d *drained) watch() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = true
}

func (d *drained) MarkSent(lane devices.Lane, upto uint64) {
	d.Store.MarkSent(lane, upto)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.full {
		return
	}
	for _, lane := range devices.Lanes() {
		if m := d.Marks(lane); m.Sent < m.Last {
			return
		}
	}
	d.full = false
	close(d.all)
}
