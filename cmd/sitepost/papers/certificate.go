package papers

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxCertificates is how many a file of the city may hold.
const maxCertificates = 10

// Certificates are those of one file, in its order.
type Certificates []*x509.Certificate

// ReadCertificates takes a file of the city apart: PEM, or one certificate in DER.
func ReadCertificates(raw []byte) (Certificates, error) {
	if len(raw) > MaxFile {
		return nil, errors.New("larger than 64 KiB: this is no certificate")
	}
	if one, err := x509.ParseCertificate(raw); err == nil {
		return Certificates{one}, nil
	}
	raw = bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF")) // of Windows Notepad; it would hide the first one
	if bytes.HasPrefix(raw, []byte("\xFF\xFE")) || bytes.HasPrefix(raw, []byte("\xFE\xFF")) {
		return nil, errors.New("the file is in UTF-16: save it as \"UTF-8\" (Windows Notepad: 另存为, 编码 UTF-8), or copy what the city sent once more")
	}
	var all Certificates
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, errors.New("there is a private key in it: the key of the box never leaves the box, so nobody can send one; ask the city to sign the request that `sitepost enroll` prints")
		case block.Type == "PKCS7":
			return nil, errors.New("this is PKCS#7: turn it into PEM with `openssl pkcs7 -print_certs`")
		case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
			return nil, errors.New("this is the request, not the certificate: the city signs it and sends the certificate back")
		case block.Type != "CERTIFICATE":
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: copy the file again", len(all)+1)
		}
		if all = append(all, c); len(all) > maxCertificates {
			return nil, fmt.Errorf("there are more than %d certificates in it: take the box's own and those that signed it", maxCertificates)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there is no certificate in it (-----BEGIN CERTIFICATE-----): ask the city for PEM")
	}
	return all, nil
}

// Own is the certificate of a key, nil if there is none. Of several it is the newest: a
// renewed one may stand below the one it renews.
func (cs Certificates) Own(key crypto.PublicKey) (own *x509.Certificate) {
	for _, c := range cs {
		if same(c.PublicKey, key) && (own == nil || c.NotBefore.After(own.NotBefore)) {
			own = c
		}
	}
	return own
}

// Signed says whether one of them, or the certificate itself, signed it.
func (cs Certificates) Signed(c *x509.Certificate) bool {
	return slices.ContainsFunc(append(Certificates{c}, cs...), func(by *x509.Certificate) bool {
		return bytes.Equal(by.RawSubject, c.RawIssuer) && by.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
	})
}

// Chain puts the box's own certificate first and behind each the one that signed it, which
// is the order TLS wants. Others are left out; left is how many.
func (cs Certificates) Chain(own *x509.Certificate) (chain Certificates, left int) {
	chain = Certificates{own}
	for last := own; len(chain) < len(cs); {
		i := slices.IndexFunc(cs, func(c *x509.Certificate) bool {
			return !slices.Contains(chain, c) && bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil
		})
		if i < 0 {
			break
		}
		last = cs[i]
		chain = append(chain, last)
	}
	return chain, len(cs) - len(chain)
}

// PEM is the text of certificates, as it is written.
func (cs Certificates) PEM() []byte {
	var out bytes.Buffer
	for _, c := range cs {
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // a Buffer takes everything
	}
	return out.Bytes()
}

// Judge says everything that keeps a certificate from being that of this box at a
// broker, each with what to do.
func Judge(c *x509.Certificate, commonName string, now time.Time) (wrong []error) {
	tell := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if c.Subject.CommonName != commonName {
		tell("it is for CN %q, and client_id is %q: ask the city for one with CN %q, or change client_id if the city names its boxes so", c.Subject.CommonName, commonName, commonName)
	}
	anything := len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
	if !anything && !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		tell("it is not for client authentication: ask the city for one with extendedKeyUsage clientAuth")
	}
	if c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		tell("its key may not sign: ask the city for one with keyUsage digitalSignature")
	}
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		tell("it is signed over %s, which brokers refuse: ask the city for one that is signed over SHA-256", c.SignatureAlgorithm)
	}
	if c.IsCA {
		tell("it is an authority's own certificate: ask the city for one of a client")
	}
	switch {
	case now.After(c.NotAfter):
		tell("it ended on %s: ask the city for a new one", day(c.NotAfter))
	case now.Before(c.NotBefore):
		tell("it begins on %s, and the clock of this box says %s: set the clock, or wait", c.NotBefore.Local().Format(time.DateTime), now.Local().Format(time.DateTime))
	}
	if c.NotAfter.Before(c.NotBefore) {
		tell("it ends before it begins: ask the city for a new one")
	}
	return wrong
}

func day(t time.Time) string { return t.Local().Format(time.DateOnly) }
