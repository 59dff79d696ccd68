// Package mqtt opens connections to MQTT 3.1.1 brokers for package uplink. It
// is the only room for paho.mqtt.golang, and treats it as a dumb pipe:
//
//   - One fresh client per connection, without its store, its reconnecting and
//     its retrying. Every other use of it reports success without the broker's
//     word, or waits for ever (client.go 1024 and 1118, messageids.go 90, in
//     v1.5.1; its issues 458 and 563).
//   - Behind a fence (fence.go): the broker's bytes are checked before paho
//     sees them. Five bytes could make it allocate 256 MiB, a wrong kind of
//     acknowledgement count as success, and a SUBACK with too many codes panic.
//   - With write deadlines of our own: a keep-alive of paho's blocks for ever in
//     a full socket.
//
// So a nil error on a receipt means one thing only: the broker sent the PUBACK
// of this message on this connection.
//
// This package does not know what is sent, or when to connect again.
package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"sitepost/uplink"
)

const (
	connectPatience = 10 * time.Second // TCP and TLS, and again from CONNECT to CONNACK
	writePatience   = 10 * time.Second
	pingPatience    = 10 * time.Second
	maxPacket       = 256 << 10 // of the broker: fixed header excluded
)

// Options say which broker is dialled, and as whom.
type Options struct {
	URL      string                 // mqtts://HOST[:8883] or mqtt://HOST[:1883]; no user, no path
	ClientID string                 // unique at the broker
	User     string                 // "" for none
	Password func() (string, error) // asked at each attempt; nil for none

	// TLS is asked at each attempt for an mqtts URL, so that a new certificate
	// is used without a restart. nil, or a nil config, is Go's default. Without
	// a ServerName the URL's host is the name in the certificate.
	TLS func() (*tls.Config, error)

	// Synced says whether this machine's clock is right; nil means that it is.
	// While it is not, a certificate of the broker that is not valid yet is
	// tolerated, see uplink.Unsynced; an expired one never is.
	Synced func() bool

	KeepAlive time.Duration // whole seconds; 0: 15 s
	Log       *slog.Logger  // hears of subscriptions the broker refuses; nil: nobody
}

// Dial returns a way to open a session that is subscribed to the filters. Its
// error is an *uplink.Refused when the broker's answer, or our own files, need
// a person.
func Dial(o Options, subscriptions []string) uplink.Dial {
	if o.KeepAlive < time.Second {
		o.KeepAlive = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return func(ctx context.Context, will uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
		target, err := parse(o.URL)
		if err != nil {
			return nil, err
		}
		options, err := o.client(will)
		if err != nil {
			return nil, fmt.Errorf("broker %q: %w", target.Host, err)
		}
		conn, tolerated, err := o.open(ctx, target)
		if err != nil {
			return nil, fmt.Errorf("broker %q: %w", target.Host, err)
		}
		s := newSession(conn, options, onMessage)
		s.tolerated = tolerated
		if err := s.begin(ctx, subscriptions, o.Log); err != nil {
			return nil, fmt.Errorf("broker %q: %w", target.Host, err)
		}
		return s, nil
	}
}

// parse reads a broker's URL and fills in the port.
func parse(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the broker's URL cannot be read (mqtts://HOST:PORT)") // err would print a password in it
	}
	ports := map[string]string{"mqtts": "8883", "mqtt": "1883"}
	port, known := ports[u.Scheme]
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("broker %q: the URL carries a user (use user and password instead)", u.Host)
	case !known:
		return nil, fmt.Errorf("broker %q: scheme %q (use mqtts, or mqtt to this machine)", u.Host, u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the broker's URL names no host (mqtts://HOST:PORT)")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

// client returns the options of one paho client: all of its own cleverness off.
func (o Options) client(will uplink.Will) (*paho.ClientOptions, error) {
	c := paho.NewClientOptions().
		SetClientID(o.ClientID).
		SetProtocolVersion(4). // else each refusal is tried again as MQTT 3.1
		SetCleanSession(true). // else receipts hang for ever after a loss
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetStore(forgetful{}).
		SetKeepAlive(o.KeepAlive).
		SetPingTimeout(pingPatience). // watch.go is faster
		SetConnectTimeout(connectPatience).
		SetWriteTimeout(writePatience).
		SetOrderMatters(true) // false starts a goroutine per message of the broker
	if will.Topic != "" {
		c.SetBinaryWill(will.Topic, will.Payload, 1, will.Retain)
	}
	if o.User != "" {
		c.SetUsername(o.User)
	}
	if o.Password != nil {
		password, err := o.Password()
		if err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
		c.SetPassword(password)
	}
	return c, nil
}
