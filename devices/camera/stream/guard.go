package stream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

// Limits of one visit's connections. A 4K camera of the better sort sends
// 16 Mbit/s; a key frame of it fits into the burst.
const (
	maxDials   = 3               // the camera, and two redirects within it
	maxBytes   = 25e6 / 8        // bytes per second that are read
	burstBytes = 1 << 20         // bytes that may come at once
	readBuffer = 16 << 10        // most pictures at once, and little enough for each of 64 cameras
	slowed     = time.Second / 2 // of waiting before it is a flood; less is a late reader that catches up: a second of 16 Mbit/s is 2 MB, and costs 0.3 s
)

// A guard makes the connections of one visit and stands between them and the
// library. Without it gortsplib 4.16.2 waits for ever for a TLS peer that is
// silent (in Describe and again in Close), follows redirects without end and to
// any host, with the login, and reads whatever a runaway peer can send.
//
//	library ◄── siphon ◄── 16 KiB ◄── deadline per read ◄── 25 Mbit/s ◄── camera
type guard struct {
	ctx    context.Context
	cancel context.CancelFunc
	host   string         // of the URL: the only one that is dialled
	allow  []netip.Prefix // where it may be
	p      patience
	read   time.Duration // silence on a connection
	knock  dialer        // makes a connection
	packet *rate.Limiter // what may come beside the connection

	mu        sync.Mutex
	dials     int
	home      netip.Addr    // what host resolved to, once and for the whole visit
	conn      net.Conn      // the latest
	connected time.Time     // when the first connection stood
	trip      time.Duration // how long the quickest took to stand
	siphon    *siphon       // of it
	waited    time.Duration
	doors     map[int]net.PacketConn // UDP sockets by port
}

// A dialer is net.Dialer's DialContext, or stands in for it.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func newGuard(ctx context.Context, host string, t Target, p patience) *guard {
	g := &guard{
		host: host, allow: t.Allow, p: p, read: p.read, knock: t.dial,
		packet: rate.NewLimiter(maxBytes, burstBytes),
		doors:  map[int]net.PacketConn{},
	}
	if g.knock == nil {
		g.knock = (&net.Dialer{Timeout: p.dial}).DialContext
	}
	g.ctx, g.cancel = context.WithCancel(ctx)
	return g
}

// kill cuts the connection and forbids further ones. Whoever waits on it wakes
// up with an error.
func (g *guard) kill() {
	g.cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conn != nil {
		g.conn.Close()
	}
	for _, d := range g.doors {
		d.Close()
	}
}

// flooded says whether reading had to be slowed down since it was asked last.
func (g *guard) flooded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	waited := g.waited
	g.waited = 0
	return waited > slowed
}

// stood is when the first connection stood, zero if none did.
func (g *guard) stood() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.connected
}

// roundTrip is how long a connection took to stand, without what the name took:
// one way there and one back. 0 if none did.
func (g *guard) roundTrip() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.trip
}

// sameHost says whether host, from a redirect, is the camera itself.
func (g *guard) sameHost(host string) bool {
	if strings.EqualFold(host, g.host) {
		return true
	}
	a, err := netip.ParseAddr(host)
	g.mu.Lock()
	defer g.mu.Unlock()
	return err == nil && a.Unmap() == g.home
}

// dial is the library's DialContext. Its errors are Failures.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.ctx, cancel)()

	to, err := g.destination(ctx, address)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := g.knock(ctx, network, to)
	if err != nil {
		return nil, dialFailure(to, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx.Err() != nil {
		c.Close()
		return nil, g.ctx.Err()
	}
	if g.connected.IsZero() {
		g.connected = time.Now()
	}
	g.trip = shorter(g.trip, since(began))
	g.conn = c
	w := &wire{Conn: c, guard: g, budget: rate.NewLimiter(maxBytes, burstBytes)}
	g.siphon = &siphon{Conn: c, r: bufio.NewReaderSize(w, readBuffer)}
	return g.siphon, nil
}

// destination checks where the library wants to go and returns the address to
// dial: the camera's, found out once, so that a second answer of the name
// server cannot lead elsewhere.
func (g *guard) destination(ctx context.Context, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", &Failure{Layer: Address, State: Unsupported, Text: "the port is not a number"}
	}
	if !g.sameHost(host) {
		return "", elsewhere(host)
	}
	g.mu.Lock()
	g.dials++
	dials, home := g.dials, g.home
	g.mu.Unlock()
	if dials > maxDials {
		return "", &Failure{Layer: Describe, State: Unsupported, Err: ErrRedirect,
			Text: fmt.Sprintf("the camera redirects us in circles (%d times)", maxDials)}
	}
	if !home.IsValid() {
		if home, err = g.resolve(ctx); err != nil {
			return "", err
		}
		g.mu.Lock()
		g.home = home
		g.mu.Unlock()
	}
	return net.JoinHostPort(home.String(), port), nil
}

// elsewhere is the refusal of a redirect to another host.
func elsewhere(host string) *Failure {
	return &Failure{Layer: Describe, State: Unsupported, Err: ErrRedirect,
		Text: fmt.Sprintf("the camera sends us to %q, which is not followed; if that is where the stream is, name that address", plain(host))}
}

// resolve finds an address of the host that may be dialled.
func (g *guard) resolve(ctx context.Context) (netip.Addr, error) {
	addresses := []netip.Addr{}
	if a, err := netip.ParseAddr(g.host); err == nil {
		addresses = append(addresses, a)
	} else if addresses, err = net.DefaultResolver.LookupNetIP(ctx, "ip", g.host); err != nil {
		return netip.Addr{}, &Failure{Layer: Name, State: Offline, Err: err,
			Text: fmt.Sprintf("%q has no address; write the camera's IP address instead", g.host)}
	}
	for _, a := range addresses {
		if a = a.Unmap(); g.allowed(a) {
			return a, nil
		}
	}
	return netip.Addr{}, &Failure{Layer: Route, State: Offline,
		Text: fmt.Sprintf("%q is outside the networks that may be dialled; add its network to network.device_networks", g.host)}
}

func (g *guard) allowed(a netip.Addr) bool {
	for _, n := range g.allow {
		if n.Contains(a.WithZone("")) {
			return true
		}
	}
	return len(g.allow) == 0
}

// dialFailure sorts an error of dialling by what a person has to look at.
func dialFailure(to string, err error) *Failure {
	f := &Failure{Layer: Route, State: Offline, Err: err}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		f.Layer = Port
		f.Text = fmt.Sprintf("%s is up and refuses the connection; switch RTSP on in the camera, or correct the port", to)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.Text = fmt.Sprintf("there is no way to %s; look at the cable, the power and the network's addresses", to)
	default:
		f.Text = fmt.Sprintf("%s does not answer; look at the camera's power and cable, and for a firewall", to)
	}
	return f
}

// A wire is the camera's connection: every read has its own deadline and its
// share of the byte rate. Close wakes a read that waits.
type wire struct {
	net.Conn
	guard  *guard
	budget *rate.Limiter
}

func (w *wire) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.guard.read)); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	if wait := w.budget.ReserveN(time.Now(), n).Delay(); err == nil && wait > 0 {
		err = w.guard.pause(wait)
	}
	return n, err
}

// follow is that of the latest connection's siphon.
func (g *guard) follow(payloadType uint8, source uint32, take func(packet []byte)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.siphon.follow(payloadType, source, take)
}

// pause waits for a connection that sends too fast.
func (g *guard) pause(d time.Duration) error {
	began := time.Now()
	defer func() { // a busy box wakes up late, and then waits less often
		g.mu.Lock()
		g.waited += time.Since(began)
		g.mu.Unlock()
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-g.ctx.Done():
		return net.ErrClosed
	}
}
