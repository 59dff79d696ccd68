package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"sitepost/config"
	"sitepost/uplink"
)

// The layers of the way to a broker, in the order in which they are needed.
const (
	layerName   = "name"
	layerRoute  = "route"
	layerPort   = "port"
	layerTLS    = "tls"
	layerLogin  = "login"
	layerCanary = "canary"
)

const (
	// soon is how long before its end a certificate is spoken of.
	soon = 30 * 24 * time.Hour
	// confirmWithin is how long the platform may take to say that it has an alarm.
	confirmWithin = 2 * time.Minute
)

// brokers are the looks at each broker, and at what the platform says.
func (e *examination) brokers() (all []look) {
	const layers = 5
	all = append(all, look{"city", lookWithin, e.city})
	if e.Site == nil {
		return all
	}
	for _, b := range e.Site.Uplink.Brokers {
		all = append(all, look{"city", layers * lookWithin, func(ctx context.Context) []Row { return e.broker(ctx, b) }})
	}
	return append(all, look{"city", lookWithin, e.receipt})
}

// city is what the running sitepost has found of its link. Which broker refuses it is
// told layer by layer below.
func (e *examination) city(context.Context) []Row {
	if e.Snapshot == nil && e.Site == nil {
		return []Row{unread}
	}
	if e.Snapshot == nil && len(e.Site.Uplink.Brokers) == 0 {
		return []Row{{State: Wrong, Code: "city.none", Text: "no broker is configured: everything stays on disk", Next: "add [[uplink.broker]] to the site file"}}
	}
	return slices.DeleteFunc(e.told("city"), func(r Row) bool { return r.Code == "city.refused" && e.Site != nil })
}

// A way is how far one is on the way to a broker.
type way struct {
	*examination
	broker config.Broker
	passed []string // layers
	rows   []Row
}

// broker goes the way to one broker until it fails.
func (e *examination) broker(ctx context.Context, b config.Broker) []Row {
	w := &way{examination: e, broker: b}
	u, err := url.Parse(b.URL)
	if err != nil {
		return nil // the site file was read: it is one
	}
	conn := w.reach(ctx, u)
	if conn == nil {
		return w.rows
	}
	good := !b.TLS || w.encrypt(ctx, conn, u.Hostname())
	_ = conn.Close()
	if good {
		w.enter(ctx)
	}
	return w.rows
}

// fail ends the way at a layer. Where the running sitepost has a link to this broker all
// layers are good, and that a second look fails is only worth a look.
func (w *way) fail(layer, text, next string) {
	row := Row{State: Wrong, Code: "broker." + layer, Place: w.broker.Name, Layer: layer, Text: text, Next: next}
	if s := w.Snapshot; s != nil && s.Uplink != nil && s.Uplink.Up && s.Uplink.Broker == w.broker.Name {
		row.State, row.Text = Look, "the link is up, and yet a second look fails: "+text
	}
	w.rows = append(w.rows, row)
}

// reach passes name, route and port; nil if it does not.
func (w *way) reach(ctx context.Context, u *url.URL) net.Conn {
	addresses, err := w.resolve(ctx, u.Hostname())
	if err != nil {
		w.fail(layerName, fmt.Sprintf("the name %s has no address: %s", u.Hostname(), plainCause(err)), "look at /etc/resolv.conf, or write the address into url and the name into server_name")
		return nil
	}
	conn, err := w.dial(ctx, addresses, u.Port())
	if err != nil {
		layer, why := layerOf(err)
		w.fail(layer, fmt.Sprintf("%s: %s", u.Host, why), nextOfLayer[layer])
		return nil
	}
	w.passed = append(w.passed, "name resolved", layerRoute, layerPort)
	return conn
}

// encrypt passes TLS, and says whether it did. A certificate that ends soon is told.
func (w *way) encrypt(ctx context.Context, conn net.Conn, host string) bool {
	state, text, next := w.secure(ctx, conn, w.broker, host)
	if text != "" {
		w.fail(layerTLS, text, next)
		return false
	}
	end := state.PeerCertificates[0].NotAfter
	w.passed = append(w.passed, fmt.Sprintf("TLS (its certificate ends on %s)", end.Format(time.DateOnly)))
	if end.Sub(w.Machine.Wall()) < soon {
		w.rows = append(w.rows, Row{State: Look, Code: "certificate.expiring", Place: w.broker.Name, Text: "the broker's certificate ends on " + end.Format(time.DateOnly), Next: "tell the city"})
	}
	return true
}

// enter passes login and canary, as far as they may be looked at.
func (w *way) enter(ctx context.Context) {
	layer, text, next, more := w.login(ctx, w.broker)
	if text != "" {
		w.fail(layer, text, next)
		return
	}
	w.rows = append(w.rows, Row{State: Good, Place: w.broker.Name, Text: strings.Join(append(w.passed, more...), ", ")})
}

// nextOfLayer is what to do where a dial fails.
var nextOfLayer = map[string]string{
	layerRoute: "look at the cable and the router on the city's side; ip route get ADDRESS",
	layerPort:  "ask the city whether this port is open for the box, and whether the broker runs",
}

// resolve returns the addresses of a host.
func (e *examination) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	all, err := e.Machine.Resolve(ctx, host)
	if err == nil && len(all) == 0 {
		err = errors.New("the name server knows none")
	}
	return all, err
}

// dial reaches one of several addresses.
func (e *examination) dial(ctx context.Context, addresses []netip.Addr, port string) (conn net.Conn, err error) {
	addresses = addresses[:min(4, len(addresses))]
	share := lookWithin / time.Duration(max(1, len(addresses))) // one that swallows leaves time for the next
	for _, a := range addresses {
		own, cancel := context.WithTimeout(ctx, share)
		conn, err = e.Machine.Dial(own, "tcp", net.JoinHostPort(a.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// knockAt dials an address, within a time of its own, and says nothing there.
func (e *examination) knockAt(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	conn, err := e.Machine.Dial(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// layerOf says at which layer a dial failed, and why.
func layerOf(err error) (layer, why string) {
	timeout, is := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return layerPort, "the port is closed: nobody listens there"
	case errors.Is(err, syscall.ENETUNREACH):
		return layerRoute, "this machine has no route there"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return layerRoute, "nobody on the way answers for this address"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), is && timeout.Timeout():
		return layerPort, "no answer: it is off, or a firewall swallows the question"
	}
	return layerRoute, plainCause(err)
}

// plainCause is an error without the operation and the address, which the row says.
func plainCause(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.Err
	}
	return err.Error()
}

// login says how far the layers above TLS are: as the running sitepost knows, or by one
// login of ours where none runs.
func (e *examination) login(ctx context.Context, b config.Broker) (layer, text, next string, ways []string) {
	const confirmed = "login, canary"
	if s := e.Snapshot; s != nil {
		u := s.Uplink
		switch {
		case u == nil || !slices.Contains(u.RefusedBy, b.Name) && (!u.Up || u.Broker != b.Name):
			return "", "", "", []string{"its login is not tried while sitepost runs"}
		case u.Up && u.Broker == b.Name:
			return "", "", "", []string{confirmed}
		case u.Broker != b.Name:
			return layerLogin, "the broker refuses the box", "ask the city whether user, password, certificate and rights of this box are as it expects", nil
		case strings.Contains(u.Why, "canary"):
			return layerCanary, u.Why, cmp.Or(u.Next, "ask the city for the rights of this box"), nil
		}
		return layerLogin, u.Why, cmp.Or(u.Next, "ask the city whether this box is registered"), nil
	}
	if e.Knock == nil {
		return "", "", "", []string{"its login was not tried: " + e.WhyNot}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*lookWithin)
	defer cancel()
	layer, err := e.Knock(ctx, b)
	if err == nil {
		return "", "", "", []string{confirmed}
	}
	text, next = err.Error(), "ask the city whether this box is registered"
	if refused, is := errors.AsType[*uplink.Refused](err); is {
		text, next = "refused by the broker: "+refused.Why, refused.Next
	}
	return layer, text, next, nil
}

// receipt says whether the platform confirms what it is sent.
func (e *examination) receipt(context.Context) []Row {
	s := e.Snapshot
	switch {
	case len(e.Site.Uplink.Brokers) == 0:
		return nil
	case string(e.Site.Uplink.Receipt) != uplink.ReceiptPlatform:
		return []Row{{State: Good, Text: "receipts: the broker's word is enough for this site"}}
	case s == nil:
		return []Row{{State: Unseen, Code: "unseen", Text: "receipts of the platform are seen only by a running sitepost", Next: e.orAsk("start sitepost, then sitepost test --all")}}
	}
	for _, lane := range []string{"alarm", "event"} {
		for name, l := range s.Store.Lanes {
			late := l.Sent > l.Received && !l.Oldest.IsZero() && s.Time.Sub(l.Oldest) > confirmWithin
			if string(name) == lane && late && s.Uplink != nil && s.Uplink.Up {
				return []Row{{State: Wrong, Code: "broker.receipt", Place: lane, Layer: "receipt", Text: fmt.Sprintf("the platform has not confirmed %d records that its broker has", l.Sent-l.Received), Next: "tell the city that its platform sends no receipts"}}
			}
		}
	}
	return []Row{{State: Good, Text: "receipts: the platform has confirmed what it was sent"}}
}
