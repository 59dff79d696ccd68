package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"sitepost/config"
)

// alertWithin is how long a broker has to say that it does not like our certificate: in
// TLS 1.3 that comes after the handshake.
const alertWithin = 500 * time.Millisecond

// secure holds the handshake. Nothing is said over the connection; text is what failed.
func (e *examination) secure(ctx context.Context, conn net.Conn, b config.Broker, host string) (state tls.ConnectionState, text, next string) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	settings, err := e.TLS(b)
	if err != nil {
		return state, err.Error(), "correct uplink.ca, uplink.certificate or uplink.key"
	}
	settings = settings.Clone()
	settings.ServerName = cmp.Or(settings.ServerName, host)
	c := tls.Client(conn, settings)
	if err := c.HandshakeContext(ctx); err != nil {
		text, next = e.explainTLS(err, settings.ServerName)
		return state, text, next
	}
	_ = c.SetReadDeadline(time.Now().Add(alertWithin))
	if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		text, next = e.explainTLS(err, settings.ServerName)
		return state, text, next
	}
	return c.ConnectionState(), "", ""
}

// explainTLS says what of a handshake failed, in words for who must repair it.
func (e *examination) explainTLS(err error, name string) (text, next string) {
	var shown *x509.Certificate
	if failed, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(failed.UnverifiedCertificates) > 0 {
		shown = failed.UnverifiedCertificates[0]
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok && shown != nil {
		return fmt.Sprintf("its certificate is for %s, and not for %s", names(shown), name), "set server_name to the name in the certificate"
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		return e.outOfTime(bad.Cert)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok && shown != nil {
		return fmt.Sprintf("its certificate is signed by %q, which uplink.ca does not contain", shown.Issuer.CommonName), "ask the city for the certificate of its authority, and put it into uplink.ca"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the port does not speak TLS", "ask the city which port is that of mqtts, usually 8883"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return "the broker refuses our side of it: " + op.Err.Error(), "check uplink.certificate and uplink.key; the city may have to sign a new one"
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return "the port is open, and nobody answers the handshake", "ask the city whether the broker runs, or a proxy in between swallows"
	}
	return "the connection ended in the handshake: " + plainCause(err), "ask the city what its broker says of it"
}

// outOfTime is a certificate that is not valid now.
func (e *examination) outOfTime(c *x509.Certificate) (text, next string) {
	now := e.Machine.Wall()
	clock := ""
	if !e.Machine.Synced() {
		clock = ", and this machine's clock is not set"
	}
	if now.Before(c.NotBefore) {
		return fmt.Sprintf("its certificate begins only on %s%s", c.NotBefore.Format(time.DateOnly), clock), "set the clock; if it is right, tell the city"
	}
	return fmt.Sprintf("its certificate ended on %s%s", c.NotAfter.Format(time.DateOnly), clock), "tell the city that it needs a new one; if the clock is wrong, set it"
}

// names are those that a certificate is for.
func names(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return cmp.Or(strings.Join(all[:min(4, len(all))], ", "), c.Subject.CommonName, "nobody")
}
