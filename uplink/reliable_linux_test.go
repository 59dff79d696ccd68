package uplink_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
)

// What a broken broker may cost.
const (
	mostHeap  = 32 << 20
	mostStuck = 30 * time.Second
	mostBlind = 20 * time.Second // until a silent partition is noticed
)

// A fault is something that happens between a link and its city. set prepares it
// for a rig whose options it may change: it sets the rig's dial, and returns what
// makes the fault begin and end.
type fault struct {
	name   string
	set    func(t *testing.T, r *rig) (begin, end func())
	silent bool // nobody tells the link: it must notice
	judged bool // by the platform's receipts; not so the control
}

// A rig is a store on disk that takes alarms and events all the time, a link that
// empties it, and the city.
type rig struct {
	store   *store.Store
	options uplink.Options
	link    *uplink.Link
	city    *city
	fault   fault
	begin   func()
	end     func()
	naive   bool // the control,
	trusts  bool // in which what was handed over counts as arrived
	lasts   time.Duration
	calm    time.Duration     // before it and after it
	say     func(n int) error // what goes on all the time,
	pace    time.Duration     // so often
	ended   func()            // waits for the link
}

// A city counts the records that it was given.
type city struct {
	mu    sync.Mutex
	ids   map[string]bool
	twice int
	at    time.Time // of the last that was new
}

func (c *city) hear(payload []byte) {
	id, _, is := record(payload)
	if !is {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids[id] {
		c.twice++
		return
	}
	c.ids[id], c.at = true, time.Now()
}

// missing lists the records of a store that the city was not given.
func (c *city) missing(s *store.Store) (list []string, total int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, lane := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
		for n := uint64(1); n <= s.Marks(lane).Last; n++ {
			total++
			if id := fmt.Sprintf("%s-%s-%d", s.Epoch(), lane, n); !c.ids[id] {
				list = append(list, id)
			}
		}
	}
	return list, total
}

func newRig(t *testing.T, f fault, naive bool, lasts time.Duration) *rig {
	t.Helper()
	receipt := uplink.ReceiptBroker
	if f.judged && !naive {
		receipt = uplink.ReceiptPlatform
	}
	s, err := store.Open(store.Options{Directory: t.TempDir(), Site: site, Receipt: receipt})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{store: s, fault: f, naive: naive, trusts: naive, lasts: lasts, calm: lasts / 4, pace: 5 * time.Millisecond, city: &city{ids: map[string]bool{}}}
	r.say = r.alarmAndEvent
	r.options = uplink.Options{Site: site, Store: s, BoxID: "box1", Version: "test", Receipt: receipt}
	r.begin, r.end = f.set(t, r)
	if r.trusts {
		r.options.Dials[0] = credulous(r.options.Dials[0])
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.link = uplink.NewLink(r.options)
	done := make(chan error, 1)
	go func() { done <- r.link.Run(ctx) }()
	r.ended = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.ended)
	return r
}

// credulous is a dial whose sessions take what was handed over for arrived.
func credulous(dial uplink.Dial) uplink.Dial {
	return func(ctx context.Context, w uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
		s, err := dial(ctx, w, onMessage)
		if err != nil {
			return nil, err
		}
		return believer{s}, nil
	}
}

type believer struct{ uplink.Session }

func (b believer) Publish(m uplink.Message) uplink.Receipt {
	b.Session.Publish(m)
	return believed{}
}

type believed struct{}

var already = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (believed) Done() <-chan struct{} { return already }
func (believed) Error() error          { return nil }

// alarmAndEvent makes one of each.
func (r *rig) alarmAndEvent(n int) error {
	where := devices.Place{Site: devices.Site{Name: site}, Device: devices.Named{Name: "gas-1", Kind: devices.GasDetector}}
	alarm := devices.Event{Time: time.Now(), Code: devices.GasAlarmHigh, State: devices.Raised, Point: fmt.Sprint(n / 2)}
	if n%2 == 1 {
		alarm.State = devices.Cleared
	}
	if err := r.store.Append(where, alarm); err != nil {
		return err
	}
	return r.store.Append(where, devices.Event{Time: time.Now(), Code: devices.AccessPassage, Point: "left"})
}

// A course is what became of a rig.
type course struct {
	lost, total, twice int
	stuck, noticed     time.Duration
	err                error
}

// run lets the fault happen under load, and waits until the link is content.
func (r *rig) run() (c course) {
	if c.err = r.await(30*time.Second, func() bool { return r.link.Status().Up }); c.err != nil {
		return c
	}
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); c.stuck = r.watch(stop) }()
	defer func() { close(stop); <-watched }()
	var said int
	speak := func(d time.Duration) {
		for end := time.Now().Add(d); c.err == nil && time.Now().Before(end); said++ {
			c.err = r.say(said)
			time.Sleep(r.pace) // a load, and no decision
		}
	}
	speak(r.calm)
	noticing := make(chan error, 1)
	began := time.Now()
	r.begin()
	go func() {
		if r.fault.silent {
			err := r.await(2*mostBlind, func() bool { return !r.link.Status().Up })
			c.noticed = time.Since(began)
			noticing <- err
			return
		}
		noticing <- nil
	}()
	speak(r.lasts)
	c.err = errors.Join(c.err, <-noticing)
	r.end()
	speak(r.calm)
	if c.err != nil {
		return c
	}
	c.err = r.await(90*time.Second, func() bool {
		missing, _ := r.city.missing(r.store)
		return len(missing) == 0 || r.naive && r.content()
	})
	missing, total := r.city.missing(r.store)
	c.lost, c.total, c.twice = len(missing), total, r.city.twice
	return c
}

// content says whether the link believes that it has sent all.
func (r *rig) content() bool {
	for _, lane := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
		if m := r.store.Marks(lane); m.Sent < m.Last {
			return false
		}
	}
	time.Sleep(500 * time.Millisecond) // what is on its way arrives, or the control loses too much
	return true
}

func (r *rig) await(patience time.Duration, enough func() bool) error {
	for end := time.Now().Add(patience); !enough(); {
		if time.Now().After(end) {
			missing, _ := r.city.missing(r.store)
			return fmt.Errorf("not within %v: %d missing %q, link %+v, marks %v %v", patience,
				len(missing), missing[:min(3, len(missing))], r.link.Status(), r.store.Marks(devices.AlarmLane), r.store.Marks(devices.EventLane))
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// watch returns the longest time in which the link was up, had something to send,
// and nothing arrived.
func (r *rig) watch(stop chan struct{}) (longest time.Duration) {
	since := time.Now()
	for {
		select {
		case <-stop:
			return longest
		case <-time.After(50 * time.Millisecond):
		}
		r.city.mu.Lock()
		heard := r.city.at
		r.city.mu.Unlock()
		status := r.link.Status()
		missing, _ := r.city.missing(r.store)
		if !status.Up || len(missing) == 0 {
			since = time.Now()
		}
		for _, at := range []time.Time{heard, status.Since} {
			if at.After(since) {
				since = at
			}
		}
		longest = max(longest, time.Since(since))
	}
}

// TestReliableBroker: whatever a broker or the way to it does, nothing is lost, it
// costs little memory, no window is stuck, and silence is noticed.
func TestReliableBroker(t *testing.T) {
	lasts := 2 * time.Second
	if figure.Asked(t) != figure.Short {
		lasts = 35 * time.Second
	}
	heap := watchHeap()
	var all sync.WaitGroup
	for _, f := range faults() { // all at once: they mostly wait, and t.Parallel would count processors
		all.Go(func() { t.Run(f.name, func(t *testing.T) { suffer(t, f, lasts) }) })
	}
	all.Wait()
	grown := heap()
	figure.Report(t, figure.Row{
		Fault: "all faults of brokers at once: heap", Aim: fmt.Sprintf("at most %d MiB more", mostHeap>>20),
		Measured: fmt.Sprintf("%.1f MiB more at most", float64(grown)/(1<<20)), Met: grown <= mostHeap,
		Values: map[string]float64{"heap_bytes": float64(grown)},
	})
}

// suffer runs a fault and its control beside each other.
func suffer(t *testing.T, f fault, lasts time.Duration) {
	real, control := newRig(t, f, false, lasts), newRig(t, f, true, lasts)
	var got, naive course
	var both sync.WaitGroup
	both.Go(func() { got = real.run() })
	both.Go(func() { naive = control.run() })
	both.Wait()
	switch {
	case naive.lost > 0:
	case figure.Asked(t) == figure.Short: // in two seconds on a busy machine luck may spare it
		t.Logf("control: nothing lost of %d", naive.total)
	default:
		t.Errorf("control: nothing lost of %d, %v: this test sees no loss", naive.total, naive.err)
	}
	row := figure.Row{
		Fault: "broker: " + f.name, Aim: fmt.Sprintf("0 lost, no window stuck for more than %v", mostStuck),
		Measured: fmt.Sprintf("%d of %d lost, %d twice, stuck for %v", got.lost, got.total, got.twice, got.stuck.Round(time.Millisecond)),
		Met:      got.err == nil && got.lost == 0 && got.total > 0 && got.stuck <= mostStuck,
		Control:  fmt.Sprintf("without waiting for receipts: %d of %d lost", naive.lost, naive.total),
		Values:   map[string]float64{"lost": float64(got.lost), "accepted": float64(got.total), "stuck_s": got.stuck.Seconds()},
	}
	if f.silent {
		row.Aim += fmt.Sprintf(", noticed within %v", mostBlind)
		row.Measured += fmt.Sprintf(", noticed after %v", got.noticed.Round(100*time.Millisecond))
		row.Values["noticed_s"] = got.noticed.Seconds()
		row.Met = row.Met && got.noticed <= mostBlind
	}
	if got.err != nil {
		row.Measured += ": " + strings.ReplaceAll(got.err.Error(), "\n", " ")
	}
	figure.Report(t, row)
}

// watchHeap samples how much the heap grows, until it is asked.
func watchHeap() func() uint64 {
	debug.FreeOSMemory()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	now := func() uint64 { metrics.Read(sample); return sample[0].Value.Uint64() }
	start, most := now(), uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				most = max(most, now())
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		runtime.KeepAlive(sample)
		return most - min(most, start)
	}
}
