package mqtttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// A Message is what a collector heard.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool // the broker had it before the collector subscribed
	At       time.Time
}

// A Collector listens to one filter and keeps everything, through all restarts
// of its broker.
//
// It subscribes with QoS 0: mosquitto then writes a message to the collector's
// socket before it acknowledges it to the box, and the collector writes nothing
// back, so that after a kill it can still read what was written to it. Between
// two connections of a collector the gate is closed.
type Collector struct {
	broker         *Broker
	filter         string
	user, password string
	client         paho.Client
	ended          chan struct{} // closed when client has read all that came

	mu    sync.Mutex
	heard []Message
	turn  chan struct{} // closed when something is heard
}

// Subscribe listens to a filter, as nobody in particular.
func (b *Broker) Subscribe(t testing.TB, filter string) *Collector {
	t.Helper()
	return b.SubscribeAs(t, filter, "", "")
}

// SubscribeAs listens to a filter as a user.
func (b *Broker) SubscribeAs(t testing.TB, filter, user, password string) *Collector {
	t.Helper()
	c := &Collector{broker: b, filter: filter, user: user, password: password, turn: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := c.connect(); err != nil {
		t.Fatalf("collector of %q: %v", filter, err)
	}
	b.collectors = append(b.collectors, c)
	return c
}

// connect opens a new connection and subscribes. The caller holds the broker's
// lock.
func (c *Collector) connect() error {
	if c.client != nil {
		<-c.ended
	}
	ended := make(chan struct{})
	c.ended = ended
	c.broker.clients++
	c.client = paho.NewClient(paho.NewClientOptions().
		AddBroker(strings.Replace(c.broker.Direct, "mqtt:", "tcp:", 1)).
		SetClientID(fmt.Sprintf("collector-%d", c.broker.clients)).
		SetUsername(c.user).SetPassword(c.password).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).
		SetConnectionLostHandler(func(paho.Client, error) { close(ended) }).
		SetDefaultPublishHandler(c.hear))
	if err := within(c.client.Connect()); err != nil {
		return err
	}
	return within(c.client.Subscribe(c.filter, 0, nil))
}

// within waits for a token.
func within(t paho.Token) error {
	if !t.WaitTimeout(startPatience) {
		return errors.New("no answer")
	}
	return t.Error()
}

func (c *Collector) hear(_ paho.Client, m paho.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, Message{m.Topic(), m.Payload(), m.Retained(), time.Now()})
	close(c.turn)
	c.turn = make(chan struct{})
}

// Messages returns what was heard so far, in order.
func (c *Collector) Messages() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.heard)
}

// Await returns nil once enough is content with all that was heard, or the
// cause why ctx ended.
func (c *Collector) Await(ctx context.Context, enough func([]Message) bool) error {
	for {
		c.mu.Lock()
		turn, ok := c.turn, enough(c.heard)
		c.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Publish says something over the collector's connection, as the city does.
func (c *Collector) Publish(t testing.TB, topic string, retained bool, payload []byte) {
	t.Helper()
	if err := within(c.client.Publish(topic, 1, retained, payload)); err != nil {
		t.Fatalf("publish %q: %v", topic, err)
	}
}
