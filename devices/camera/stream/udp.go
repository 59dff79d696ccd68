package stream

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/readbuffer"
)

// Limits of packets that come beside the connection.
const (
	firstPort   = 10000
	lastPort    = 65534
	pairTries   = 32      // the library's own search has no end when no port is free
	packetQueue = 1 << 20 // bytes the kernel may keep for us: a key frame of a 4K camera
	anyPacket   = 1472    // counted for a packet whose size the library does not tell
)

// pair opens two neighbouring UDP ports, the lower one even, as RTP wants it
// (RFC 3550 11), on the address from which the camera was dialled: what comes from
// other networks is not heard. listen hands them to the library.
func (g *guard) pair() (low, high int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for range pairTries {
		port := firstPort + 2*rand.IntN((lastPort-firstPort)/2+1)
		first, err := g.open(port)
		if err != nil {
			continue
		}
		second, err := g.open(port + 1)
		if err != nil {
			first.Close()
			continue
		}
		if g.ctx.Err() != nil {
			first.Close()
			second.Close()
			return 0, 0, g.ctx.Err()
		}
		g.doors[port], g.doors[port+1] = first, second
		return port, port + 1, nil
	}
	return 0, 0, &Failure{Layer: Play, State: Offline,
		Text: `no two neighbouring UDP ports of this box are free; look for what takes them all, or set transport = "tcp"`}
}

// open opens a UDP port; mu is held.
func (g *guard) open(port int) (net.PacketConn, error) {
	at := &net.UDPAddr{Port: port}
	if g.conn != nil {
		if from, ok := g.conn.LocalAddr().(*net.TCPAddr); ok {
			at.IP, at.Zone = from.IP, from.Zone
		}
	}
	return net.ListenUDP("udp", at)
}

// listen is the library's ListenPacket: it has to be a net.UDPConn, so that what
// comes is counted in spend and not here.
func (g *guard) listen(_, address string) (net.PacketConn, error) {
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(p)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	door, ok := g.doors[port]
	if !ok {
		return nil, net.ErrClosed
	}
	return door, nil
}

// spend counts n bytes that came beside the connection. Who sends more than
// allowed is read slowly, and the kernel drops what it cannot keep.
func (g *guard) spend(n int) {
	if wait := g.packet.ReserveN(time.Now(), n).Delay(); wait > 0 {
		_ = g.pause(wait)
	}
}

// queue is how much the kernel keeps for a UDP socket if asked for packetQueue;
// the library fails if it does not get what it asks for. 0 is the kernel's own.
func queue(ctx context.Context) int {
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return 0
	}
	defer c.Close()
	u, ok := c.(*net.UDPConn)
	if !ok || u.SetReadBuffer(packetQueue) != nil {
		return 0
	}
	got, err := readbuffer.ReadBuffer(u)
	if err != nil {
		return 0
	}
	return got
}

// routed takes out of the answer to SETUP what would make us listen or send to
// anybody but the camera. The library resolves names there, and reads on behind a
// closing quote as if a semicolon stood there.
//
//	Transport: RTP/AVP;unicast;source=10.1.7.2;client_port=…;server_port=…
//	Transport: RTP/AVP;multicast;destination=239.1.2.3;port=5000-5001;ttl=16
func (a *answers) routed(r *base.Response) {
	if len(r.Header["Transport"]) != 1 {
		return
	}
	a.mu.Lock()
	keyless := a.keyless && r.Header["KeyMgmt"] == nil
	a.mu.Unlock()
	if keyless { // 4.16.2 joins the group first, and then forgets its sockets
		a.refuse(&Failure{Layer: Play, State: Unsupported, Text: "the camera encrypts its packets (SRTP) and gives no key for them; switch SRTP off in it"})
		delete(r.Header, "Transport")
		return
	}
	var kept []string
	for part := range strings.SplitSeq(strings.ReplaceAll(r.Header["Transport"][0], `"`, ";"), ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		at, err := netip.ParseAddr(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "mode": // nothing we need, and it stood in quotes
		case "source":
			if err == nil && a.visit.guard.sameHost(value) {
				kept = append(kept, part[:strings.Index(part, "=")+1]+at.WithZone("").String()) // a space behind it would make it a name
			}
		case "destination":
			if a.visit.target.Transport != Multicast {
				continue
			}
			if err != nil || !at.IsMulticast() {
				a.refuse(&Failure{Layer: Play, State: Unsupported, Text: `the camera names no multicast address to listen to; correct it in the camera, or set transport = "tcp"`})
				continue
			}
			kept = append(kept, part)
		default:
			kept = append(kept, part)
		}
	}
	r.Header["Transport"] = base.HeaderValue{strings.Join(kept, ";")}
}
