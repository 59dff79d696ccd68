//go:build !race

package mqtt_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// The tests named TestReliable send through a real store, a real link and a real
// broker, and measure. The race detector makes our side several times slower and
// the broker not at all, and itself takes more memory than is allowed here, so
// they are not built with it.

const reliableSite = "xinggang-ferry"

// openStore opens a store that closes with the test.
func openStore(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(store.Options{Directory: t.TempDir(), Site: reliableSite, Clock: synced})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func synced() store.Clock {
	return store.Clock{Source: "ntp", Synced: true, Boot: "3f0c9a3e-6f0e-4a0e-9a55-1d2c7c0f5b11", UptimeMS: 86400000}
}

// gate is where a device of the usual names and codes stands.
func gate(name string) devices.Place {
	return devices.Place{
		Site:   devices.Site{Name: reliableSite, Code: "34020000141188000001"},
		Device: devices.Named{Name: name, Kind: devices.Gate, Profile: "gate-7e7f"},
		Zone:   &devices.Zone{Name: "check-1", Class: "screening"},
	}
}

// said is an event of the usual size.
func said(code devices.Code, detail string) devices.Event {
	return devices.Event{Time: time.Now(), Code: code, Point: "left", Detail: detail}
}

// sides is how many conversations speak at once where a store is filled: each
// waits for its own record, so as many share a commit.
const sides = 512

// fill appends count events, from many sides at once.
func fill(st *store.Store, count int, event func(n int) (devices.Place, devices.Event)) error {
	errs := make([]error, sides)
	var all sync.WaitGroup
	for side := range sides {
		all.Go(func() {
			for n := side; n < count && errs[side] == nil; n += sides {
				errs[side] = st.Append(event(n))
			}
		})
	}
	all.Wait()
	return first(errs)
}

// first is the first error that is one.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// card is an event of the event lane: a card at one of 64 gates.
func card(n int) (devices.Place, devices.Event) {
	return gate(fmt.Sprint("gate-", n%64)), said(devices.AccessCard, "1103")
}

// connect opens a client that is paho and nothing else.
func connect(t *testing.T, b *mqtttest.Broker, name string, change ...func(*paho.ClientOptions)) paho.Client {
	t.Helper()
	o, err := mqtt.Options{URL: b.Direct, ClientID: name}.Bare()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(o)
	}
	c := paho.NewClient(o)
	must(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

// subscribe hands what is said below a topic to hear, over a session of its own.
func subscribe(t *testing.T, b *mqtttest.Broker, below string, hear func(paho.Message)) {
	t.Helper()
	c := connect(t, b, "city-"+strings.NewReplacer("/", "-", "+", "any", "#", "all").Replace(below), func(o *paho.ClientOptions) {
		o.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { hear(m) })
	})
	must(t, c.Subscribe(uplink.Topic(reliableSite, below), 0, nil))
}

func must(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(10 * time.Second) {
		t.Fatal("the broker does not answer")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// A tally counts what was heard, and says when it is enough.
type tally struct {
	mu     sync.Mutex
	n      int
	enough int
	signal chan struct{}
}

func (c *tally) hear(paho.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n++; c.n == c.enough {
		close(c.signal)
	}
}

// more returns what is closed when so many more were heard.
func (c *tally) more(n int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enough, c.signal = c.n+n, make(chan struct{})
	return c.signal
}

// within waits for a signal, and fails the test where it never comes.
func within(t *testing.T, patience time.Duration, what string, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
	}
}

// quantile returns the smallest figure that is not below q of all of them.
func quantile(all []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func median(all []float64) float64 { return quantile(all, 0.5) }

// load is that of the machine in the last minute.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	word, _, _ := strings.Cut(string(raw), " ")
	return word
}
