package onvif

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"sitepost/devices"
)

var errBasic = errors.New("the camera wants the password in clear for its pictures (HTTP Basic), which is not sent (choose digest in the camera's own page)")

// Get fetches what lies at a URL that the camera told, a picture, of at most so
// many bytes (0 = 2 MiB). It goes the way of all questions: to the camera's own
// host only, see [Client.Home], and logs in by HTTP Digest if it must, never by
// Basic. Errors: [*Fault] for any other HTTP status than a success, and those of
// [Client.Ask].
func (c *Client) Get(ctx context.Context, url string, most int) (body []byte, contentType string, err error) {
	g := &getting{Client: c, most: most}
	if g.to, err = c.Home(url); err != nil {
		return nil, "", err
	}
	refused, err := g.send(ctx, "")
	if refused != nil {
		err = g.login(ctx, refused)
	}
	if err != nil {
		return nil, "", err
	}
	return g.reply.body, g.reply.header.Get("Content-Type"), nil
}

// A getting is one picture on its way.
type getting struct {
	*Client
	to     string
	most   int
	offers []challenge // of the last refusal
	reply  *reply
}

func (g *getting) send(ctx context.Context, authorization string) (refused *Fault, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.to, nil)
	if err != nil {
		return nil, err
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	if g.reply, err = g.guard.ask(r, 0, g.most); err != nil {
		return nil, err
	}
	switch status := g.reply.status; {
	case status >= 200 && status < 300:
		return nil, nil
	case status == http.StatusForbidden && authorization != "": // a login that it takes no more
	case status != http.StatusUnauthorized:
		return nil, &Fault{Status: status}
	}
	g.offers = challenges(g.reply.header.Values("WWW-Authenticate"))
	return &Fault{Status: g.reply.status}, nil
}

// login asks with the login, once.
func (g *getting) login(ctx context.Context, refused *Fault) error {
	host := g.Host()
	if g.user == "" {
		return &LoginRefused{Host: host}
	}
	if _, ok := digestOffer(g.offers); !ok {
		for _, offer := range g.offers {
			if offer.scheme == "basic" {
				return errBasic
			}
		}
		return refused
	}
	password, err := g.Secret()
	if err != nil {
		return err
	}
	if refused, err = g.loginBy(ctx, password); refused != nil {
		return &LoginRefused{Host: host, User: g.user, Until: g.budget.closedUntil(host)}
	}
	return err
}

// loginBy spends one attempt of the budget.
func (g *getting) loginBy(ctx context.Context, password devices.Secret) (refused *Fault, err error) {
	u, err := url.Parse(g.to)
	if err != nil {
		return nil, err
	}
	return g.spend(ctx, pictureDoor, password, func(ctx context.Context) (*Fault, error) {
		return digested(http.MethodGet, u.RequestURI(), g.user, password, &g.offers, func(authorization string) (*Fault, error) {
			return g.send(ctx, authorization)
		})
	})
}
