package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"sitepost/uplink"
)

// encrypt holds the TLS handshake. Certificates, key and authority are asked for
// anew each time. It returns the moment from which the broker's certificate is
// valid, if that was tolerated although this machine's clock has not come there.
func (o Options) encrypt(ctx context.Context, raw net.Conn, host string) (net.Conn, time.Time, error) {
	settings := new(tls.Config)
	if o.TLS != nil {
		given, err := o.TLS()
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("tls: %w", err)
		}
		if given != nil {
			settings = given.Clone()
		}
	}
	if settings.ServerName == "" {
		settings.ServerName = host
	}
	var tolerated time.Time
	if o.Synced != nil && !o.Synced() {
		name, roots := settings.ServerName, settings.RootCAs
		settings.InsecureSkipVerify = true // it is verified here, at the moment that is left to choose
		settings.VerifyConnection = func(state tls.ConnectionState) (err error) {
			tolerated, err = verifyUnsynced(state.PeerCertificates, name, roots, time.Now())
			return err
		}
	}
	secure := tls.Client(raw, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, time.Time{}, explainTLS(err)
	}
	return secure, tolerated, nil
}

// verifyUnsynced checks the broker's certificates, chain and name, for a machine
// that does not know the time. A box without a battery wakes up in 1970, and if
// the time comes over this link it would never come: what is not valid yet is
// checked again at the moment when all of it has begun to be, which is returned.
// What has expired stays so, for at a later moment it has not come back to life.
func verifyUnsynced(certificates []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) (time.Time, error) {
	if len(certificates) == 0 {
		return time.Time{}, errors.New("the broker showed no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range certificates[1:] {
		between.AddCert(c)
	}
	begun := now
	for _, c := range certificates {
		if c.NotBefore.After(begun) {
			begun = c.NotBefore
		}
	}
	var err error
	for _, at := range []time.Time{now, begun} {
		_, err = certificates[0].Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: at})
		if err == nil && at.After(now) {
			return at, nil
		}
		if err == nil {
			return time.Time{}, nil
		}
	}
	return time.Time{}, &tls.CertificateVerificationError{UnverifiedCertificates: certificates, Err: err}
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
