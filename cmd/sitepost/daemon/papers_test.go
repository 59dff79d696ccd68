package daemon

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/box"
	"sitepost/config"
	"sitepost/uplink"
	"sitepost/uplink/mqtt/mqtttest"
)

// A town is an authority whose certificates lie in files.
type town struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newTown(t *testing.T) *town {
	t.Helper()
	o := &town{dir: t.TempDir()}
	o.issue(t, "ca", true)
	return o
}

func (o *town) path(name string) string { return filepath.Join(o.dir, name) }

// issue writes NAME.pem and NAME.key for a common name; the first signs the others.
func (o *town) issue(t *testing.T, name string, authority bool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: authority, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if authority {
		template.KeyUsage |= x509.KeyUsageCertSign
		o.certificate, o.key = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, o.certificate, &key.PublicKey, o.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, o.path(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, o.path(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// renew puts a certificate and key of that name where the box has its own.
func (o *town) renew(t *testing.T, name string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		text, err := os.ReadFile(o.path(name + part))
		if err != nil {
			t.Fatal(err)
		}
		write(t, o.path("box"+part), text)
	}
}

// TestRenewedCertificate: a real broker that knows a box by its certificate knows
// it by the renewed one at the next connection, without a restart; and the link is
// told that there is one, but not while only half of it is written.
func TestRenewedCertificate(t *testing.T) {
	t.Parallel()
	o := newTown(t)
	for _, name := range []string{"broker", "box-old", "box-new"} {
		o.issue(t, name, false)
	}
	o.renew(t, "box-old", ".pem", ".key")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strings.TrimPrefix(l.Addr().String(), "127.0.0.1:")
	l.Close()
	b := mqtttest.Start(t, mqtttest.Options{
		ACL: []string{"topic read #", "pattern write known/%u/#"},
		Lines: []string{
			"listener " + port + " 127.0.0.1", "cafile " + o.path("ca.pem"), "certfile " + o.path("broker.pem"), "keyfile " + o.path("broker.key"),
			"require_certificate true", "use_identity_as_username true",
		},
	})
	city := b.Subscribe(t, "known/#")
	key, err := config.SecretAt("file:" + o.path("box.key"))
	if err != nil {
		t.Fatal(err)
	}
	up := config.Uplink{
		ClientID: "box1", KeepAlive: 15 * time.Second, CA: o.path("ca.pem"), Certificate: o.path("box.pem"), Key: key,
		Brokers: []config.Broker{{Name: "city-a", URL: "mqtts://127.0.0.1:" + port, TLS: true}},
	}
	s := &site{opt: Options{Host: new(box.Machine()), Config: &config.Config{Site: config.Site{Name: "harbour"}, Uplink: up}}}
	before := s.papersOf(up)(0)
	sayAs(t, s, "box-old")
	o.renew(t, "box-new", ".pem")
	if got := s.papersOf(up)(0); got != "" {
		t.Errorf("half of a renewal: got %q, want nothing", got)
	}
	o.renew(t, "box-new", ".key")
	if got := s.papersOf(up)(0); got == "" || got == before {
		t.Errorf("renewed: got %q, want another than %q", got, before)
	}
	sayAs(t, s, "box-new")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := city.Await(ctx, func(all []mqtttest.Message) bool { return len(all) == 2 }); err != nil {
		t.Fatalf("the city heard %v", city.Messages())
	}
	for i, want := range []string{"known/box-old/x", "known/box-new/x"} {
		if got := city.Messages()[i].Topic; got != want {
			t.Errorf("message %d: got %q, want %q", i, got, want)
		}
	}
}

// sayAs dials and says something where only the bearer of a certificate may.
func sayAs(t *testing.T, s *site, name string) {
	t.Helper()
	session, err := s.dial(s.file(), s.file().Uplink.Brokers[0])(t.Context(), uplink.Will{}, func(uplink.Message) {})
	if err != nil {
		t.Fatal(err)
	}
	r := session.Publish(uplink.Message{Topic: "known/" + name + "/x", Payload: []byte("x")})
	if <-r.Done(); r.Error() != nil {
		t.Error(r.Error())
	}
	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
