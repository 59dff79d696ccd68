package mqtttest

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Faults say how bad a line is. They hold in both directions.
type Faults struct {
	Latency, Jitter time.Duration // each piece is late by Latency, more or less Jitter
	PerSecond       int           // bytes; 0: no limit
	Slice           int           // bytes that are written at once, at most; 0: no limit
	Life            time.Duration // a connection is reset after a half to one and a half of it; 0: never
	Silent          int           // one connection in so many falls silent and is not reset; 0: none
}

// A Line relays TCP connections to the broker as badly as it is told to. What is
// under way when a connection is reset is lost, as on a real one.
type Line struct {
	URL string // "mqtt://127.0.0.1:PORT"

	listener net.Listener
	to       string
	wg       sync.WaitGroup

	mu     sync.Mutex // guards all below
	faults Faults
	conns  map[*net.TCPConn]bool
	turn   int // of Silent
	resets int
}

// Line lays a line to the broker, which is a good one until Set. It ends with the
// test.
func (b *Broker) Line(t testing.TB) *Line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{URL: "mqtt://" + listener.Addr().String(), listener: listener, to: b.addr, conns: map[*net.TCPConn]bool{}}
	l.wg.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
		l.wg.Wait()
	})
	return l
}

// Set makes the line another one, and resets what is connected.
func (l *Line) Set(f Faults) {
	l.mu.Lock()
	l.faults = f
	l.mu.Unlock()
	l.cut()
}

// Resets counts the connections that the line has ended by itself.
func (l *Line) Resets() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resets
}

// cut resets all connections.
func (l *Line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		reset(c)
	}
}

// reset closes a connection so that the other side gets an RST.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

func (l *Line) accept() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.wg.Go(func() { l.relay(c.(*net.TCPConn)) })
	}
}

// relay carries both ways until one side ends or the connection has lived.
func (l *Line) relay(client *net.TCPConn) {
	c, err := net.Dial("tcp", l.to)
	if err != nil {
		reset(client)
		return
	}
	broker, over := c.(*net.TCPConn), make(chan struct{})
	l.mu.Lock()
	faults := l.faults
	l.turn++
	silent := faults.Silent > 0 && l.turn%faults.Silent == 0
	l.conns[client], l.conns[broker] = true, true
	l.mu.Unlock()
	end := sync.OnceFunc(func() {
		close(over)
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, c := range []*net.TCPConn{client, broker} {
			delete(l.conns, c)
			reset(c)
		}
	})
	wires := []*wire{{faults: faults, over: over}, {faults: faults, over: over}}
	if faults.Life > 0 {
		timer := time.AfterFunc(faults.Life/2+rand.N(faults.Life), func() {
			l.mu.Lock()
			l.resets++
			l.mu.Unlock()
			if !silent {
				end()
				return
			}
			for _, w := range wires {
				w.mute()
			}
		})
		defer timer.Stop()
	}
	var both sync.WaitGroup
	both.Go(func() { defer end(); wires[0].carry(broker, client) })
	both.Go(func() { defer end(); wires[1].carry(client, broker) })
	both.Wait()
}

// A wire is one direction of a connection.
type wire struct {
	faults Faults
	over   chan struct{} // closed when the connection is

	mu    sync.Mutex
	muted bool
}

// A piece is what was read at once, and when it arrives.
type piece struct {
	bytes []byte
	at    time.Time
}

// onWire bounds the pieces under way: a full line holds its sender up.
const onWire = 64

// pieceSize is what is late together. It is small, so that a slow line is steady.
const pieceSize = 512

func (w *wire) mute() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.muted = true
}

func (w *wire) silent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.muted
}

// carry carries from one side to the other until one of them ends.
func (w *wire) carry(to io.Writer, from io.Reader) {
	pieces, gone := make(chan piece, onWire), make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		defer close(gone)
		for p := range pieces {
			if !w.sleep(time.Until(p.at)) || !w.silent() && w.write(to, p.bytes) != nil {
				return
			}
		}
	})
	w.read(from, pieces, gone)
	close(pieces)
	writing.Wait()
}

// read reads at the pace of the line until the other side hangs up.
func (w *wire) read(from io.Reader, pieces chan<- piece, gone <-chan struct{}) {
	free := time.Now() // when the line has sent what it was given
	for {
		b := make([]byte, pieceSize)
		n, err := from.Read(b)
		if n > 0 {
			now := time.Now()
			if free.Before(now) {
				free = now
			}
			if w.faults.PerSecond > 0 {
				free = free.Add(time.Duration(n) * time.Second / time.Duration(w.faults.PerSecond))
			}
			if !w.sleep(time.Until(free)) {
				return
			}
			select {
			case pieces <- piece{b[:n], free.Add(w.late())}:
			case <-gone:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// late draws how late a piece is.
func (w *wire) late() time.Duration {
	if w.faults.Jitter == 0 {
		return w.faults.Latency
	}
	return max(0, w.faults.Latency-w.faults.Jitter+rand.N(2*w.faults.Jitter))
}

// write writes a piece in slices. TCP sends each at once: Go sets NODELAY.
func (w *wire) write(to io.Writer, b []byte) error {
	for len(b) > 0 {
		n := len(b)
		if w.faults.Slice > 0 {
			n = min(n, 1+rand.IntN(w.faults.Slice))
		}
		if _, err := to.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// sleep waits, and says whether the connection still stands.
func (w *wire) sleep(d time.Duration) bool {
	select {
	case <-w.over:
		return false
	case <-time.After(d):
		return true
	}
}
