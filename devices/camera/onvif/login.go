package onvif

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"sitepost/devices"
)

// Doors are the names under which a [Budget] counts the logins of this package.
const (
	onvifDoor   = "onvif"
	pictureDoor = "picture"
)

// A way is how a login travels. A question carries one of them, never both: a
// camera that is asked with both checks HTTP first (ONVIF Core 5.12.1).
type way string

const (
	noWay  way = ""       // not known: the question goes bare, and its refusal tells
	wsse   way = "wsse"   // WS-UsernameToken
	digest way = "digest" // HTTP Digest
)

func (c *Client) knownWay() way {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.way
}

func (c *Client) learnWay(w way) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.way = w
}

// An asking is one question on its way to an answer.
type asking struct {
	*Client
	call   Call
	offers []challenge // of the last refusal, not answered yet
	middle time.Time   // of the last answer's way
}

// ask asks bare, unless it is known that the login travels in the question, and
// with the login if that is refused.
//
// As long as the way is not known, only one of the camera's questions finds it
// out: two that are refused at the same time would use up the [Budget].
func (q *asking) ask(ctx context.Context) error {
	if q.knownWay() != wsse {
		if refused, err := q.send(ctx, "", ""); refused == nil { // needs no login, or brings the challenge
			return err
		}
	}
	if q.knownWay() != noWay {
		return q.login(ctx)
	}
	waited, err := q.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer func() { <-q.turn }()
	if waited && q.knownWay() != wsse { // the challenge may be too old
		if refused, err := q.send(ctx, "", ""); refused == nil {
			return err
		}
	}
	return q.login(ctx)
}

// takeTurn waits until no other question finds out how to log in.
func (c *Client) takeTurn(ctx context.Context) (waited bool, err error) {
	select {
	case c.turn <- struct{}{}:
		return false, nil
	default:
	}
	select {
	case c.turn <- struct{}{}:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	}
}

// send asks once. A refused login is returned apart from all other errors.
func (q *asking) send(ctx context.Context, security, authorization string) (refused *Fault, err error) {
	r, err := q.carry(ctx, security, authorization)
	if err != nil {
		return nil, err
	}
	q.middle = r.middle
	f, err := faultIn(r)
	if err != nil {
		return nil, err
	}
	if f == nil {
		if q.call.Answer == nil {
			return nil, nil
		}
		return nil, Decode(r.body, q.call.Answer)
	}
	if !f.LoginRefused() {
		return nil, f
	}
	q.offers = challenges(r.header.Values("WWW-Authenticate"))
	return f, nil
}

// A ticket is what one login is made with.
type ticket struct {
	way    way
	offset time.Duration // of the clock that it is checked by; for wsse
	told   time.Duration // of the clock that the camera told then
}

// login asks with the login, and after a refusal once more if there is a reason
// to hope: another way is offered, or the camera's clock is not what we thought.
func (q *asking) login(ctx context.Context) error {
	host := q.Host()
	if q.user == "" {
		return &LoginRefused{Host: host}
	}
	password, err := q.Secret()
	if err != nil {
		return err
	}
	known := q.knownWay() != noWay
	first := ticket{way: digest}
	if _, ok := digestOffer(q.offers); !ok {
		if err := q.freshClock(ctx); err != nil {
			return err
		}
		first = q.token()
	}
	refused, err := q.loginBy(ctx, first, password)
	if refused == nil {
		return err
	}
	q.learnWay(noWay)
	if second, ok := q.second(ctx, first, known); ok && !refused.locked() {
		if refused, err = q.loginBy(ctx, second, password); refused == nil {
			return err
		}
	}
	return &LoginRefused{Host: host, User: q.user, Until: q.budget.closedUntil(host), Why: refused.Reason}
}

// second says how to try once more, if at all.
func (q *asking) second(ctx context.Context, first ticket, known bool) (ticket, bool) {
	if first.way == digest {
		return q.token(), !known
	}
	if _, ok := digestOffer(q.offers); ok {
		return ticket{way: digest}, true
	}
	return q.anotherToken(ctx, first)
}

// loginBy spends one attempt of the budget.
func (q *asking) loginBy(ctx context.Context, t ticket, password devices.Secret) (refused *Fault, err error) {
	refused, err = q.spend(ctx, onvifDoor, password, func(ctx context.Context) (*Fault, error) {
		if t.way == digest {
			return q.byDigest(ctx, password)
		}
		return q.send(ctx, usernameToken(q.user, password, time.Now().Add(t.offset)), "")
	})
	if refused == nil && err == nil {
		q.learnWay(t.way)
		if t.way == wsse {
			q.acceptToken(t)
		}
	}
	return refused, err
}

// spend logs in with one attempt of the budget, which goes with the login as far
// as to the wire. One that lapsed on the way was not sent: another is asked for.
func (c *Client) spend(ctx context.Context, door string, password devices.Secret, login func(context.Context) (*Fault, error)) (*Fault, error) {
	for {
		attempt, err := c.budget.Try(ctx, c.Host(), door, c.user, password)
		if err != nil {
			return nil, err
		}
		refused, err := login(context.WithValue(ctx, attemptKey{}, attempt))
		attempt.judge(refused, err)
		if !errors.Is(err, errLapsed) {
			return refused, err
		}
	}
}

type attemptKey struct{}

// attemptOf is the attempt that a question is spent on, nil for one without a login.
func attemptOf(ctx context.Context) *Attempt {
	a, _ := ctx.Value(attemptKey{}).(*Attempt)
	return a
}

var errLapsed = errors.New("the login was refused to another question meanwhile")

// byDigest answers the challenge that was made for this very question: nonces
// are bound to a path on some makes and to one use on others.
func (q *asking) byDigest(ctx context.Context, password devices.Secret) (refused *Fault, err error) {
	u, err := url.Parse(q.call.To)
	if err != nil {
		return nil, err
	}
	return digested(http.MethodPost, u.RequestURI(), q.user, password, &q.offers, func(authorization string) (*Fault, error) {
		return q.send(ctx, "", authorization)
	})
}

// digested answers the challenge in offers, which send replaces by those of its
// refusal. A challenge that is called stale at once is answered once more: no
// password was checked then, if that is true.
func digested(method, uri, user string, password devices.Secret, offers *[]challenge, send func(authorization string) (*Fault, error)) (refused *Fault, err error) {
	for range 2 {
		offer, _ := digestOffer(*offers)
		authorization, err := offer.answer(method, uri, user, password)
		if err != nil {
			return nil, err
		}
		if refused, err = send(authorization); refused == nil {
			return nil, err
		}
		if offer, ok := digestOffer(*offers); !ok || !offer.stale() {
			return refused, nil
		}
	}
	return refused, nil
}
