package daemon

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
)

// planCity plans the link to the brokers of the config, the preferred one first. A
// site that has no city yet keeps everything on disk.
func (p *plan) planCity() {
	up, s, c := p.config.Uplink, p.site, p.config
	if len(p.site.opt.Dials)+len(up.Brokers) == 0 {
		first := p.site.plan.Load() == nil
		p.onAccept(func() {
			if p.site.link.Swap(nil) != nil || first {
				p.site.opt.Log.Warn("no broker is configured: everything stays on disk until there is one")
			}
		})
		return
	}
	up.Readings = 0                       // is ingest's
	key := signKey(c.Commands, s.opt.Log) // not only where it lies: another key may lie there by now
	p.add(part{name: "link to the city", order: toCity, from: []any{c.Site.Name, up, c.Commands, key},
		begin: func() (func(context.Context), error) { return s.newLink(c, key), nil }})
}

// newLink makes a link, and returns what runs it. What the one before it left in the
// store goes by this one.
func (s *site) newLink(c *config.Config, key ed25519.PublicKey) (run func(context.Context)) {
	up := c.Uplink
	dials, named := s.opt.Dials, []string(nil)
	if dials == nil {
		for _, b := range up.Brokers {
			dials = append(dials, s.dial(c, b))
			named = append(named, b.Name)
		}
	}
	var h *hook // nil while the site has none
	if up.Hook != "" {
		h = newHook(up.Hook, c.Site.Name, s.opt.Log)
	}
	link := uplink.NewLink(uplink.Options{
		Site: c.Site.Name, Store: s.store, Dials: dials, Names: named,
		DrainRate: up.DrainRate, DrainStart: up.DrainStart, Receipt: string(up.Receipt),
		Version: s.opt.Version, BoxID: up.ClientID,
		Papers: s.papersOf(up), Path: h.hear,
		Allow: allowed(c.Commands), SignKey: key, Synced: s.synced,
		Say: s.sayOfLink,
		Log: s.opt.Log,
	})
	s.link.Store(link)
	return func(ctx context.Context) {
		var hooked sync.WaitGroup
		defer hooked.Wait()
		if h != nil {
			hooked.Go(func() { h.run(ctx) })
		}
		if err := link.Run(ctx); err != nil {
			s.opt.Log.Error("uplink ended", "err", err)
		}
	}
}

// sayOfLink puts on disk what the link says of itself.
func (s *site) sayOfLink(e devices.Event) error { return s.ingest.Say(boxName, e) }

// synced says whether the clock of the box can be trusted now.
func (s *site) synced() bool { return s.opt.Host.Clock().Synced }

// papersOf names the state of a broker's certificates; brokers of a test have none.
func (s *site) papersOf(up config.Uplink) func(broker int) string {
	return func(broker int) string {
		if s.opt.Dials != nil {
			return ""
		}
		return papers(up, up.Brokers[broker])
	}
}

// dial reaches one broker. User, password and certificates are read anew at each
// attempt, so that they can be renewed without a restart.
func (s *site) dial(c *config.Config, b config.Broker) uplink.Dial {
	up := c.Uplink
	o := mqtt.Options{URL: b.URL, ClientID: up.ClientID, KeepAlive: up.KeepAlive, Log: s.opt.Log}
	o.Synced = s.synced
	if !b.Password.IsZero() {
		o.Password = revealed(b.Password)
	}
	if b.TLS {
		o.TLS = func() (*tls.Config, error) { return tlsOf(up, b) }
	}
	filters := uplink.Subscriptions(c.Site.Name)
	return func(ctx context.Context, w uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
		user, err := b.User.Read()
		if err != nil {
			return nil, fmt.Errorf("user at broker %q: %w", b.Name, err)
		}
		o := o
		o.User = user
		return mqtt.Dial(o, filters)(ctx, w, onMessage)
	}
}

// tlsOf makes the TLS side of a broker from the files of the config. Where the
// config names an authority, only that one is believed.
func tlsOf(up config.Uplink, b config.Broker) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: b.ServerName}
	if up.CA != "" {
		pem, err := os.ReadFile(up.CA)
		if err != nil {
			return nil, fmt.Errorf("authority of the city: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("authority of the city: no certificate in %s (copy it there in PEM form)", up.CA)
		}
	}
	if up.Certificate == "" {
		return c, nil
	}
	own, err := os.ReadFile(up.Certificate)
	if err != nil {
		return nil, fmt.Errorf("certificate of the box: %w", err)
	}
	key, err := up.Key.Read()
	if err != nil {
		return nil, fmt.Errorf("key of the box: %w", err)
	}
	pair, err := tls.X509KeyPair(own, []byte(key.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("certificate of the box: %w (do %s and its key belong together?)", err, up.Certificate)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}
