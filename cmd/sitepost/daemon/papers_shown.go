package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"sitepost/config"
)

const (
	shownWithin = 5 * time.Second
	// alertWithin is how long a broker may take to say that it does not want a
	// certificate: in TLS 1.3 it does so after the handshake, unasked.
	alertWithin = time.Second
)

// Refuses holds out a certificate, which is not in its place yet, to a broker of the
// config, and returns what the broker has against it: "" is nothing, and tried false that
// nobody is there who could say. It says no word of MQTT, so that a running sitepost is
// not disturbed.
func Refuses(ctx context.Context, c *config.Config, b config.Broker, own tls.Certificate) (why string, tried bool) {
	up := c.Uplink
	up.Certificate = "" // it may not be there, or be the old one
	settings, err := tlsOf(up, b)
	at, urlErr := url.Parse(b.URL)
	if err != nil || urlErr != nil || !b.TLS {
		return "", false
	}
	settings.Certificates = []tls.Certificate{own}
	if settings.ServerName == "" {
		settings.ServerName = at.Hostname()
	}
	ctx, cancel := context.WithTimeout(ctx, shownWithin)
	defer cancel()
	conn, err := (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return refusalIn(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(alertWithin)); err != nil {
		return "", false
	}
	_, err = conn.Read(make([]byte, 1))
	if why, tried := refusalIn(err); tried {
		return why, true
	}
	late, ok := errors.AsType[net.Error](err)
	return "", ok && late.Timeout() // it waits for our first word
}

// refusalIn finds an alert about a certificate.
func refusalIn(err error) (why string, is bool) {
	alert, ok := errors.AsType[*net.OpError](err)
	if !ok || alert.Op != "remote error" || !strings.Contains(alert.Err.Error(), "certificate") {
		return "", false
	}
	return strings.TrimPrefix(alert.Err.Error(), "tls: "), true
}
