package mqtt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// a heard message, without its time.
type line struct {
	topic, payload string
	retained       bool
}

func lines(all []mqtttest.Message) []line {
	var list []line
	for _, m := range all {
		list = append(list, line{m.Topic, string(m.Payload), m.Retained})
	}
	return list
}

// await waits until a collector heard n messages.
func await(t *testing.T, c *mqtttest.Collector, n int) []line {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Await(ctx, func(all []mqtttest.Message) bool { return len(all) >= n }); err != nil {
		t.Fatalf("heard %v: %v", lines(c.Messages()), err)
	}
	return lines(c.Messages())
}

// TestMosquitto: a session publishes, hears its own echo, leaves its will when
// it is dropped and none when it says goodbye.
func TestMosquitto(t *testing.T) {
	b := mqtttest.Start(t)
	city := b.Subscribe(t, "up/#")
	before := runtime.NumGoroutine()
	heard := make(chan uplink.Message, 10)
	d := mqtt.Dial(mqtt.Options{URL: b.URL, ClientID: "box1"}, []string{"up/canary", "down/#"})
	will := uplink.Will{Topic: "up/state", Payload: []byte("down"), Retain: true}
	for _, end := range []string{"drop", "close"} {
		s, err := d(t.Context(), will, func(m uplink.Message) { heard <- m })
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []uplink.Message{{Topic: "up/canary", Payload: []byte(end)}, {Topic: "up/state", Payload: []byte("up"), Retain: true}} {
			r := s.Publish(m)
			if <-r.Done(); r.Error() != nil {
				t.Fatal(r.Error())
			}
		}
		if diff := cmp.Diff(uplink.Message{Topic: "up/canary", Payload: []byte(end)}, <-heard); diff != "" {
			t.Errorf("echo (-want +got):\n%s", diff)
		}
		if end == "drop" {
			s.Drop()
			await(t, city, 3)
			continue
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		<-s.Lost()
	}
	city.Publish(t, "up/end", false, nil)
	want := []line{{"up/canary", "drop", false}, {"up/state", "up", false}, {"up/state", "down", false},
		{"up/canary", "close", false}, {"up/state", "up", false}, {"up/end", "", false}}
	if diff := cmp.Diff(want, await(t, city, 6), cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("the city heard (-want +got):\n%s", diff)
	}
	quiet(t, before)
}

// TestRights: a wrong password is a refusal with its next step, and what the
// access list denies goes nowhere, however it is acknowledged: only the canary
// that does not come back tells.
func TestRights(t *testing.T) {
	b := mqtttest.Start(t, mqtttest.Options{
		Users: map[string]string{"box": "right", "city": "city"},
		ACL:   []string{"user box", "topic write up/#", "topic read down/#", "user city", "topic readwrite #"},
	})
	city := b.SubscribeAs(t, "#", "city", "city")
	password := "wrong"
	heard := make(chan uplink.Message, 10)
	d := mqtt.Dial(mqtt.Options{URL: b.URL, ClientID: "box1", User: "box", Password: func() (string, error) { return password, nil }},
		[]string{"up/canary", "down/#"})
	take := func(m uplink.Message) { heard <- m }
	if _, err := d(t.Context(), uplink.Will{}, take); err == nil || !strings.Contains(err.Error(), "refused by the broker") {
		t.Errorf("wrong password: got %v, want a refusal", err)
	}
	password = "right"
	s, err := d(t.Context(), uplink.Will{}, take)
	if err != nil {
		t.Fatal(err)
	}
	r := s.Publish(uplink.Message{Topic: "up/canary", Payload: []byte("x")})
	if <-r.Done(); r.Error() != nil {
		t.Errorf("publish: %v", r.Error())
	}
	city.Publish(t, "down/command/x", false, []byte("hello"))
	if m := <-heard; m.Topic != "down/command/x" {
		t.Errorf("heard %q, want the command and no canary", m.Topic)
	}
	// mosquitto 2.0.11 acknowledges this one too, and then hangs up
	<-s.Publish(uplink.Message{Topic: "forbidden", Payload: []byte("x")}).Done()
	city.Publish(t, "down/end", false, nil)
	want := []line{{"up/canary", "x", false}, {"down/command/x", "hello", false}, {"down/end", "", false}}
	if diff := cmp.Diff(want, await(t, city, 3), cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("the city heard (-want +got):\n%s", diff)
	}
	s.Drop()
}

// TestTLS: the broker's certificate is checked against the name and the
// authority that are given, and a mistake in either is told with its next step.
func TestTLS(t *testing.T) {
	certificate, pool := certify(t, "mqtt-a.city.example")
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	url := listen(t, func(c net.Conn) { honest.serve(tls.Server(c, config)) })
	url = strings.Replace(url, "mqtt:", "mqtts:", 1)
	for _, test := range []struct {
		name string
		tls  *tls.Config
		want string
	}{
		{"right", &tls.Config{RootCAs: pool, ServerName: "mqtt-a.city.example"}, ""},
		{"other name", &tls.Config{RootCAs: pool}, "set server_name"},
		{"other authority", &tls.Config{ServerName: "mqtt-a.city.example"}, "check uplink.ca"},
	} {
		d := mqtt.Dial(mqtt.Options{URL: url, TLS: func() (*tls.Config, error) { return test.tls, nil }}, []string{"a", "b"})
		s, err := d(t.Context(), uplink.Will{}, func(uplink.Message) {})
		if err == nil {
			s.Drop()
		}
		if refused, _ := errors.AsType[*uplink.Refused](err); (test.want == "") != (err == nil) ||
			(test.want != "" && (refused == nil || !strings.Contains(refused.Next, test.want))) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// TestClientCertificate: a broker that does not want our certificate says so
// only when the connection stands, and that is a refusal too.
func TestClientCertificate(t *testing.T) {
	certificate, pool := certify(t, "127.0.0.1")
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	url := listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, tls.Server(c, config)) })
	d := mqtt.Dial(mqtt.Options{
		URL: strings.Replace(url, "mqtt:", "mqtts:", 1),
		TLS: func() (*tls.Config, error) { return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}, nil },
	}, nil)
	_, err := d(t.Context(), uplink.Will{}, func(uplink.Message) {})
	if refused, _ := errors.AsType[*uplink.Refused](err); refused == nil || !strings.Contains(refused.Next, "uplink.certificate") {
		t.Errorf("got %v, want a refusal that names uplink.certificate", err)
	}
}

// certify makes a certificate that signs itself.
func certify(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
