package uplink_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/contract"
	"sitepost/uplink/uplinktest"
)

// A place is a link between a store and a broker, both in memory.
type place struct {
	t      *testing.T
	store  *memory
	broker *uplinktest.Broker
	link   *uplink.Link
	stop   func() // ends the link and waits for it

	mu   sync.Mutex
	said []devices.Event
}

// newPlace makes a store and a broker. start runs the link.
func newPlace(t *testing.T) *place {
	return &place{t: t, store: newMemory(t), broker: uplinktest.New()}
}

func (p *place) options() uplink.Options {
	return uplink.Options{
		Site: site, Store: p.store, Names: []string{"city-a"}, Receipt: uplink.ReceiptBroker,
		Dials:   []uplink.Dial{p.broker.Dial("box1", uplink.Subscriptions(site))},
		Version: "test", BoxID: "box1", Say: p.say,
	}
}

func (p *place) say(e devices.Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, e)
	return nil
}

// heard returns what the link said of itself, without times.
func (p *place) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, e := range p.said {
		list = append(list, strings.Join(strings.Fields(string(e.Code)+" "+string(e.State)+" "+e.Point), " "))
	}
	return list
}

func (p *place) start(o uplink.Options) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	p.link = uplink.NewLink(o)
	go func() { done <- p.link.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Errorf("Run: got %v, want nil", err)
		}
	})
}

// after lets time pass inside the bubble, and everything due happen.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// kinds returns the topics of all that arrived, below "up/".
func (p *place) kinds() []string {
	var list []string
	for _, m := range p.broker.Messages() {
		list = append(list, strings.TrimPrefix(m.Topic, uplink.Topic(site, "")))
	}
	return list
}

// count returns how many messages of a lane arrived.
func (p *place) count(lane devices.Lane) int {
	n := 0
	for _, kind := range p.kinds() {
		if strings.HasPrefix(kind, string(lane)+"/") {
			n++
		}
	}
	return n
}

// retained returns one field of a retained document.
func (p *place) retained(below, field string) any {
	var doc map[string]any
	payload := p.broker.Retained()[uplink.Topic(site, below)]
	if err := json.Unmarshal(payload, &doc); err != nil {
		p.t.Errorf("retained %q is %q: %v", below, payload, err)
	}
	return doc[field]
}

// A said is the part of a lane's message that tests look at.
type said struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Historical bool   `json:"historical"`
	Redelivery bool   `json:"redelivery"`
}

// said returns the messages of one lane.
func (p *place) saidOn(lane devices.Lane) []said {
	var list []said
	for _, m := range p.broker.Messages() {
		if !strings.HasPrefix(m.Topic, uplink.Topic(site, string(lane)+"/")) {
			continue
		}
		var s said
		if err := json.Unmarshal(m.Payload, &s); err != nil {
			p.t.Fatalf("%s: %v", m.Payload, err)
		}
		list = append(list, s)
	}
	return list
}

// bubble runs a test in a bubble of its own time, stops its link, and checks
// that all that was said keeps to the contract.
func bubble(t *testing.T, test func(t *testing.T, p *place)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.stop = func() {}
		test(t, p)
		p.stop()
		for _, m := range p.broker.Messages() {
			if err := contract.Validate(m.Topic, m.Retain, m.Payload); err != nil && !strings.Contains(m.Topic, "/down/") {
				t.Errorf("%s breaks the contract: %v\n%s", m.Topic, err, m.Payload)
			}
		}
	})
}
