package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/papers"
	"sitepost/cmd/sitepost/status"
	"sitepost/uplink/mqtt/mqtttest"
)

// request reads the request that the tool wrote.
func (b *installedBox) request(name string) *x509.CertificateRequest {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	must(b.t, err)
	block, _ := pem.Decode(text)
	if block == nil {
		b.t.Fatalf("there is no request in %s", text)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	must(b.t, err)
	must(b.t, csr.CheckSignature())
	return csr
}

// client is a certificate to be signed for a name.
func client(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
}

// brokerOf starts Debian's mosquitto, which knows boxes by the certificates of a city and
// lets each speak for itself alone.
func (b *installedBox) brokerOf(city *scriptCity) (broker *mqtttest.Broker, url string) {
	b.t.Helper()
	key, text, err := papers.NewKey()
	must(b.t, err)
	own := client("broker")
	own.IPAddresses, own.ExtKeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	ca := b.write("ca.pem", string(papers.Certificates{city.certificate}.PEM()))
	certificate := b.write("broker.pem", string(papers.Certificates{city.sign(failing{b.t}, own, key.Public())}.PEM()))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b.t, err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	must(b.t, l.Close())
	broker = mqtttest.Start(b.t, mqtttest.Options{
		ACL: []string{"topic read #", "pattern readwrite sitepost/1/%u/#"},
		Lines: []string{
			"listener " + port + " 127.0.0.1", "cafile " + ca, "certfile " + certificate, "keyfile " + b.write("broker.key", string(text)),
			"require_certificate true", "use_identity_as_username true",
		},
	})
	return broker, "mqtts://127.0.0.1:" + port
}

// TestEnrolledBox is the life of a box's papers: answers make its site file, enroll its key
// and request, a city signs, enroll installs, and the daemon, as a user of its own, logs in
// with them at a real broker that asks for a certificate. What root wrote on the way the
// daemon can read, and nobody else. (security.md 5 and 9)
func TestEnrolledBox(t *testing.T) {
	t.Parallel()
	b := newInstalledBox(t)
	city := newCity(failing{t})
	broker, url := b.brokerOf(city)
	said := broker.Subscribe(t, "sitepost/#")
	b.begin(city, url)
	csr := b.request("box.csr")
	b.refused(city, csr)

	signed := city.sign(failing{t}, client("demo"), csr.PublicKey)
	b.says(exitGood, "enroll", "--install", b.write("good.pem", string(papers.Certificates{signed}.PEM())))
	b.closed("etc/site.toml", 0o640)
	b.closed("etc/secrets/box.key", 0o640)

	stop := b.run()
	b.until("the city lets the box in", func(u *status.Uplink) bool { return u.Up })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := said.Await(ctx, func(all []mqtttest.Message) bool {
		for _, m := range all {
			if m.Topic == "sitepost/1/demo/up/alarm/box" || m.Topic == "sitepost/1/demo/up/event/box" {
				return true
			}
		}
		return false
	}); err != nil {
		t.Errorf("the city heard %d messages and no record of the box: %v", len(said.Messages()), err)
	}
	stop()
	b.renewed(city)
	b.strangersPaper()
}

// begin writes the site file by answers, and asks for a certificate.
func (b *installedBox) begin(city *scriptCity, url string) {
	b.t.Helper()
	answers := b.write("answers.toml", `name = "demo"
device_interfaces = []
device_networks = []
store_directory = "`+b.path("store")+`"
store_size = "64MiB"
broker = "`+url+`"
ca = "`+b.path("etc/tls/city-ca.pem")+`"
certificate = "`+b.path("etc/tls/box.pem")+`"
key = "file:`+b.path("etc/secrets/box.key")+`"
`)
	b.says(exitGood, "init", "--answers", answers, "--write", b.path("etc/site.toml"))
	must(b.t, os.WriteFile(b.path("etc/tls/city-ca.pem"), papers.Certificates{city.certificate}.PEM(), 0o644))
	must(b.t, os.Chmod(b.path("etc/tls/city-ca.pem"), 0o644))
	b.says(exitGood, "enroll", "--out", b.path("box.csr"))
	b.closed("etc/secrets/box.key", 0o640)
}

// refused: a certificate of another box is not installed, neither one of its key nor one
// of its name.
func (b *installedBox) refused(city *scriptCity, csr *x509.CertificateRequest) {
	b.t.Helper()
	other, _, err := papers.NewKey()
	must(b.t, err)
	for what, c := range map[string]*x509.Certificate{
		"it does not belong to the key " + b.path("etc/secrets/box.key") + ": it is another box's": city.sign(failing{b.t}, client("demo"), other.Public()),
		`it is for CN "demo-2", and client_id is "demo": ask the city for one with CN "demo"`:      city.sign(failing{b.t}, client("demo-2"), csr.PublicKey),
	} {
		got := b.says(exitFindings, "enroll", "--install", b.write("other.pem", string(papers.Certificates{c}.PEM())))
		if !strings.Contains(got, what) || !strings.Contains(got, "other.pem is not installed") || exists(b.path("etc/tls/box.pem")) {
			b.t.Errorf("got %s\nwant %s", got, what)
		}
	}
}

// renewed: the next pair takes the place of the first, with the same owner and mode, and
// the city lets the box in with it.
func (b *installedBox) renewed(city *scriptCity) {
	b.t.Helper()
	b.says(exitGood, "enroll", "--new-key", "--out", b.path("new.csr"))
	b.closed("etc/secrets/box.key.new", 0o640)
	signed := city.sign(failing{b.t}, client("demo"), b.request("new.csr").PublicKey)
	b.says(exitGood, "enroll", "--install", b.write("new.pem", string(papers.Certificates{signed}.PEM())))
	b.closed("etc/secrets/box.key", 0o640)
	b.closed("etc/secrets/box.key.old", 0o640)
	stop := b.run()
	defer stop()
	b.until("the city lets the renewed box in", func(u *status.Uplink) bool { return u.Up })
}

// strangersPaper: a certificate that this city did not sign is not installed, for the
// broker refuses it; with --untried it is, and then the running box tells the refusal.
func (b *installedBox) strangersPaper() {
	b.t.Helper()
	stranger := newCity(failing{b.t})
	signed := stranger.sign(failing{b.t}, client("demo"), b.request("new.csr").PublicKey)
	before, err := os.ReadFile(b.path("etc/tls/box.pem"))
	must(b.t, err)
	sent := b.write("stranger.pem", string(papers.Certificates{signed}.PEM()))
	got := b.says(exitFindings, "enroll", "--install", sent)
	if want := `broker "city-a" refuses it (unknown certificate authority): ask the city which authority signs its boxes, or install it all the same with --untried`; !strings.Contains(got, want) {
		b.t.Errorf("got %s\nwant %s", got, want)
	}
	if after, _ := os.ReadFile(b.path("etc/tls/box.pem")); !bytes.Equal(before, after) {
		b.t.Error("what the broker refuses was installed")
	}
	got = b.says(exitGood, "enroll", "--untried", "--install", sent)
	if want := "stranger.pem does not hold the certificate of CN=City CA,OU=\\u001b[2J, who signed: if the broker refuses the box, ask the city for the whole chain\n"; !strings.Contains(got, want) {
		b.t.Errorf("got %s\nwant %s", got, want)
	}
	stop := b.run()
	defer stop()
	b.until("the broker's refusal is told", func(u *status.Uplink) bool {
		return !u.Up && strings.Contains(u.Why, "tls: ") && u.Next == "check uplink.certificate and uplink.key; the city may have to sign a new one"
	})
}
