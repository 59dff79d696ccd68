package onvif

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// Ports of a camera that is configured without one.
type ports struct{ plain, secure string }

var wellKnown = ports{"80", "443"}

// A spot is where a camera is reached.
type spot struct {
	host   string // without port
	port   string // as configured; "" = by scheme
	secure bool   // https is spoken, and http never again
	ports  ports
}

func (s spot) authority() string {
	switch {
	case s.port != "":
		return net.JoinHostPort(s.host, s.port)
	case s.secure:
		return net.JoinHostPort(s.host, s.ports.secure)
	}
	return net.JoinHostPort(s.host, s.ports.plain)
}

func (s spot) scheme() string {
	if s.secure {
		return "https"
	}
	return "http"
}

// origin is the beginning of all URLs at the camera.
func (s spot) origin() string { return s.scheme() + "://" + s.authority() }

// home turns an address that the camera told into one at this spot. The port is
// kept where the camera told its own host and the scheme that is spoken.
func (s spot) home(told string) (string, error) {
	u, err := readAddress(told)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("the camera tells an unusable address %q", withoutLogin(told))
	}
	if u.Hostname() != s.host || u.Scheme != s.scheme() {
		u.Host = s.authority()
	}
	u.Scheme, u.User, u.Fragment = s.scheme(), nil, ""
	return u.String(), nil
}

// splitHost reads "host" or "host:port"; port is "" where there is none.
func splitHost(s string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), ""
	} else if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", "", fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	if host == "" || strings.ContainsAny(host, "/@?# \t") {
		return "", "", fmt.Errorf("host %q is not an address or a name (write it as 10.37.20.11 or 10.37.20.11:8080)", s)
	}
	return host, port, nil
}

// redirected says that the camera sends us elsewhere. That is never followed.
type redirected struct{ to string }

func (e *redirected) Error() string {
	return "it sends us elsewhere (HTTP redirect), which is not followed; is the port right, or does it want https?"
}

// mayBeSecure says whether what came at the plain port is what a camera does that
// wants to be asked by https: it refuses the connection, closes it without a word
// or sends us to its own https. Where a port is configured, that one is meant.
func (s spot) mayBeSecure(err error) bool {
	if s.secure || s.port != "" {
		return false
	}
	if r, ok := errors.AsType[*redirected](err); ok {
		to, err := url.Parse(r.to)
		return err == nil && to.Scheme == "https" && to.Hostname() == s.host
	}
	_, gone := errors.AsType[*Unreachable](err)
	return gone && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF))
}

// carry takes the question to where the camera is reached and brings whatever it
// answers. A question without a login finds out whether https must be spoken.
func (q *asking) carry(ctx context.Context, security, authorization string) (*reply, error) {
	at := q.spot()
	r, err := q.carryTo(ctx, at, security, authorization)
	if security+authorization == "" && at.mayBeSecure(err) {
		at.secure = true
		if r, again := q.carryTo(ctx, at, "", ""); again == nil && r.isONVIF() {
			q.learnSecure(r.certificate)
			return r, nil
		}
		q.forgetTrial()
	}
	if _, gone := errors.AsType[*Unreachable](err); gone && (q.call.Within == 0 || isDial(err)) {
		q.doubtClock() // a long poll that is hung up on means nothing
	}
	if err == nil {
		q.noteDate(r)
	}
	return r, err
}

func (q *asking) carryTo(ctx context.Context, at spot, security, authorization string) (*reply, error) {
	call := q.call
	to, err := at.home(call.To)
	if err != nil {
		return nil, err
	}
	call.To = to
	message, err := envelope(call, security)
	if err != nil {
		return nil, err
	}
	return post(ctx, q.guard, call, message, authorization)
}

func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// isONVIF says whether an answer can be none but a camera's.
func (r *reply) isONVIF() bool {
	f, err := faultIn(r)
	return err == nil && (f == nil || f.Code != "" || f.Status == http.StatusUnauthorized)
}

// learnSecure trusts the one who answered as a camera, whomever another question's
// trial saw or forgot meanwhile.
func (c *Client) learnSecure(certificate string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.secure {
		c.at.secure = true
		c.guard.trust(certificate)
	}
}

// forgetTrial forgets the certificate of who answered at the https port and is no
// camera.
func (c *Client) forgetTrial() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.secure {
		c.guard.trust("")
	}
}
