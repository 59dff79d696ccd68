package onvif

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
)

// Cameras sign their own certificates, so no authority vouches for them. The
// certificate that is seen first is trusted, and from then on no other one: who
// wants to come between must have been there from the beginning. ssh does the same.

var pinForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// checkPin refuses what can be no fingerprint; "" is none.
func checkPin(pin string) error {
	if pin != "" && !pinForm.MatchString(pin) {
		return fmt.Errorf("pin %q is not sha256: and 64 hexadecimal digits in lower case", pin)
	}
	return nil
}

// fingerprint names a certificate by its DER.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// CertificateChanged says that somebody with another certificate than the trusted
// one answers at the camera's address. No login was sent. It needs a person.
type CertificateChanged struct {
	Host        string
	Known, Seen string // fingerprints, "sha256:…"
}

func (e *CertificateChanged) Error() string {
	return fmt.Sprintf("camera %q shows another certificate than the trusted one (%s, trusted is %s), so no login was sent: %s", e.Host, e.Seen, e.Known, e.NextStep())
}

// NextStep tells a person what to do.
func (e *CertificateChanged) NextStep() string {
	return fmt.Sprintf("if the camera was replaced, reset or given a new certificate, compare the fingerprint with the one in the camera's own page and trust it (onvif_pin = %q); if not, somebody may sit between: look at the cabling first", e.Seen)
}

var errNoCertificate = errors.New("it shows no certificate")

// verify looks at the certificate before anything is sent.
func (g *guard) verify(state tls.ConnectionState) error {
	if g.anyCertificate {
		return nil
	}
	if len(state.PeerCertificates) == 0 {
		return errNoCertificate
	}
	seen := fingerprint(state.PeerCertificates[0].Raw)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.pin {
	case seen:
		return nil
	case "":
		g.pin = seen
		return nil
	}
	return &CertificateChanged{Host: g.host, Known: g.pin, Seen: seen}
}

// trusted is the fingerprint of the trusted certificate, "" for none yet.
func (g *guard) trusted() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pin
}

// trust makes one certificate the trusted one; "" is the one that is seen next.
func (g *guard) trust(pin string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pin = pin
}
