package onvif

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"sitepost/devices"
)

// Options say which camera is meant and how it is reached.
type Options struct {
	Host   string // address or host name, with or without a port; see Secure
	Secure bool   // only https is spoken, at port 443 by default; else http, at port 80, until the camera wants https
	Pin    string // fingerprint of its certificate, "sha256:…"; "" = the one seen first is trusted

	User     string                 // the ONVIF user; "" = it is asked without a login
	Password func() (string, error) // asked anew at each login, so that a changed secret is noticed; nil = empty

	Networks []netip.Prefix // where services of the camera may be, besides Host
	Budget   *Budget        // failed logins, shared by all that log in to the same hosts; nil = an own one
	Learned  Learned        // what an earlier client of this camera had learnt; Secure and Pin go before
}

// A Client asks one camera. All conversations with that camera share it, so that
// together they are polite: two connections, one budget of logins, and one
// memory of what was learnt (its clock, its way of logging in). It is safe for
// concurrent use.
type Client struct {
	user   string
	secret func() (string, error)
	budget *Budget
	guard  *guard

	turn chan struct{} // held by who finds out how to log in

	mu     sync.Mutex // protects all below
	at     spot
	device string // path of the device service
	way    way
	clock  clock

	subscribed time.Time // see [Client.Subscribed]

	services      Services // nil = not known
	servicesUntil time.Time
}

// DevicePath is the path of the device service as ONVIF Core 5.1.1 has it.
const DevicePath = "/onvif/device_service"

// devicePaths are where device services were found: the one of the
// specification, and that of Axis.
var devicePaths = []string{DevicePath, "/onvif/services"}

// New makes a client for the configured camera. It does not speak yet. The caller
// ends it with Close.
func New(o Options) (*Client, error) { return newClient(o, wellKnown) }

func newClient(o Options, p ports) (*Client, error) {
	host, port, err := splitHost(o.Host)
	if err != nil {
		return nil, err
	}
	if err := checkPin(o.Pin); err != nil {
		return nil, err
	}
	o.Learned.Secure, o.Learned.Pin = o.Learned.Secure || o.Secure, cmp.Or(o.Pin, o.Learned.Pin)
	if o.Budget == nil {
		o.Budget = NewBudget()
	}
	c := &Client{
		user: o.User, secret: o.Password, budget: o.Budget,
		guard: newGuard(host, o.Networks, false), turn: make(chan struct{}, 1),
		at: spot{host: host, port: port, ports: p}, device: DevicePath,
	}
	if err := c.use(o.Learned); err != nil {
		return nil, err
	}
	return c, nil
}

// Close ends dials that nobody waits for any more.
func (c *Client) Close() { c.guard.close() }

// MoveTo makes the client ask at another address from now on. What was learnt of
// the camera is kept, for it is the same one.
func (c *Client) MoveTo(host string) error {
	host, port, err := splitHost(host)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.secure && port == c.at.ports.plain {
		port = "" // it is known better
	}
	c.at.host, c.at.port = host, port
	c.guard.aim(host)
	c.services = nil
	return nil
}

// Host is the address that is asked now, without port.
func (c *Client) Host() string { return c.spot().host }

// Address is the host:port that is asked now.
func (c *Client) Address() string { return c.spot().authority() }

// User is the name of the login, "" for none.
func (c *Client) User() string { return c.user }

// Networks are those in which addresses that the camera tells may lie: the
// site's and its own.
func (c *Client) Networks() []netip.Prefix {
	networks := append([]netip.Prefix(nil), c.guard.networks...)
	if a, err := netip.ParseAddr(c.Host()); err == nil {
		networks = append(networks, netip.PrefixFrom(a, a.BitLen()))
	}
	return networks
}

// Budget is the one that this client's logins are counted in.
func (c *Client) Budget() *Budget { return c.budget }

// Secret reads the password.
func (c *Client) Secret() (devices.Secret, error) {
	if c.secret == nil {
		return "", nil
	}
	password, err := c.secret()
	if err != nil {
		return "", &NoSecret{err}
	}
	return devices.Secret(password), nil
}

// A NoSecret says that the password cannot be read, so that no login was tried. It heals
// when somebody writes the file.
type NoSecret struct{ Err error }

func (e *NoSecret) Error() string { return "password: " + e.Err.Error() }

func (e *NoSecret) Unwrap() error { return e.Err }

// IsThere says that this is no absence: whoever is sent to the camera's cable finds
// nothing there.
func (*NoSecret) IsThere() bool { return true }

func (c *Client) spot() spot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// devicePath is the path of the device service.
func (c *Client) devicePath() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.device
}

// deviceService is the URL of the device service.
func (c *Client) deviceService() string { return c.spot().origin() + c.devicePath() }

// Home turns an address that the camera told into one at the configured host and
// in the scheme that is spoken: it often tells an inner one, and a login goes
// nowhere else. The port is kept where the camera told its own host.
func (c *Client) Home(told string) (string, error) { return c.spot().home(told) }

// A Call is a question with all that may differ from the usual.
type Call struct {
	To        string        // URL at the camera, see [Client.Home]
	Question  any           // see [envelope]
	Answer    any           // a struct of the caller's, read by local names; nil = only a fault matters
	Action    string        // of WS-Addressing; "" = the question carries no such headers
	Reference string        // reference parameters of WS-Addressing, as XML; they are echoed in the header
	Within    time.Duration // from dialling to the last byte; 0 = 5 s
	Most      int           // bytes of the answer; 0 = 2 MiB
}

// Ask asks one question and reads its answer into a struct of the caller's. It
// logs in if the camera wants it to. Errors: [*Fault], [*LoginRefused],
// [*CertificateChanged], [*Unreachable], and anything else for who does not speak
// ONVIF.
func (c *Client) Ask(ctx context.Context, service string, question, answer any) error {
	return c.Call(ctx, Call{To: service, Question: question, Answer: answer})
}

// Call is Ask with all that may differ from the usual. A question that may stay
// longer than 5 s waits for others of the kind: a camera has one such place.
func (c *Client) Call(ctx context.Context, call Call) (err error) {
	defer func() { c.forgetServices(err) }()
	return (&asking{Client: c, call: call}).ask(ctx)
}

// askBare asks a question that everybody may ask, without a login.
func (c *Client) askBare(ctx context.Context, service string, question, answer any) error {
	q := &asking{Client: c, call: Call{To: service, Question: question, Answer: answer}}
	refused, err := q.send(ctx, "", "")
	if refused != nil {
		return refused
	}
	return err
}

// told says whether an error is the camera's own word.
func told(err error) bool {
	_, ok := errors.AsType[*Fault](err)
	return ok
}
