package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/papers"
	"sitepost/cmd/sitepost/status"
	"sitepost/uplink/mqtt/mqtttest"
)

// The users of an installed box, by numbers that no machine has.
const (
	daemonID   = 424_201
	strangerID = 424_202
)

// An installedBox is a box as the package leaves it: folders that root shares with the
// daemon's group, and the tool. Without root all of it belongs to whoever runs the test.
type installedBox struct {
	t         *testing.T
	root      bool
	dir, tool string
}

// newInstalledBox makes one in a folder that other users may enter.
func newInstalledBox(t *testing.T) *installedBox {
	t.Helper()
	dir, err := os.MkdirTemp("", "sitepost-box-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	b := &installedBox{t: t, root: os.Geteuid() == 0, dir: dir, tool: filepath.Join(dir, "sitepost")}
	must(t, os.Chmod(dir, 0o755))
	self, err := os.ReadFile("/proc/self/exe") // it is sitepost where it is called so, see TestMain
	must(t, err)
	must(t, os.WriteFile(b.tool, self, 0o755))
	must(t, os.Chmod(b.tool, 0o755))
	for _, folder := range []string{"etc", "etc/tls", "etc/secrets"} {
		must(t, os.Mkdir(b.path(folder), 0o750))
		if b.root {
			must(t, os.Chown(b.path(folder), 0, daemonID))
		}
		must(t, os.Chmod(b.path(folder), 0o750|fs.ModeSetgid))
	}
	for _, folder := range []string{"store", "run"} {
		must(t, os.Mkdir(b.path(folder), 0o750))
		if b.root {
			must(t, os.Chown(b.path(folder), daemonID, daemonID))
		}
	}
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A failing test ends at an error.
type failing struct{ *testing.T }

func (f failing) Check(err error) { f.Helper(); must(f.T, err) }

func (b *installedBox) path(name string) string { return filepath.Join(b.dir, name) }

func (b *installedBox) write(name, text string) string {
	b.t.Helper()
	must(b.t, os.WriteFile(b.path(name), []byte(text), 0o600))
	return b.path(name)
}

// as is a program that runs as a user.
func (b *installedBox) as(id uint32, args ...string) *exec.Cmd {
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Env = b.dir, []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "STATE_DIRECTORY=" + b.path("store")}
	if b.root {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	}
	return c
}

// says runs the tool as root, with a umask that leaves nothing to others.
func (b *installedBox) says(want int, args ...string) string {
	b.t.Helper()
	args = append([]string{"-c", `umask 077; exec "$0" "$@"`, b.tool, "--config", b.path("etc/site.toml")}, args...)
	c := b.as(0, "sh")
	c.Args = append(c.Args, args...)
	out, _ := c.CombinedOutput()
	if got := c.ProcessState.ExitCode(); got != want {
		b.t.Fatalf("sitepost %s: exit code %d, want %d\n%s", strings.Join(args[4:], " "), got, want, out)
	}
	return string(out)
}

// closed holds that the daemon reads a file and cannot write it, and that nobody else
// reads it.
func (b *installedBox) closed(name string, mode fs.FileMode) {
	b.t.Helper()
	is, err := os.Stat(b.path(name))
	must(b.t, err)
	if !b.root {
		if is.Mode()&0o027 != 0 {
			b.t.Errorf("%s has mode %v", name, is.Mode())
		}
		return
	}
	owner := is.Sys().(*syscall.Stat_t)
	if is.Mode() != mode || owner.Uid != 0 || owner.Gid != daemonID {
		b.t.Errorf("%s is %v %d:%d, want %v 0:%d", name, is.Mode(), owner.Uid, owner.Gid, mode, daemonID)
	}
	if out, err := b.as(daemonID, "cat", b.path(name)).CombinedOutput(); err != nil {
		b.t.Errorf("%s: the daemon cannot read it: %s", name, out)
	}
	for who, c := range map[string]*exec.Cmd{
		"the daemon can write it": b.as(daemonID, "sh", "-c", `: >>"$0"`, b.path(name)),
		"everybody can read it":   b.as(strangerID, "cat", b.path(name)),
	} {
		if out, err := c.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("ermission denied")) {
			b.t.Errorf("%s: %s: %v %s", name, who, err, out)
		}
	}
}

// run starts the daemon as its user, and returns how it is ended.
func (b *installedBox) run() (stop func()) {
	b.t.Helper()
	var log bytes.Buffer
	c := b.as(daemonID, b.tool, "run", "--config", b.path("etc/site.toml"), "--control", b.path("run/control.sock"), "--profiles", b.path("none"))
	c.Stderr = &log
	must(b.t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	stop = func() {
		b.t.Helper()
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			b.t.Errorf("sitepost run: %v\n%s", err, &log)
		}
	}
	return stop
}

// until waits until the link is as wanted.
func (b *installedBox) until(what string, is func(*status.Uplink) bool) {
	b.t.Helper()
	s := &livingSite{t: b.t, client: control.Client{Path: b.path("run/control.sock")}}
	s.until(what, func(now status.Snapshot) bool { return now.Uplink != nil && is(now.Uplink) })
}

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

// strangersPaper: a certificate that this city did not sign is told when it is installed,
// and the broker's answer is told with what to do.
func (b *installedBox) strangersPaper() {
	b.t.Helper()
	stranger := newCity(failing{b.t})
	signed := stranger.sign(failing{b.t}, client("demo"), b.request("new.csr").PublicKey)
	got := b.says(exitGood, "enroll", "--install", b.write("stranger.pem", string(papers.Certificates{signed}.PEM())))
	if want := "stranger.pem does not hold the certificate of CN=City CA, who signed: if the broker refuses the box, ask the city for the whole chain\n"; !strings.Contains(got, want) {
		b.t.Errorf("got %s\nwant %s", got, want)
	}
	stop := b.run()
	defer stop()
	b.until("the broker's refusal is told", func(u *status.Uplink) bool {
		return !u.Up && strings.Contains(u.Why, "tls: ") && u.Next == "check uplink.certificate and uplink.key; the city may have to sign a new one"
	})
}
