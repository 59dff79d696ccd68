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
	"strings"
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
	errCompressed = errors.New("answer is compressed, which was not asked for")
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
	networks       []netip.Prefix
	anyCertificate bool // for questions without a login: nothing secret is sent
	wire           *http.Transport
	places         *places
	life           context.Context
	end            context.CancelFunc

	mu   sync.Mutex // protects all below
	host string     // may be dialled wherever it is
	pin  string     // the trusted certificate, "" = none was seen yet
}

// newGuard guards the way to host.
func newGuard(host string, networks []netip.Prefix, anyCertificate bool) *guard {
	g := &guard{host: host, networks: networks, anyCertificate: anyCertificate, places: newPlaces()}
	g.life, g.end = context.WithCancel(context.Background())
	g.wire = &http.Transport{
		DialContext: g.dial,
		// Instead of an authority, verify looks at the certificate.
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true, VerifyConnection: g.verify},
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
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	defer context.AfterFunc(g.life, cancel)()
	p := placeOf(ctx)
	if p == nil {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	// net/http would go on dialling when the question was given up.
	defer context.AfterFunc(p.ctx, cancel)()
	if err := p.hold(); err != nil {
		return nil, err
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		p.leave()
		return nil, err
	}
	return &seated{c, sync.OnceFunc(p.leave)}, nil
}

// allowed says whether host is an address inside one of the networks.
func allowed(host string, networks []netip.Prefix) bool {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return Within(a, networks)
}

// Within says whether an address lies inside one of the networks.
func Within(a netip.Addr, networks []netip.Prefix) bool {
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
	middle time.Time // of its way

	certificate string // fingerprint of who answered; "" over http
}

// ask sends one request and reads the answer to its end, within the time and the
// bytes given (0: answerWithin, maxAnswer). Time spent waiting for a place among
// the camera's connections does not count. An [*Unreachable] means that there was
// no whole answer; other errors, that it was one we do not take.
func (g *guard) ask(r *http.Request, within time.Duration, most int) (*reply, error) {
	within, most = cmp.Or(within, answerWithin), cmp.Or(most, maxAnswer)
	place, err := g.places.enter(r.Context(), within > answerWithin)
	if err != nil {
		return nil, err
	}
	defer place.leave()
	if a := attemptOf(r.Context()); a != nil && !a.sets(within > answerWithin) {
		return nil, errLapsed
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), placeKey{}, place), within)
	defer cancel()
	asked := time.Now()
	resp, err := g.wire.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, late(ctx, err)
	}
	middle := asked.Add(time.Since(asked) / 2)
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	_ = resp.Body.Close()
	switch {
	case err != nil:
		return nil, late(ctx, fmt.Errorf("read the answer: %w", err))
	case len(body) > most:
		return nil, fmt.Errorf("answer is longer than %s", size(most))
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, &redirected{resp.Header.Get("Location")}
	case resp.Header.Get("Content-Encoding") != "" && !strings.EqualFold(resp.Header.Get("Content-Encoding"), "identity"):
		return nil, errCompressed
	}
	answer := &reply{status: resp.StatusCode, header: resp.Header, body: body, middle: middle}
	if s := resp.TLS; s != nil && len(s.PeerCertificates) > 0 {
		answer.certificate = fingerprint(s.PeerCertificates[0].Raw)
	}
	return answer, nil
}

// size writes a number of bytes as a person would.
func size(bytes int) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// late says in plain words that patience ended, ours or the asker's.
func late(ctx context.Context, err error) error {
	if changed, ok := errors.AsType[*CertificateChanged](err); ok {
		return changed
	}
	switch {
	case errors.Is(err, errNotAllowed):
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = errors.New("no whole answer in time")
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("it hung up without an answer (%w)", err)
	}
	return &Unreachable{err}
}
