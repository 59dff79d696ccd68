package main

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// A city is the broker at the far end of the link, with somebody who sees
// every message that arrives there. It can be away: then nobody answers, and
// what was connected is cut.
type city struct {
	broker *mqtt.Server
	road   *road
}

// openCity starts a broker on a free port of this machine. witness is called
// for every message in the order of arrival, wills included.
func openCity(witness func(topic string, payload []byte, retained bool)) (*city, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &city{
		broker: mqtt.New(&mqtt.Options{
			InlineClient: true, // who plays the city may publish without a connection
			Logger:       slog.New(slog.NewTextHandler(io.Discard, nil)),
		}),
		road: &road{Listener: ln, cars: map[net.Conn]bool{}},
	}
	if err := c.broker.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, err
	}
	if err := c.broker.AddHook(&observer{see: witness}, nil); err != nil {
		return nil, err
	}
	if err := c.broker.AddListener(listeners.NewNet("road", c.road)); err != nil {
		return nil, err
	}
	return c, c.broker.Serve()
}

func (c *city) url() string { return "mqtt://" + c.road.Addr().String() }

// away cuts the road to the city, or opens it again. The broker itself goes on.
func (c *city) away(gone bool) { c.road.block(gone) }

func (c *city) close() error { return c.broker.Close() }

// An observer sees what was published with its own retain flag, which a
// subscriber no longer sees.
type observer struct {
	mqtt.HookBase
	mu  sync.Mutex // one message at a time
	see func(topic string, payload []byte, retained bool)
}

func (*observer) ID() string { return "observer" }

func (*observer) Provides(b byte) bool {
	return bytes.Contains([]byte{mqtt.OnPublished, mqtt.OnWillSent}, []byte{b})
}

func (o *observer) OnPublished(_ *mqtt.Client, p packets.Packet) { o.observe(p) }
func (o *observer) OnWillSent(_ *mqtt.Client, p packets.Packet)  { o.observe(p) }

func (o *observer) observe(p packets.Packet) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.see(p.TopicName, bytes.Clone(p.Payload), p.FixedHeader.Retain)
}

// A road is the listener with a barrier across it.
type road struct {
	net.Listener

	mu      sync.Mutex // guards all below
	blocked bool
	cars    map[net.Conn]bool
}

func (r *road) Accept() (net.Conn, error) {
	for {
		c, err := r.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if r.enter(c) {
			return &car{Conn: c, road: r}, nil
		}
		_ = c.Close() // nobody is there to be told
	}
}

func (r *road) enter(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.blocked {
		return false
	}
	r.cars[c] = true
	return true
}

func (r *road) block(blocked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked = blocked
	if !blocked {
		return
	}
	for c := range r.cars {
		_ = c.Close() // cut in mid-sentence: that is the point
		delete(r.cars, c)
	}
}

type car struct {
	net.Conn
	road *road
}

func (c *car) Close() error {
	c.road.mu.Lock()
	delete(c.road.cars, c.Conn)
	c.road.mu.Unlock()
	return c.Conn.Close()
}
