package onvif

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// What one question may cost.
const (
	answerWithin   = 5 * time.Second // from dialling to the last byte
	maxAnswer      = 2 << 20
	maxHeader      = 64 << 10
	maxConnections = 2 // per camera
)

// Refusals of the guard.
var (
	errNotAllowed = errors.New("address is outside the device networks (add it to network.device_networks if it is meant)")
	errRedirect   = errors.New("it sends us elsewhere (HTTP redirect), which is not followed; is the port right, or does it want https?")
)

// Unreachable says that no whole answer came: nobody is there, or nobody who
// speaks HTTP. It heals by waiting, or by a cable.
type Unreachable struct{ Err error }

func (e *Unreachable) Error() string { return "cannot be reached: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Unreachable) Unwrap() error { return e.Err }

// A guard carries questions to one camera and trusts nothing that comes back.
// Connections are not kept: a camera has few, and nothing is left behind.
type guard struct {
	networks []netip.Prefix
	wire     *http.Transport
	places   chan struct{} // one for each connection
	life     context.Context
	end      context.CancelFunc

	mu   sync.Mutex // protects host
	host string     // may be dialled wherever it is
}

// newGuard guards the way to host. anyCertificate is for questions without a
// login: cameras sign their own certificates, and nothing secret is sent.
func newGuard(host string, networks []netip.Prefix, anyCertificate bool) *guard {
	g := &guard{host: host, networks: networks, places: make(chan struct{}, maxConnections)}
	g.life, g.end = context.WithCancel(context.Background())
	g.wire = &http.Transport{
		DialContext:            g.dial,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: anyCertificate},
		TLSHandshakeTimeout:    answerWithin,
		MaxResponseHeaderBytes: maxHeader,
		DisableKeepAlives:      true,
		DisableCompression:     true, // a small answer cannot grow into a large one
	}
	return g
}

// aim makes another host the one that may be dialled.
func (g *guard) aim(host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.host = host
}

func (g *guard) target() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.host
}

// close ends dials that nobody waits for any more.
func (g *guard) close() { g.end() }

// dial refuses every address that is neither the configured host nor inside the
// networks. Names other than the configured one are not even resolved.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host != g.target() && !allowed(host, g.networks) {
		return nil, fmt.Errorf("%q: %w", host, errNotAllowed)
	}
	// net/http goes on dialling when the question was given up; the guard's own
	// life bounds that.
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	defer context.AfterFunc(g.life, cancel)()
	return new(net.Dialer).DialContext(ctx, network, address)
}

// allowed says whether host is an address inside one of the networks.
func allowed(host string, networks []netip.Prefix) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return within(a, networks)
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// A reply is a whole answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// ask sends one request and reads the answer to its end, within the time and the
// bytes given (0: answerWithin, maxAnswer). Time spent waiting for a place among
// the camera's connections does not count. An [*Unreachable] means that there was
// no whole answer; other errors, that it was one we do not take.
func (g *guard) ask(r *http.Request, within time.Duration, most int) (*reply, error) {
	within, most = cmp.Or(within, answerWithin), cmp.Or(most, maxAnswer)
	select {
	case g.places <- struct{}{}:
		defer func() { <-g.places }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	resp, err := g.wire.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, late(ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	_ = resp.Body.Close()
	switch {
	case err != nil:
		return nil, late(ctx, fmt.Errorf("read the answer: %w", err))
	case len(body) > most:
		return nil, fmt.Errorf("answer is longer than %d MiB", most>>20)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, errRedirect
	}
	return &reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// late says in plain words that patience ended, ours or the asker's.
func late(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errNotAllowed):
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = errors.New("no whole answer in time")
	}
	return &Unreachable{err}
}
