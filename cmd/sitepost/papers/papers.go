// Package papers makes what a box shows the city to prove who it is: its own key, the
// request for a certificate, and a judgement of the certificate that comes back.
//
//	box                                city
//	NewKey ──► key (stays here)
//	   └────► Request ──── CSR ───────► signs
//	          Judge ◄───── PEM, DER ──── certificate and its chain
//
// Rules:
//   - The key never leaves: nothing here prints it, and a file from the city that holds a
//     key is refused.
//   - A key of our own is ECDSA P-256; other keys that a site already has are used as
//     they are. Signatures are over SHA-256 or better.
//   - Everything wrong with a certificate is told at once, with what to do.
//
// It does not know where these things lie, whom they may be read by, or who asks.
package papers

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// MaxFile is the largest file that is read, in bytes: a certificate with its chain.
const MaxFile = 64 << 10

// leastRSA is the shortest RSA key that brokers still take, in bits.
const leastRSA = 2048

// NewKey makes a key, and returns it also as PKCS#8 in PEM.
func NewKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ReadKey reads a key in PEM. Errors say what to do, and never repeat the text.
func ReadKey(text []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, errors.New("the key has a password, and sitepost has nobody to ask for it: make one with --new-key")
		default: // EC PARAMETERS, as openssl writes them
			continue
		}
		if err != nil {
			return nil, errors.New("the key is damaged: make one with --new-key")
		}
		return usable(key)
	}
	return nil, errors.New("there is no key in it (-----BEGIN PRIVATE KEY-----): correct the path")
}

// usable refuses what no broker takes.
func usable(key any) (crypto.Signer, error) {
	if r, ok := key.(*rsa.PrivateKey); ok && r.N.BitLen() < leastRSA {
		return nil, fmt.Errorf("the RSA key has %d bits, and brokers ask for %d: make one with --new-key", r.N.BitLen(), leastRSA)
	}
	if e, ok := key.(*ecdsa.PrivateKey); ok && e.Curve == elliptic.P224() {
		return nil, errors.New("the key is on the curve P-224, which TLS does not know: make one with --new-key")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign: make one with --new-key")
	}
	return signer, nil
}

// A Subject is who a box is to the city.
type Subject struct {
	CommonName   string // brokers take it for the user
	Organization string
	Unit         string // "" is none
}

// Request is the request for a certificate (CSR, PKCS#10) in PEM.
func Request(key crypto.Signer, s Subject) ([]byte, error) {
	name := pkix.Name{CommonName: s.CommonName, Organization: []string{s.Organization}}
	if s.Unit != "" {
		name.OrganizationalUnit = []string{s.Unit}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// Fingerprint is the SHA-256 of a public key: what two people compare over the telephone.
func Fingerprint(key crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// same says whether two public keys are one.
func same(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
