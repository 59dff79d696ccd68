package onvif

import (
	"context"
	"net/http"
	"net/url"
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
}

// send asks once. A refused login is returned apart from all other errors.
func (q *asking) send(ctx context.Context, security, authorization string) (refused *Fault, err error) {
	message, err := envelope(q.call, security)
	if err != nil {
		return nil, err
	}
	r, err := post(ctx, q.guard, q.call, message, authorization)
	if err != nil {
		return nil, err
	}
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

// login asks with the login, and after a refusal once more if there is a reason
// to hope: another way is offered, or the camera's clock is not what we thought.
func (q *asking) login(ctx context.Context, first way) error {
	host := q.Host()
	if q.user == "" {
		return &LoginRefused{Host: host}
	}
	password, err := q.Secret()
	if err != nil {
		return err
	}
	known := q.knownWay() != noWay
	refused, err := q.loginBy(ctx, first, password)
	if refused == nil {
		return err
	}
	q.learnWay(noWay)
	second := q.secondWay(ctx, first, known)
	if second != noWay {
		if refused, err = q.loginBy(ctx, second, password); refused == nil {
			return err
		}
	}
	return &LoginRefused{Host: host, User: q.user, Until: q.budget.closedUntil(host), Why: refused.Reason}
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
	before, _ := q.ClockOffset()
	if err := q.LearnClock(ctx); err == nil {
		if now, _ := q.ClockOffset(); (now - before).Abs() >= 2*time.Second {
			return wsse
		}
	}
	return noWay
}

// loginBy spends one attempt of the budget.
func (q *asking) loginBy(ctx context.Context, w way, password devices.Secret) (refused *Fault, err error) {
	attempt, err := q.budget.Try(ctx, q.Host(), onvifDoor, q.user, password)
	if err != nil {
		return nil, err
	}
	if w == digest {
		refused, err = q.byDigest(ctx, password)
	} else {
		offset, _ := q.ClockOffset()
		refused, err = q.send(ctx, usernameToken(q.user, password, time.Now().Add(offset)), "")
	}
	switch {
	case refused != nil:
		attempt.Refused()
	case err != nil:
		attempt.Unknown()
	default:
		attempt.Accepted()
		q.learnWay(w)
	}
	return refused, err
}

// byDigest answers the challenge that was made for this very question: nonces
// are bound to a path on some makes and to one use on others. A challenge that is
// called stale at once is answered once more; no password was checked then.
func (q *asking) byDigest(ctx context.Context, password devices.Secret) (refused *Fault, err error) {
	for range 2 {
		offer, _ := digestOffer(q.offers)
		u, err := url.Parse(q.call.To)
		if err != nil {
			return nil, err
		}
		authorization, err := offer.answer(http.MethodPost, u.RequestURI(), q.user, password)
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
