package find

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/ipv4"

	"sitepost/devices/camera/onvif"
)

// The rhythm of a call, as known stacks keep it (SOAP-over-UDP: repeat 4,
// UDP_MIN_DELAY 50 ms, MAX 250 ms, doubled up to UPPER 500 ms; APP_MAX_DELAY
// 500 ms).
const (
	sends      = 4
	minGap     = 50 * time.Millisecond
	maxGap     = 250 * time.Millisecond
	upperGap   = 500 * time.Millisecond
	quietAfter = 600 * time.Millisecond // nothing new for so long after the last send: all have answered
)

// maxOwn bounds of how many addresses of one interface is called.
const maxOwn = 4

const discoveryPort = 3702

var discoveryGroup = &net.UDPAddr{IP: net.IPv4(239, 255, 255, 250), Port: discoveryPort}

// A caller calls from one address of an interface and listens there.
type caller struct {
	conn   *net.UDPConn
	own    []netip.Prefix    // the interface's own networks
	probes map[string]string // by MessageID, which is the same on a repeat
	heard  *harvest

	mu   sync.Mutex // protects news
	news time.Time  // of the last send or the last new camera
}

// call finds the cameras on one interface. It calls from each of its addresses:
// a camera with the maker's address answers only to one in its own network.
func call(ctx context.Context, name string, longest time.Duration, heard *harvest) error {
	iface, own, err := usable(name)
	if err != nil {
		return fmt.Errorf("interface %q: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	problems := make([]error, min(len(own), maxOwn))
	var owned sync.WaitGroup
	for i := range problems {
		owned.Go(func() { problems[i] = callFrom(ctx, iface, own, own[i].Addr(), heard) })
	}
	owned.Wait()
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("interface %q: %w", name, err)
	}
	return nil
}

func callFrom(ctx context.Context, iface *net.Interface, own []netip.Prefix, from netip.Addr, heard *harvest) error {
	c, err := newCaller(from, own, heard)
	if err != nil {
		return err
	}
	// By the interface's index: lo has no route for multicast, and needs none.
	// What we send is also handed to this machine's own listeners: a recorder that
	// runs here is found too, and our own standing listener reads no probes.
	p := ipv4.NewPacketConn(c.conn)
	err = errors.Join(p.SetMulticastInterface(iface), p.SetMulticastTTL(1))
	if err != nil {
		return errors.Join(err, c.conn.Close())
	}
	for _, types := range probeTypes {
		id := onvif.MessageID()
		c.probes[id] = probe(id, types)
	}
	var owned sync.WaitGroup
	owned.Go(c.listen)
	err = c.speak(ctx)
	_ = c.conn.Close() // ends listen
	owned.Wait()
	return err
}

// newCaller makes the socket: bound to an address of the interface, so that only
// its network is spoken to and heard.
func newCaller(from netip.Addr, own []netip.Prefix, heard *harvest) (*caller, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: from.AsSlice()})
	if err != nil {
		return nil, err
	}
	// A burst of answers overflows a small buffer; the kernel may give less.
	_ = conn.SetReadBuffer(readBuffer)
	return &caller{conn: conn, own: own, probes: map[string]string{}, heard: heard, news: time.Now()}, nil
}

// speak sends all probes four times, then waits until nothing new comes.
func (c *caller) speak(ctx context.Context) error {
	gap := minGap + rand.N(maxGap-minGap)
	for n := range sends {
		if n > 0 {
			if !wait(ctx, gap) {
				return nil
			}
			gap = min(2*gap, upperGap)
		}
		for _, p := range c.probes {
			if _, err := c.conn.WriteToUDP([]byte(p), discoveryGroup); err != nil {
				return err
			}
		}
		c.touch()
	}
	c.rest(ctx)
	return nil
}

// rest waits until nothing new has come for a while.
func (c *caller) rest(ctx context.Context) {
	for left := quietAfter; left > 0 && wait(ctx, left); {
		left = quietAfter - time.Since(c.lastNews())
	}
}

func (c *caller) touch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news = time.Now()
}

func (c *caller) lastNews() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.news
}

// listen takes answers until the socket is closed, and has read them all when it
// returns. Reading is slower than a burst: a goroutine of its own empties the
// socket meanwhile.
func (c *caller) listen() {
	answers := make(chan answer, maxWaiting)
	var owned sync.WaitGroup
	owned.Go(func() { c.take(answers) })
	for a := range answers {
		said, err := read(a.text)
		if _, ours := c.probes[said.relatesTo]; err == nil && ours && c.heard.add(said.matches, a.from, c.own) {
			c.touch()
		}
	}
	owned.Wait()
}

// An answer is a datagram as it came.
type answer struct {
	from netip.Addr
	text []byte
}

// take empties the socket until it is closed. What cannot be read costs only
// itself.
func (c *caller) take(answers chan<- answer) {
	defer close(answers)
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && c.heard.room(from.Addr().Unmap()) {
			answers <- answer{from.Addr().Unmap(), slices.Clone(buffer[:n])}
		}
	}
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
