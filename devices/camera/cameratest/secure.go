package cameratest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"net"
	"sync/atomic"
	"time"
)

// A seal is the certificate of a camera that speaks https. It is signed by itself
// and names nobody, as most are.
type seal struct {
	now atomic.Pointer[tls.Certificate]
}

// renew makes another certificate, as a factory reset does.
func (s *seal) renew() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	paper := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)} // cameras do not care
	der, err := x509.CreateCertificate(rand.Reader, paper, paper, key.Public(), key)
	if err == nil {
		s.now.Store(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	}
	return err
}

// behind makes a listener speak TLS.
func (s *seal) behind(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.now.Load(), nil }})
}

// RenewCertificate gives a camera that speaks https another certificate.
func (v *Camera) RenewCertificate() error { return v.seal.renew() }

// Fingerprint is that of the certificate now: "sha256:" and the hexadecimal digits.
func (v *Camera) Fingerprint() string {
	sum := sha256.Sum256(v.seal.now.Load().Certificate[0])
	return "sha256:" + hex.EncodeToString(sum[:])
}
