package doctor

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
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/uplink"
)

// A paper is a certificate with its key.
type paper struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// sign makes a certificate for a name that ends then; without an authority it signs
// itself.
func sign(t *testing.T, by *paper, name string, until time.Time) *paper {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: until.AddDate(-1, 0, 0), NotAfter: until, IsCA: by == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &paper{leaf, key}
}

func (p *paper) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{p.Raw}, PrivateKey: p.key}
}

// A post is a listener that answers each connection, and counts what is said to it
// after the handshake.
type post struct {
	url  string
	said atomic.Int64
}

func listen(t *testing.T, answer func(net.Conn, *post)) *post {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &post{url: "mqtts://" + l.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer c.Close(); answer(c, p) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return p
}

// secure answers with TLS, and counts what is said over it.
func secure(settings *tls.Config) func(net.Conn, *post) {
	return func(c net.Conn, p *post) {
		s := tls.Server(c, settings)
		n, _ := io.Copy(io.Discard, s)
		p.said.Add(n)
	}
}

// silent takes a connection and says nothing until it is closed.
func silent(c net.Conn, _ *post) { _, _ = io.Copy(io.Discard, c) }

// closed is a port on which nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "mqtts://" + l.Addr().String()
}

// bench is a machine on which all is well.
func bench() Machine {
	m := Here(func() bool { return true }, nil)
	m.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
		if host != "mqtt-a.city.example" {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	return m
}

// examine goes the way to one broker.
func examine(t *testing.T, o Options, url string, settings *tls.Config) []Row {
	t.Helper()
	b := config.Broker{Name: "city-a", URL: url, TLS: true}
	if o.Machine.Wall == nil {
		o.Machine = bench()
	}
	o.Site = &config.Config{Uplink: config.Uplink{Brokers: []config.Broker{b}}}
	o.TLS = func(config.Broker) (*tls.Config, error) { return settings, nil }
	e := examination{o}
	return e.broker(t.Context(), b)
}

// TestLayers: the way to a broker is gone layer by layer over real connections, and the
// layer that fails is named with its cause; nothing of ours is said to a broker that is
// not the right one. Answers complaint 31, and row 5 of the threat model.
func TestLayers(t *testing.T) {
	t.Parallel()
	const name = "mqtt-a.city.example"
	year := time.Now().AddDate(1, 0, 0)
	root, other := sign(t, nil, "city root", year), sign(t, nil, "some root", year)
	right := sign(t, root, name, year)
	pool := x509.NewCertPool()
	pool.AddCert(root.Certificate)
	ours := &tls.Config{RootCAs: pool, ServerName: name}
	shows := func(p *paper) *post { return listen(t, secure(&tls.Config{Certificates: []tls.Certificate{p.tls()}})) }
	demanding := &tls.Config{Certificates: []tls.Certificate{right.tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	lost := bench()
	lost.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
	}
	for what, test := range map[string]struct {
		post    *post
		url     string
		machine Machine
		want    string // layer: text
	}{
		"right":             {post: shows(right), want: ": name resolved, route, port, TLS (its certificate ends on " + year.UTC().Format(time.DateOnly) + "), its login was not tried: the test says so"},
		"unknown name":      {url: "mqtts://nowhere.city.example:8883", want: "name: the name nowhere.city.example has no address: no such host"},
		"no route":          {url: "mqtts://127.0.0.1:8883", machine: lost, want: "route: 127.0.0.1:8883: this machine has no route there"},
		"closed port":       {url: closed(t), want: "port: the port is closed: nobody listens there"},
		"silent port":       {post: listen(t, silent), want: "tls: the port is open, and nobody answers the handshake"},
		"another protocol":  {post: listen(t, func(c net.Conn, _ *post) { _, _ = io.WriteString(c, "220 welcome\r\n"); silent(c, nil) }), want: "tls: the port does not speak TLS"},
		"hangs up":          {post: listen(t, func(c net.Conn, _ *post) { _, _ = c.Read(make([]byte, 64<<10)) }), want: "tls: the connection ended in the handshake: EOF"},
		"another authority": {post: shows(sign(t, other, name, year)), want: `tls: its certificate is signed by "some root", which uplink.ca does not contain`},
		"signs itself":      {post: shows(sign(t, nil, name, year)), want: `tls: its certificate is signed by "` + name + `", which uplink.ca does not contain`},
		"another name":      {post: shows(sign(t, root, "mqtt-b.city.example", year)), want: "tls: its certificate is for mqtt-b.city.example, and not for " + name},
		"expired":           {post: shows(sign(t, root, name, time.Now().AddDate(0, 0, -2))), want: "tls: its certificate ended on " + time.Now().AddDate(0, 0, -2).UTC().Format(time.DateOnly)},
		"refuses ours":      {post: listen(t, secure(demanding)), want: "tls: the broker refuses our side of it: tls: certificate required"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			url := test.url
			if test.post != nil {
				url = test.post.url
			}
			rows := examine(t, Options{Machine: test.machine, WhyNot: "the test says so"}, url, ours)
			if len(rows) != 1 {
				t.Fatalf("got %+v, want one row", rows)
			}
			r := rows[0]
			text := r.Text
			if what == "closed port" { // its number is not known before
				text = text[len("127.0.0.1:00000: "):]
			}
			if got := r.Layer + ": " + text; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if r.State != Good && (r.Code != "broker."+r.Layer || r.Next == "" || r.Place != "city-a") {
				t.Errorf("got %+v: code, place or next step is missing", r)
			}
			if test.post != nil && test.post.said.Load() > 0 {
				t.Errorf("%d bytes were said to it", test.post.said.Load())
			}
		})
	}
}

// TestCertificateSoon: a broker's certificate that ends within 30 days is told before it
// does. Answers complaint 49.
func TestCertificateSoon(t *testing.T) {
	t.Parallel()
	root := sign(t, nil, "city root", time.Now().AddDate(1, 0, 0))
	end := time.Now().AddDate(0, 0, 19)
	pool := x509.NewCertPool()
	pool.AddCert(root.Certificate)
	p := listen(t, secure(&tls.Config{Certificates: []tls.Certificate{sign(t, root, "city", end).tls()}}))
	rows := examine(t, Options{WhyNot: "…"}, p.url, &tls.Config{RootCAs: pool, ServerName: "city"})
	want := Row{State: Look, Code: "certificate.expiring", Place: "city-a", Text: "the broker's certificate ends on " + end.UTC().Format(time.DateOnly), Next: "tell the city"}
	if diff := cmp.Diff(want, rows[0]); diff != "" || len(rows) != 2 || rows[1].State != Good {
		t.Errorf("-want +got:\n%s\n%+v", diff, rows)
	}
}

// TestLogin: above TLS stands what the running sitepost knows, and nobody logs in beside
// it; where none runs, one login is tried.
func TestLogin(t *testing.T) {
	t.Parallel()
	b := config.Broker{Name: "city-a"}
	knock := func(layer string, err error) func(context.Context, config.Broker) (string, error) {
		return func(context.Context, config.Broker) (string, error) { return layer, err }
	}
	never := func(context.Context, config.Broker) (string, error) {
		t.Error("a second login was tried")
		return "", nil
	}
	refused := &uplink.Refused{Why: "bad user name or password", Next: "check user and password of this broker"}
	running := func(u uplink.Status) *status.Snapshot {
		return &status.Snapshot{Uplink: &status.Uplink{Status: u}}
	}
	for what, test := range map[string]struct {
		options Options
		want    []string // layer, text, next step, ways
	}{
		"up":                {Options{Snapshot: running(uplink.Status{Up: true, Broker: "city-a"}), Knock: never}, []string{"", "", "", "login, canary"}},
		"the spare is up":   {Options{Snapshot: running(uplink.Status{Up: true, Broker: "city-b"}), Knock: never}, []string{"", "", "", "its login is not tried while sitepost runs"}},
		"refused":           {Options{Snapshot: running(uplink.Status{Broker: "city-a", RefusedBy: []string{"city-a"}, Why: "refused by the broker: bad user", Next: "check it"}), Knock: never}, []string{"login", "refused by the broker: bad user", "check it"}},
		"refused by canary": {Options{Snapshot: running(uplink.Status{Broker: "city-a", RefusedBy: []string{"city-a"}, Why: "the broker does not give our own canary back", Next: "ask"}), Knock: never}, []string{"canary", "the broker does not give our own canary back", "ask"}},
		"nobody runs":       {Options{Knock: knock("", nil)}, []string{"", "", "", "login, canary"}},
		"refuses the tool":  {Options{Knock: knock("login", refused)}, []string{"login", "refused by the broker: bad user name or password", "check user and password of this broker"}},
		"breaks":            {Options{Knock: knock("canary", errors.New("the broker hung up"))}, []string{"canary", "the broker hung up", "ask the city whether this box is registered"}},
	} {
		e := examination{test.options}
		layer, text, next, ways := e.login(t.Context(), b)
		if diff := cmp.Diff(test.want, append([]string{layer, text, next}, ways...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// TestReceipt: a broker that has alarms which the platform never confirms is told.
func TestReceipt(t *testing.T) {
	t.Parallel()
	now := time.Now()
	site := &config.Config{Uplink: config.Uplink{Receipt: "platform", Brokers: []config.Broker{{Name: "city-a"}}}}
	lane := status.Lane{Waiting: 2, Oldest: now.Add(-confirmWithin - time.Second)}
	lane.Sent, lane.Received = 5, 3
	s := &status.Snapshot{Time: now, Uplink: &status.Uplink{Status: uplink.Status{Up: true}}, Store: status.Store{Lanes: map[devices.Lane]status.Lane{devices.AlarmLane: lane}}}
	e := examination{Options{Site: site, Snapshot: s}}
	rows := e.receipt(t.Context())
	if len(rows) != 1 || rows[0].Code != "broker.receipt" || rows[0].Layer != "receipt" {
		t.Errorf("got %+v", rows)
	}
	lane.Oldest = now.Add(-time.Second)
	s.Store.Lanes[devices.AlarmLane] = lane
	if rows := e.receipt(t.Context()); rows[0].State != Good {
		t.Errorf("a second after it: got %+v", rows)
	}
}
