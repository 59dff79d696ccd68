package mqtttest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A gate relays TCP connections to the broker while it is open. While it is
// closed it hangs up at once, and keeps its port.
type gate struct {
	listener net.Listener
	to       string
	wg       sync.WaitGroup

	mu     sync.Mutex
	isOpen bool
	conns  map[net.Conn]bool
}

func newGate(t testing.TB, to string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: l, to: to, conns: make(map[net.Conn]bool)}
	g.wg.Go(g.accept)
	return g
}

func (g *gate) addr() string { return g.listener.Addr().String() }

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOpen = true
}

// close hangs up all connections.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOpen = false
	for c := range g.conns {
		_ = c.Close()
	}
}

// end closes the gate for good and waits for all it does.
func (g *gate) end() {
	_ = g.listener.Close()
	g.close()
	g.wg.Wait()
}

// keep notes a connection; false means that the gate is closed.
func (g *gate) keep(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isOpen {
		g.conns[c] = true
	}
	return g.isOpen
}

func (g *gate) drop(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
	_ = c.Close()
}

func (g *gate) accept() {
	for {
		c, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.wg.Go(func() { g.relay(c) })
	}
}

// relay copies both ways until one side ends.
func (g *gate) relay(client net.Conn) {
	defer g.drop(client)
	if !g.keep(client) {
		return
	}
	broker, err := net.Dial("tcp", g.to)
	if err != nil {
		return
	}
	defer g.drop(broker)
	if !g.keep(broker) {
		return
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(client, broker)
		_ = client.Close()
	}()
	_, _ = io.Copy(broker, client)
	_ = broker.Close()
	<-back
}
