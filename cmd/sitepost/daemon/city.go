package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
)

// connectCity makes the link to the brokers of the config, the preferred one
// first. A site that has no city yet keeps everything on disk.
func (s *site) connectCity() error {
	up := s.file().Uplink
	dials, named := s.opt.Dials, []string(nil)
	if dials == nil {
		for _, b := range up.Brokers {
			dials = append(dials, s.dial(b))
			named = append(named, b.Name)
		}
	}
	if len(dials) == 0 {
		s.opt.Log.Warn("no broker is configured: everything stays on disk until there is one")
		return nil
	}
	if up.Hook != "" {
		s.hook = newHook(up.Hook, s.file().Site.Name, s.opt.Log)
	}
	s.link = uplink.NewLink(uplink.Options{
		Site: s.file().Site.Name, Store: s.store, Dials: dials, Names: named,
		DrainRate: up.DrainRate, DrainStart: up.DrainStart, Receipt: string(up.Receipt),
		Version: s.opt.Version, BoxID: up.ClientID,
		Papers: s.papers, Path: s.pathChanged,
		Allow: allowed(s.file().Commands), SignKey: s.signKey(), Synced: s.synced,
		Say: s.sayOfLink,
		Log: s.opt.Log,
	})
	return nil
}

// sayOfLink puts on disk what the link says of itself.
func (s *site) sayOfLink(e devices.Event) error { return s.ingest.Say(boxName, e) }

// synced says whether the clock of the box can be trusted now.
func (s *site) synced() bool { return s.opt.Host.Clock().Synced }

// papers names the state of a broker's certificates; brokers of a test have none.
func (s *site) papers(broker int) string {
	up := s.file().Uplink
	if s.opt.Dials != nil {
		return ""
	}
	return papers(up, up.Brokers[broker])
}

// pathChanged hears of the way to the city.
func (s *site) pathChanged(p uplink.Path) {
	if s.hook != nil {
		s.hook.hear(p)
	}
}

// dial reaches one broker. User, password and certificates are read anew at each
// attempt, so that they can be renewed without a restart.
func (s *site) dial(b config.Broker) uplink.Dial {
	up := s.file().Uplink
	o := mqtt.Options{URL: b.URL, ClientID: up.ClientID, KeepAlive: up.KeepAlive, Log: s.opt.Log}
	o.Synced = s.synced
	if !b.Password.IsZero() {
		o.Password = revealed(b.Password)
	}
	if b.TLS {
		o.TLS = func() (*tls.Config, error) { return tlsOf(up, b) }
	}
	filters := uplink.Subscriptions(s.file().Site.Name)
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
