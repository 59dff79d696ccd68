package find

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"

	"sitepost/devices/camera/onvif"
)

// The rhythm of a call, as known stacks keep it (SOAP-over-UDP: repeat 4,
// UDP_MIN_DELAY 50 ms, MAX 250 ms, UPPER 500 ms; APP_MAX_DELAY 500 ms).
const (
	sends      = 4
	minGap     = 50 * time.Millisecond
	maxGap     = 250 * time.Millisecond
	upperGap   = 500 * time.Millisecond
	quietAfter = 600 * time.Millisecond // nothing new for so long after the last send: all have answered
)

// What a flood may cost.
const (
	maxDatagram  = 64 << 10
	perSource    = 64     // datagrams; a camera answers three probes four times
	newPerSource = 32     // cameras; more than one only from a recorder or several at one address
	maxDatagrams = 16_384 // of all sources of one Discover
	readBuffer   = 1 << 20
)

var discoveryGroup = &net.UDPAddr{IP: net.IPv4(239, 255, 255, 250), Port: 3702}

// A caller calls on one interface and listens there.
type caller struct {
	name   string
	conn   *net.UDPConn
	own    []netip.Prefix // the interface's own networks
	probes map[string]string
	heard  *harvest

	mu   sync.Mutex // protects news
	news time.Time  // of the last send or the last new camera
}

// call finds the cameras on one interface.
func call(ctx context.Context, name string, longest time.Duration, heard *harvest) error {
	c := &caller{name: name, probes: map[string]string{}, heard: heard, news: time.Now()}
	if err := c.open(); err != nil {
		return fmt.Errorf("interface %q: %w", name, err)
	}
	for _, types := range probeTypes {
		id := onvif.MessageID()
		c.probes[id] = probe(id, types)
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	var owned sync.WaitGroup
	owned.Go(c.listen)
	err := c.speak(ctx)
	_ = c.conn.Close() // ends listen
	owned.Wait()
	if err != nil {
		return fmt.Errorf("interface %q: %w", name, err)
	}
	return nil
}

// open makes the socket: bound to the interface's address, so that only its
// network is spoken to and heard.
func (c *caller) open() error {
	iface, err := net.InterfaceByName(c.name)
	switch {
	case err != nil:
		return errors.New("there is no such interface (ip link shows them)")
	case iface.Flags&net.FlagUp == 0:
		return fmt.Errorf("it is down (ip link set %s up, or is the cable in?)", c.name)
	case iface.Flags&(net.FlagMulticast|net.FlagLoopback) == 0:
		return errors.New("it knows no multicast, by which cameras are found; configure their addresses by hand")
	}
	if c.own, err = networksOf(iface); err != nil {
		return err
	}
	if c.conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: c.own[0].Addr().AsSlice()}); err != nil {
		return err
	}
	// A burst of answers overflows a small buffer; the kernel may give less.
	_ = c.conn.SetReadBuffer(readBuffer)
	p := ipv4.NewPacketConn(c.conn)
	// By the interface's index: lo has no route for multicast, and needs none.
	if err := errors.Join(p.SetMulticastInterface(iface), p.SetMulticastTTL(1)); err != nil {
		return errors.Join(err, c.conn.Close())
	}
	return nil
}

// networksOf are the IPv4 addresses of an interface with their networks.
func networksOf(iface *net.Interface) ([]netip.Prefix, error) {
	addresses, err := iface.Addrs()
	if err != nil {
		return nil, err
	}
	var all []netip.Prefix
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it has no IPv4 address (give it one in the cameras' network)")
	}
	return all, nil
}

// speak sends all probes four times, then waits until nothing new comes.
func (c *caller) speak(ctx context.Context) error {
	gap := minGap + rand.N(maxGap-minGap)
	for n := range sends {
		if n > 0 && !wait(ctx, gap) {
			return nil
		}
		if n > 1 {
			gap = min(2*gap, upperGap)
		}
		for _, p := range c.probes {
			if _, err := c.conn.WriteToUDP([]byte(p), discoveryGroup); err != nil {
				return err
			}
		}
		c.touch()
	}
	for left := quietAfter; left > 0 && wait(ctx, left); {
		left = quietAfter - time.Since(c.lastNews())
	}
	return nil
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

// listen takes answers until the socket is closed. What cannot be read costs
// only itself.
func (c *caller) listen() {
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || !c.heard.room(from.Addr().Unmap()) {
			continue
		}
		relatesTo, all, err := matches(buffer[:n])
		if _, ours := c.probes[relatesTo]; err == nil && ours && c.heard.add(all, from.Addr().Unmap(), c.own) {
			c.touch()
		}
	}
}

// A foundKey tells cameras apart. The address belongs to it, so that one that
// claims the endpoint of another does not hide it.
type foundKey struct{ endpoint, address string }

// A harvest is what all interfaces heard. Its methods may be called from several
// goroutines.
type harvest struct {
	networks []netip.Prefix

	mu        sync.Mutex // protects all below
	found     map[foundKey]Found
	sources   map[netip.Addr]int // datagrams
	cameras   map[netip.Addr]int // new ones
	datagrams int
}

func newHarvest(networks []netip.Prefix) *harvest {
	return &harvest{networks: networks, found: map[foundKey]Found{}, sources: map[netip.Addr]int{}, cameras: map[netip.Addr]int{}}
}

// room says whether one more datagram of this source is read at all.
func (h *harvest) room(source netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sources[source] >= perSource || h.datagrams >= maxDatagrams {
		return false
	}
	h.sources[source]++
	h.datagrams++
	return true
}

// add keeps the cameras of one datagram and says whether one of them is new. own
// are the networks of the interface on which it came.
func (h *harvest) add(all []match, source netip.Addr, own []netip.Prefix) (news bool) {
	for _, m := range all {
		f, ok := m.found(source, h.networks)
		if !ok {
			continue
		}
		at, err := netip.ParseAddrPort(f.Address)
		f.mayAsk = err == nil && (within(at.Addr(), h.networks) || within(at.Addr(), own))
		h.mu.Lock()
		key := foundKey{f.Endpoint, f.Address}
		if _, known := h.found[key]; !known && len(h.found) < maxFound && h.cameras[source] < newPerSource {
			h.found[key] = f
			h.cameras[source]++
			news = true
		}
		h.mu.Unlock()
	}
	return news
}

func (h *harvest) list() []Found {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Found, 0, len(h.found))
	for _, f := range h.found {
		all = append(all, f)
	}
	return all
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

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
