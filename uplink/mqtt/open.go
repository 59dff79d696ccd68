package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"sitepost/uplink"
)

// open makes the connection that paho will speak over: TCP, then TLS where the
// URL says so, then the fence.
func open(ctx context.Context, target *url.URL, config func() (*tls.Config, error)) (*fence, error) {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	dialer := net.Dialer{Control: noticeSilence, KeepAlive: 15 * time.Second}
	raw, err := dialer.DialContext(ctx, "tcp", target.Host)
	if err != nil {
		return nil, err
	}
	if target.Scheme == "mqtt" {
		return newFence(raw), nil
	}
	secure, err := encrypt(ctx, raw, target.Hostname(), config)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return newFence(secure), nil
}

// encrypt holds the TLS handshake.
func encrypt(ctx context.Context, raw net.Conn, host string, config func() (*tls.Config, error)) (net.Conn, error) {
	settings := new(tls.Config)
	if config != nil {
		given, err := config()
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		if given != nil {
			settings = given.Clone()
		}
	}
	if settings.ServerName == "" {
		settings.ServerName = host
	}
	secure := tls.Client(raw, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, explainTLS(err)
	}
	return secure, nil
}

// explainTLS finds the two failures of TLS that waiting does not heal.
func explainTLS(err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		if name, ok := errors.AsType[x509.HostnameError](err); ok {
			return &uplink.Refused{Why: name.Error(), Next: "set server_name to the name in the broker's certificate"}
		}
		return &uplink.Refused{Why: err.Error(), Next: "check uplink.ca, the broker's certificate, and this machine's clock"}
	}
	return remoteAlert(err)
}

// remoteAlert recognises a TLS alert of the broker. In TLS 1.3 it comes with
// the first read, after the handshake.
func remoteAlert(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return &uplink.Refused{Why: op.Err.Error(), Next: "check uplink.certificate and uplink.key; the city may have to sign a new one"}
	}
	return err
}
