package mqtttest

import (
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
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
	pairs  map[*pair]bool
	turn   int // of Silent
	resets int
}

// A pair is a connection, which has two ends.
type pair struct {
	ends  [2]*net.TCPConn
	wires [2]*wire
	over  chan struct{} // closed when it is
	life  *time.Timer   // of the line's lock; nil: it is not reset
}

// Line lays a line to the broker, which is a good one until Set. It ends with the
// test.
func (b *Broker) Line(t testing.TB) *Line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{URL: "mqtt://" + listener.Addr().String(), listener: listener, to: b.addr, pairs: map[*pair]bool{}}
	l.wg.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.mu.Lock()
		left := slices.Collect(maps.Keys(l.pairs))
		l.mu.Unlock()
		for _, p := range left {
			l.end(p)
		}
		l.wg.Wait()
	})
	return l
}

// Set makes the line another one, also for what is connected.
func (l *Line) Set(f Faults) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = f
	for p := range l.pairs {
		l.suffer(p)
	}
}

// suffer lets a connection have the faults of the line. The caller holds the lock.
func (l *Line) suffer(p *pair) {
	f := l.faults
	for _, w := range p.wires {
		w.set(f)
	}
	if p.life != nil {
		p.life.Stop()
		p.life = nil
	}
	if f.Life == 0 {
		return
	}
	l.turn++
	silent := f.Silent > 0 && l.turn%f.Silent == 0
	p.life = time.AfterFunc(f.Life/2+rand.N(f.Life), func() {
		l.mu.Lock()
		l.resets++
		l.mu.Unlock()
		if !silent {
			l.end(p)
			return
		}
		for _, w := range p.wires {
			w.mute()
		}
	})
}

// end resets a connection, once.
func (l *Line) end(p *pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.pairs[p] {
		return
	}
	delete(l.pairs, p)
	close(p.over)
	if p.life != nil {
		p.life.Stop()
	}
	for _, c := range p.ends {
		reset(c)
	}
}

// Resets counts the connections that the line has ended by itself.
func (l *Line) Resets() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resets
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
	p := &pair{ends: [2]*net.TCPConn{client, broker}, wires: [2]*wire{{over: over}, {over: over}}, over: over}
	l.mu.Lock()
	l.pairs[p] = true
	l.suffer(p)
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { defer l.end(p); p.wires[0].carry(broker, client) })
	both.Go(func() { defer l.end(p); p.wires[1].carry(client, broker) })
	both.Wait()
}

// A wire is one direction of a connection.
type wire struct {
	over chan struct{} // closed when the connection is

	mu     sync.Mutex // guards all below
	faults Faults
	muted  bool
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

func (w *wire) set(f Faults) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = f
}

func (w *wire) has() Faults {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.faults
}

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
			f := w.has()
			if f.PerSecond > 0 {
				free = free.Add(time.Duration(n) * time.Second / time.Duration(f.PerSecond))
			}
			if !w.sleep(time.Until(free)) {
				return
			}
			select {
			case pieces <- piece{b[:n], free.Add(f.late())}:
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
func (f Faults) late() time.Duration {
	if f.Jitter == 0 {
		return f.Latency
	}
	return max(0, f.Latency-f.Jitter+rand.N(2*f.Jitter))
}

// write writes a piece in slices. TCP sends each at once: Go sets NODELAY.
func (w *wire) write(to io.Writer, b []byte) error {
	for slice := w.has().Slice; len(b) > 0; {
		n := len(b)
		if slice > 0 {
			n = min(n, 1+rand.IntN(slice))
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
