package find

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"sitepost/devices/camera/onvif"
)

// What a [Sighting] may say in Kind.
const (
	Hello = "hello" // it has come into the network, or has changed what it says of itself
	Bye   = "bye"   // it says that it goes
)

const (
	lookEvery       = 3 * time.Second // for interfaces that came, went or got another address
	sourcePerMinute = 60              // datagrams; a camera sends a Hello four times
	heardPerMinute  = 6000            // of all sources
)

// A Sighting is what a camera called out unasked. State is "", for nobody asked
// it. It is a hint and no proof: whoever is in the network can say it. Its address
// is always in the interface's own networks or in those given.
type Sighting struct {
	Found
	Kind      string
	Interface string
	At        time.Time
}

// ListenOptions say where to listen.
type ListenOptions struct {
	Interfaces []string       // by name; they need not be there yet
	Networks   []netip.Prefix // where cameras may be, beside the interfaces' own networks
}

// Listen hears who comes and goes on the interfaces and tells heard, one after the
// other. While heard runs nothing is read; a mebibyte waits meanwhile. It sends
// nothing; what the kernel says to join the group goes to the interfaces given.
//
// Interfaces that appear, vanish or get another address are noticed within three
// seconds. Per minute 60 datagrams of one source and 6,000 of all are read.
//
// It returns nil when ctx ends, and the reason when it cannot listen at all.
func Listen(ctx context.Context, o ListenOptions, heard func(Sighting)) error {
	if len(o.Interfaces) == 0 {
		return errors.New("listen for cameras: " + noInterface)
	}
	e, err := newEar(ctx, o)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listen for cameras: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = e.conn.Close() })
	defer stop()
	defer e.conn.Close()
	for {
		switch s, err := e.next(); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("listen for cameras: %w", err)
		default:
			for _, one := range s {
				heard(one)
			}
		}
	}
}

// An ear is the socket that hears what is said to the group.
type ear struct {
	options ListenOptions
	conn    *net.UDPConn
	packets *ipv4.PacketConn
	buffer  []byte
	ports   []port    // the interfaces that are there, with the group joined
	lookAt  time.Time // when to look for interfaces again
	ration  ration
}

// A port is an interface as it was when the group was joined.
type port struct {
	name  string
	index int
	own   []netip.Prefix
}

// newEar opens the socket. Bound to the group's address it hears what is said to
// the group and nothing else; others on this machine may listen there too.
func newEar(ctx context.Context, o ListenOptions) (*ear, error) {
	c, err := (&net.ListenConfig{Control: shared}).ListenPacket(ctx, "udp4", discoveryGroup.String())
	if err != nil {
		return nil, err
	}
	conn := c.(*net.UDPConn)
	_ = conn.SetReadBuffer(readBuffer)
	e := &ear{options: o, conn: conn, packets: ipv4.NewPacketConn(conn), buffer: make([]byte, maxDatagram), ration: ration{perSource: map[netip.Addr]int{}}}
	if err := e.packets.SetControlMessage(ipv4.FlagInterface, true); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

// shared lets others have the same port: the kernel hands every datagram to the
// group to each of them.
func shared(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = errors.Join(
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	})
	return errors.Join(err, set)
}

// next waits for one datagram, and returns what it says; nothing, where it says
// nothing or the time has come to look for interfaces.
func (e *ear) next() ([]Sighting, error) {
	if now := time.Now(); !now.Before(e.lookAt) {
		e.look()
		e.lookAt = now.Add(lookEvery)
		_ = e.conn.SetReadDeadline(e.lookAt)
	}
	n, cm, from, err := e.packets.ReadFrom(e.buffer)
	switch {
	case errors.Is(err, net.ErrClosed):
		return nil, err
	case err != nil || cm == nil: // the deadline, or one datagram that cannot be read
		return nil, nil
	}
	at := slices.IndexFunc(e.ports, func(p port) bool { return p.index == cm.IfIndex })
	source := from.(*net.UDPAddr).AddrPort().Addr().Unmap()
	if at < 0 || !onvif.Within(source, e.ports[at].own) && !onvif.Within(source, e.options.Networks) {
		return nil, nil
	}
	now := time.Now()
	if !e.ration.allows(source, now) {
		return nil, nil
	}
	said, err := read(e.buffer[:n])
	if err != nil {
		return nil, nil
	}
	return sightings(said, source, e.options.Networks, e.ports[at].name, now), nil
}

// look joins the group on each interface that is new or has changed.
func (e *ear) look() {
	var there []port
	for _, name := range e.options.Interfaces {
		iface, err := net.InterfaceByName(name)
		if err != nil || iface.Flags&net.FlagUp == 0 {
			continue // it may come
		}
		own, _ := networksOf(iface)
		p := port{name, iface.Index, own}
		if !slices.ContainsFunc(e.ports, p.same) {
			_ = e.packets.LeaveGroup(iface, discoveryGroup) // of an interface that was down meanwhile
			if e.packets.JoinGroup(iface, discoveryGroup) != nil {
				continue // it is tried again
			}
		}
		there = append(there, p)
	}
	e.ports = there
}

func (p port) same(q port) bool {
	return p.name == q.name && p.index == q.index && slices.Equal(p.own, q.own)
}

// sightings are what one datagram says. An answer to somebody's probe that was
// sent to the group says what a Hello says.
func sightings(said saying, source netip.Addr, networks []netip.Prefix, iface string, now time.Time) (all []Sighting) {
	tell := func(kind string, m match) {
		if m.isCamera() || m.saysNothing() && strings.TrimSpace(m.EndpointReference.Address) != "" {
			all = append(all, Sighting{Found: m.foundAt(source, networks), Kind: kind, Interface: iface, At: now})
		}
	}
	if said.hello != nil {
		tell(Hello, *said.hello)
	}
	for _, m := range said.matches {
		tell(Hello, m)
	}
	if said.bye != nil {
		tell(Bye, *said.bye)
	}
	return all
}

// A ration bounds what is read within each minute.
type ration struct {
	until     time.Time // the end of this minute
	all       int
	perSource map[netip.Addr]int // never more than heardPerMinute
}

func (r *ration) allows(source netip.Addr, now time.Time) bool {
	if !now.Before(r.until) {
		r.until, r.all = now.Add(time.Minute), 0
		clear(r.perSource)
	}
	if r.perSource[source] >= sourcePerMinute || r.all >= heardPerMinute {
		return false
	}
	r.perSource[source]++
	r.all++
	return true
}
