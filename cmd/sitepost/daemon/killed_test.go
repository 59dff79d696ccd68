package daemon_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
)

const (
	// listens is how long a daemon's process lives before it asks: it listens to
	// its lines for three seconds first.
	listens = 3300 * time.Millisecond

	// told is the hold of what an instrument says only now and then: until the
	// city has heard of it.
	told time.Duration = -1
)

// cycles is what goes on and on while daemons come and go. Each ends as it
// began. A hold of held is until one and the same daemon has asked twice: then it
// has put the first answer on disk. A detector that speaks unasked, once
// a second, may have spoken only while nobody was there: what it shows stays
// until it was told.
func cycles() []track {
	return []track{
		{"gas-1", []said{{Type: "device.mode", Is: "normal"}}, []move{
			{set("gas-1", values{"gas": 30, "low": true}), held, []said{raised("gas.alarm.low")}},
			{set("gas-1", values{"gas": 52, "high": true}), held, []said{raised("gas.alarm.high")}},
			{set("gas-1", values{"gas": 4, "low": false, "high": false}), held, []said{cleared("gas.alarm.low"), cleared("gas.alarm.high")}},
		}},
		{"gas-2", nil, []move{
			{set("gas-2", values{"gas": 300, "over": true}), told, []said{raised("gas.alarm.own")}},
			{set("gas-2", values{"gas": 42, "over": false}), told, []said{cleared("gas.alarm.own")}},
		}},
		{"xray-1", nil, []move{
			{contact("xray-1", "2", true), held, []said{raised("device.fault")}},
			{contact("xray-1", "2", false), held, []said{cleared("device.fault")}},
		}},
		{"panic-1", nil, []move{
			{contact("panic-1", "4", true), held, []said{raised("panic.pressed")}},
			{contact("panic-1", "4", false), held, []said{cleared("panic.pressed")}},
		}},
		{"gate-1", []said{{Type: "access.leaf", Is: "closed"}}, []move{
			{set("gate-1", values{"leaf": "open-left"}), held, []said{{Type: "access.leaf", Is: "open-left"}}},
			{set("gate-1", values{"leaf": "closed"}), held, []said{{Type: "access.leaf", Is: "closed"}}},
		}},
		{"gate-2", []said{{Type: "access.leaf", Is: "closed"}}, []move{
			{set("gate-2", values{"intrude": 2}), held, []said{{Type: "access.intrusion", State: "raised", Detail: "2"}}},
			{set("gate-2", values{"intrude": 0}), held, []said{cleared("access.intrusion")}},
		}},
	}
}

// TestReliableDaemonKilled: a daemon that is killed again and again, while it
// listens to its lines and in mid-stream, loses nothing, and says nothing twice but
// under its old number: every condition that a daemon has taken is told, raised and
// cleared, once; everybody who passed is counted once, whether a daemon was there or
// not; no number is missing; and each start says why.
//
// The control is a daemon whose store goes with it.
//
// The seed of the pauses is logged; SITEPOST_SEED sets it.
func TestReliableDaemonKilled(t *testing.T) {
	kills := map[figure.Size]int{figure.Short: 3, figure.Full: 15, figure.Long: 400}[figure.Asked(t)]
	binary := buildSitepost(t)
	var k *killing
	var lost, said int
	var both sync.WaitGroup
	both.Go(func() { t.Run("killed", func(t *testing.T) { k = newKilling(t, binary); k.endure(kills) }) })
	both.Go(func() { t.Run("control", func(t *testing.T) { lost, said = forgets(newKilling(t, binary)) }) })
	both.Wait()
	if lost == 0 {
		t.Errorf("control: nothing of %d lost: this test sees no loss", said)
	}
	want, told := count(k.want), count(k.lists())
	figure.Report(t, figure.Row{
		Fault:    fmt.Sprintf("the whole daemon killed (kill -9) %d times, its instruments and its city going on", kills),
		Aim:      "0 of what it took lost or told under two numbers, no number missing, each start says that it follows a crash",
		Measured: fmt.Sprintf("%d of %d lost; %d records in all, %d of them sent again", want-told, want, len(k.book.records), k.book.twice),
		Met:      !t.Failed() && want > 0,
		Control:  fmt.Sprintf("the store lost at the kill: %d of %d lost", lost, said),
		Values: map[string]float64{
			"kills": float64(kills), "lost": float64(want - told), "told": float64(told), "records": float64(len(k.book.records)), "twice": float64(k.book.twice),
		},
	})
}

// endure kills so many daemons while the site goes on, and stops two in order.
func (k *killing) endure(kills int) {
	k.start()
	k.must("of all that moves", func(b *book) bool {
		lists := b.lists()
		return len(lists["gas-1 event"])+len(lists["gate-1 event"])+len(lists["gate-2 event"]) == 3
	})
	var going sync.WaitGroup
	rest := sync.OnceFunc(func() { close(k.over); going.Wait() })
	defer rest()
	for _, c := range cycles() {
		going.Go(func() { k.repeat(c) })
	}
	going.Go(k.crowd)
	early, late := listens, listens+2*time.Second
	if figure.Asked(k.t) == figure.Short {
		early, late = time.Second, listens+time.Second
	}
	for n := range kills {
		if n%2 == 0 {
			k.pause(200*time.Millisecond, early)
		} else {
			k.pause(listens+700*time.Millisecond, late)
		}
		k.kill()
		k.pause(0, 300*time.Millisecond)
		k.start()
	}
	rest()
	k.should("all of it", func(b *book) bool {
		people, _ := b.passed("gate-1")
		return gocmp.Equal(k.passed, people) && count(k.lists())-len(b.causes()) >= count(k.want) && len(b.causes()) >= k.lives-k.unborn
	})
	k.stop()
	k.should("the box stop", stopped)
	k.start()
	k.should("the box start again", func(b *book) bool { return len(b.causes()) >= k.lives-k.unborn && b.state("state") == "up" })
	k.stop()
	k.should("the box stop again", stopped)
	k.compareCauses()
	k.compare()
}

// A killing is a stand whose daemon is a process of its own, and dies again and
// again while the site goes on.
type killing struct {
	*stand
	binary string
	random *rand.Rand    // of the kills
	steps  *rand.Rand    // of the crowd
	over   chan struct{} // closed after the last kill: the site comes to rest
	passed map[string]int

	mu     sync.Mutex // guards all below
	want   map[string][]said
	daemon *exec.Cmd // nil: none lives
	log    *bytes.Buffer
	lives  int // daemons so far
	unborn int // of them, which were killed before it is certain that they had said that they started
}

func newKilling(t *testing.T, binary string) *killing {
	t.Helper()
	k := &killing{stand: newStand(t, ""), binary: binary, over: make(chan struct{}), passed: map[string]int{}, want: map[string][]said{}}
	for _, c := range cycles() {
		k.expect(c.device, c.first)
	}
	for _, line := range []string{"bus-a", "cards", "gates-1", "gates-2", "quay"} {
		k.expect(line, []said{{Type: "device.mode", Is: "normal"}})
	}
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("SITEPOST_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("SITEPOST_SEED=%d", seed)
	k.random, k.steps = rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1))
	return k
}

// taken waits until one daemon has asked an instrument twice from now on: it puts
// the second question when the answer to the first is on disk. That may take the
// whole killing, for some are asked once a second, and no daemon lives long.
func (k *killing) taken(device string) error {
	i, err := k.site.Instrument(device)
	if err != nil {
		return err
	}
	life, from := k.life(), i.Asked()
	return pollFor(5*patience, "one daemon to ask "+device+" twice", func() bool {
		if now := k.life(); now != life {
			life, from = now, i.Asked()
		}
		return life > 0 && i.Asked() >= from+2
	})
}

// pause lets the daemon live, or the site be alone, for a random time.
func (k *killing) pause(least, most time.Duration) {
	time.Sleep(least + time.Duration(k.random.Int64N(int64(most-least))))
}

// expect notes what the city must hear of a device, and returns how much that is
// in the list of the last of it.
func (k *killing) expect(device string, all []said) (list string, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range all {
		w.Device = device
		list = laneOf(w)
		k.want[list] = append(k.want[list], w)
	}
	return list, len(k.want[list])
}

// lists is what the city heard, but for passages, which are sums.
func (k *killing) lists() map[string][]said {
	lists := k.book.lists()
	for name, list := range lists {
		lists[name] = slices.DeleteFunc(list, func(w said) bool { return w.Type == string(devices.AccessPassage) })
	}
	return lists
}

// repeat plays a track until the killing is over, and to its end.
func (k *killing) repeat(c track) {
	for {
		for n, m := range c.moves {
			if err := k.move(c.device, m); err != nil {
				k.t.Errorf("%s, move %d: %v", c.device, n+1, err)
				return
			}
		}
		select {
		case <-k.over:
			return
		default:
		}
	}
}

func (k *killing) move(device string, m move) error {
	if err := m.do(k.stand); err != nil {
		return err
	}
	list, n := k.expect(device, m.want)
	if m.hold == told {
		return k.until(fmt.Sprint(m.want), func(*book) bool { return len(k.lists()[list]) >= n })
	}
	return k.taken(device)
}

// crowd lets people through a gate, all the time, in both directions.
func (k *killing) crowd() {
	for {
		side := []string{"left", "right"}[k.steps.IntN(2)]
		people := 1 + k.steps.IntN(2)
		if err := pass("gate-1", side, people)(k.stand); err != nil {
			k.t.Error(err)
			return
		}
		k.passed[side] += people
		select {
		case <-k.over:
			return
		case <-time.After(time.Duration(30+k.steps.IntN(120)) * time.Millisecond):
		}
	}
}
