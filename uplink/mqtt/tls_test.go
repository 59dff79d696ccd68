package mqtt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"sitepost/uplink"
)

// An authority signs certificates of a test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// sign makes a certificate for a name; without an authority it signs itself.
func sign(t *testing.T, by *authority, name string, from, until time.Time) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: from, NotAfter: until, IsCA: by == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	signer := &authority{template, key}
	if by != nil {
		signer = by
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.certificate, &key.PublicKey, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{leaf, key}
}

// TestVerifyUnsynced: a box that does not know the time takes a certificate that
// is not valid yet and says from when it is; never one that has expired, nor one
// of another name or another authority.
func TestVerifyUnsynced(t *testing.T) {
	t.Parallel()
	day := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	root := sign(t, nil, "root", day(2020), day(2040))
	other := sign(t, nil, "root", day(2020), day(2040))
	late := sign(t, nil, "late", day(2027), day(2040)) // younger than what it signed
	for _, test := range []struct {
		name      string
		leaf      *authority
		roots     []*authority
		server    string
		now, want time.Time // want: zero is not tolerated, or needed not be
		fails     string
	}{
		{"valid", sign(t, root, "city", day(2025), day(2030)), []*authority{root}, "city", day(2026), time.Time{}, ""},
		{"1970", sign(t, root, "city", day(2025), day(2030)), []*authority{root}, "city", time.Unix(0, 0), day(2025), ""},
		{"expired", sign(t, root, "city", day(2025), day(2026)), []*authority{root}, "city", day(2027), time.Time{}, "expired"},
		{"another name", sign(t, root, "town", day(2025), day(2030)), []*authority{root}, "city", time.Unix(0, 0), time.Time{}, "not city"},
		{"another authority", sign(t, other, "city", day(2025), day(2030)), []*authority{root}, "city", time.Unix(0, 0), time.Time{}, "unknown authority"},
		{"the authority would have expired", sign(t, root, "city", day(2045), day(2050)), []*authority{root}, "city", day(2026), time.Time{}, "is after 2040"},
		{"the authority begins later", sign(t, late, "city", day(2025), day(2030)), []*authority{late}, "city", day(2026), time.Time{}, "is before 2027"},
	} {
		pool := x509.NewCertPool()
		for _, r := range test.roots {
			pool.AddCert(r.certificate)
		}
		got, err := verifyUnsynced([]*x509.Certificate{test.leaf.certificate}, test.server, pool, test.now)
		if (test.fails == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%s: got %v, want an error with %q", test.name, err, test.fails)
		}
		if !got.Equal(test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// TestUnsyncedHandshake: the same through a handshake. Only a clock that is known to
// be wrong excuses a certificate that begins later; the name is checked all the same.
func TestUnsyncedHandshake(t *testing.T) {
	t.Parallel()
	now := time.Now()
	root := sign(t, nil, "root", now.Add(-time.Hour), now.AddDate(10, 0, 0))
	early := sign(t, root, "city", now.AddDate(1, 0, 0), now.AddDate(2, 0, 0))
	ended := sign(t, root, "city", now.AddDate(0, 0, -2), now.AddDate(0, 0, -1))
	pool := x509.NewCertPool()
	pool.AddCert(root.certificate)
	for _, test := range []struct {
		name   string
		shows  *authority
		synced func() bool
		server string
		want   time.Time
		next   string // of the refusal; "" is none
	}{
		{"unsynced", early, func() bool { return false }, "city", early.certificate.NotBefore, ""},
		{"synced", early, func() bool { return true }, "city", time.Time{}, "clock"},
		{"nobody knows", early, nil, "city", time.Time{}, "clock"},
		{"unsynced, another name", early, func() bool { return false }, "town", time.Time{}, "server_name"},
		{"unsynced, expired", ended, func() bool { return false }, "city", time.Time{}, "clock"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			theirs, err := l.Accept()
			if err != nil {
				return
			}
			c := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{test.shows.certificate.Raw}, PrivateKey: test.shows.key}}})
			_ = c.HandshakeContext(t.Context())
			_ = theirs.Close()
		}()
		ours, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Synced: test.synced, TLS: func() (*tls.Config, error) { return &tls.Config{RootCAs: pool, ServerName: test.server}, nil }}
		_, got, err := o.encrypt(t.Context(), ours, "127.0.0.1")
		_ = ours.Close()
		_ = l.Close()
		<-done
		refused, _ := errors.AsType[*uplink.Refused](err)
		if (test.next == "") != (err == nil) || test.next != "" && (refused == nil || !strings.Contains(refused.Next, test.next)) {
			t.Errorf("%s: got %v, want a refusal that names %q", test.name, err, test.next)
		}
		if !got.Equal(test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
