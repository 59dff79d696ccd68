package daemon

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"time"

	"sitepost/config"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
)

// canaryWithin is how long a canary may be on its way when a person waits.
const canaryWithin = 5 * time.Second

// TLS makes the TLS side of a broker of the config, as a run does.
func TLS(c *config.Config, b config.Broker) (*tls.Config, error) { return tlsOf(c.Uplink, b) }

// Knock logs in to a broker once as this box, sends the canary, waits until it is back,
// and says goodbye. An error says at which layer that failed: "login" or "canary". It
// must not be called while a sitepost runs for this site: each would throw the other out.
func Knock(ctx context.Context, c *config.Config, b config.Broker, synced func() bool) (layer string, err error) {
	up, topic := c.Uplink, uplink.Topic(c.Site.Name, "canary")
	user, err := b.User.Read()
	if err != nil {
		return "login", err
	}
	o := mqtt.Options{URL: b.URL, ClientID: up.ClientID, User: user, KeepAlive: up.KeepAlive, Synced: synced}
	if !b.Password.IsZero() {
		o.Password = revealed(b.Password)
	}
	if b.TLS {
		o.TLS = func() (*tls.Config, error) { return tlsOf(up, b) }
	}
	own, err := doctorsCanary()
	if err != nil {
		return "canary", err
	}
	echoed := make(chan struct{}, 1)
	session, err := mqtt.Dial(o, []string{topic})(ctx, uplink.Will{}, func(m uplink.Message) {
		if m.Topic == topic && bytes.Equal(m.Payload, own) {
			select {
			case echoed <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		return "login", err
	}
	defer func() { _ = session.Close(ctx) }()
	session.Publish(uplink.Message{Topic: topic, Payload: own})
	late := time.NewTimer(canaryWithin)
	defer late.Stop()
	select {
	case <-echoed:
		return "", nil
	case <-session.Lost():
		return "canary", session.Cause()
	case <-late.C:
	case <-ctx.Done():
	}
	return "canary", errNotBack
}

// errNotBack is what an access list looks like from here.
var errNotBack error = &uplink.Refused{
	Why:  "the broker does not give our own canary back",
	Next: "ask the city whether this box may write up/# and read up/canary",
}

// doctorsCanary is one of an epoch that no store has.
func doctorsCanary() ([]byte, error) {
	var epoch [8]byte
	_, _ = rand.Read(epoch[:]) // never fails
	text, err := json.Marshal(map[string]any{
		"schema": uplink.Schema, "epoch": hex.EncodeToString(epoch[:]), "birth": 1, "time": time.Now().Format("2006-01-02T15:04:05.000Z07:00"),
	})
	return text, err
}
