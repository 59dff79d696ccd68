package camera

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sitepost/devices"
)

// onvifDoor is the name under which a [Budget] counts logins of this protocol.
const onvifDoor = "onvif"

// A way is how a login travels. A question carries one of them, never both: a
// camera that is asked with both checks HTTP first (ONVIF Core 5.12.1).
type way int

const (
	noWay  way = iota // not known: the question goes bare, and its refusal tells
	wsse              // WS-UsernameToken
	digest            // HTTP Digest
)

// A client asks one camera. What it learns of it (its clock, its way of logging
// in) lives as long as the client. It is used by one goroutine.
type client struct {
	guard     *guard
	host      string // without port
	authority string // host:port as in a URL
	device    string // URL of the device service
	user      string
	password  devices.Secret
	budget    *Budget

	way        way
	offset     time.Duration // camera's clock minus ours
	clockKnown bool
}

// devicePaths are where device services were found: the one of the
// specification, and that of Axis.
var devicePaths = []string{"/onvif/device_service", "/onvif/services"}

// open makes a client for the configured camera. It does not speak yet.
func open(o Options, password devices.Secret) (*client, error) {
	host, authority, err := splitHost(o.Host)
	if err != nil {
		return nil, err
	}
	return &client{
		guard: newGuard(host, o.Networks, false), host: host, authority: authority,
		device: "http://" + authority + devicePaths[0],
		user:   o.User, password: password, budget: o.Budget,
	}, nil
}

func (c *client) close() { c.guard.close() }

// splitHost reads "host" or "host:port".
func splitHost(s string) (host, authority string, err error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "80"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", "", fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	if host == "" || strings.ContainsAny(host, "/@?# \t") {
		return "", "", fmt.Errorf("host %q is not an address or a name (write it as 10.37.20.11 or 10.37.20.11:8080)", s)
	}
	return host, net.JoinHostPort(host, port), nil
}

// home turns an address that the camera told into one at the configured host:
// it often tells an inner one, and a login goes nowhere else. The port is kept
// where the camera told its own host.
func (c *client) home(told string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(told))
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return "", fmt.Errorf("the camera tells an unusable address %q", words(told))
	}
	if u.Hostname() != c.host {
		u.Host = c.authority
	}
	u.User = nil
	return u.String(), nil
}

// ask asks one question and reads its answer into a struct of ours. It logs in
// if the camera wants it to. Errors: [*Fault], [*LoginRefused], and anything
// else for a camera that was not reached or does not speak ONVIF.
func (c *client) ask(ctx context.Context, service string, question, answer any) error {
	q := &asking{client: c, service: service, question: question, answer: answer}
	if c.way == wsse {
		return q.login(ctx, wsse)
	}
	refused, err := q.send(ctx, "", "") // brings the challenge, or needs no login
	if refused == nil {
		return err
	}
	if _, ok := digestOffer(q.offers); ok {
		return q.login(ctx, digest)
	}
	return q.login(ctx, wsse)
}

// askBare asks a question that everybody may ask, without a login.
func (c *client) askBare(ctx context.Context, service string, question, answer any) error {
	q := &asking{client: c, service: service, question: question, answer: answer}
	refused, err := q.send(ctx, "", "")
	if refused != nil {
		return refused
	}
	return err
}

// An asking is one question on its way to an answer.
type asking struct {
	*client
	service          string
	question, answer any
	offers           []challenge // of the last refusal, not answered yet
}

// send asks once. A refused login is returned apart from all other errors.
func (q *asking) send(ctx context.Context, security, authorization string) (refused *Fault, err error) {
	message, err := envelope(q.question, security)
	if err != nil {
		return nil, err
	}
	r, err := post(ctx, q.guard, q.service, message, authorization)
	if err != nil {
		return nil, err
	}
	f, err := faultIn(r)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, decode(r.body, q.answer)
	}
	if !f.LoginRefused() {
		return nil, f
	}
	q.offers = challenges(r.header.Values("WWW-Authenticate"))
	return f, nil
}

// login asks with the login, and after a refusal once more if there is a reason
// to hope: another way is offered, or the camera's clock is not what we thought.
func (q *asking) login(ctx context.Context, first way) error {
	if q.user == "" {
		return &LoginRefused{Host: q.host}
	}
	known := q.way != noWay
	refused, err := q.loginBy(ctx, first)
	if refused == nil {
		return err
	}
	q.client.way = noWay
	second := q.secondWay(ctx, first, known)
	if second != noWay {
		if refused, err = q.loginBy(ctx, second); refused == nil {
			return err
		}
	}
	return &LoginRefused{Host: q.host, User: q.user, Until: q.budget.closedUntil(q.host), Why: refused.Reason}
}

// secondWay says how to try once more, noWay for not at all.
func (q *asking) secondWay(ctx context.Context, first way, known bool) way {
	if first == digest {
		if known {
			return noWay
		}
		return wsse
	}
	if _, ok := digestOffer(q.offers); ok {
		return digest
	}
	before := q.offset
	if err := q.learnClock(ctx); err == nil && (q.offset-before).Abs() >= 2*time.Second {
		return wsse
	}
	return noWay
}

// loginBy spends one attempt of the budget.
func (q *asking) loginBy(ctx context.Context, w way) (refused *Fault, err error) {
	attempt, err := q.budget.Try(ctx, q.host, onvifDoor, q.user, q.password)
	if err != nil {
		return nil, err
	}
	if w == digest {
		refused, err = q.byDigest(ctx)
	} else {
		refused, err = q.send(ctx, usernameToken(q.user, q.password, time.Now().Add(q.offset)), "")
	}
	switch {
	case refused != nil:
		attempt.Refused()
	case err != nil:
		attempt.Unknown()
	default:
		attempt.Accepted()
		q.client.way = w
	}
	return refused, err
}

// byDigest answers the challenge that was made for this very question: nonces
// are bound to a path on some makes and to one use on others. A challenge that is
// called stale at once is answered once more; no password was checked then.
func (q *asking) byDigest(ctx context.Context) (refused *Fault, err error) {
	for range 2 {
		offer, _ := digestOffer(q.offers)
		u, err := url.Parse(q.service)
		if err != nil {
			return nil, err
		}
		authorization, err := offer.answer(http.MethodPost, u.RequestURI(), q.user, q.password)
		if err != nil {
			return nil, err
		}
		if refused, err = q.send(ctx, "", authorization); refused == nil {
			return nil, err
		}
		if offer, ok := digestOffer(q.offers); !ok || !offer.stale() {
			return refused, nil
		}
	}
	return refused, nil
}
