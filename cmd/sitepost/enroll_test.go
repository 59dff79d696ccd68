package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sitepost/cmd/sitepost/papers"
)

// enrolVerbs are commands of scripts for import and enroll.
func enrolVerbs() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){"gbk": writeGBK, "sign": signAsCity, "hide": hide}
}

// signAsCity is the command `sign CSR CERTIFICATE [cn=NAME] [use=server] [days=N] [more]` of
// scripts: a city of its own signs. With "more" its own certificate stands first in the
// file, and a stranger's too.
func signAsCity(ts *testscript.TestScript, _ bool, args []string) {
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0])))
	if block == nil {
		ts.Fatalf("there is no request in %s", args[0])
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	ts.Check(err)
	ts.Check(csr.CheckSignature())
	box := &x509.Certificate{Subject: csr.Subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature}
	days, more := 365, false
	for _, arg := range args[2:] {
		switch what, value, _ := strings.Cut(arg, "="); what {
		case "cn":
			box.Subject.CommonName = value
		case "use":
			box.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		case "days":
			days, err = strconv.Atoi(value)
			ts.Check(err)
		case "more":
			more = true
		}
	}
	box.NotBefore, box.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, days)
	city, stranger := newCity(ts), newCity(ts)
	signed := city.sign(ts, box, csr.PublicKey)
	all := papers.Certificates{signed}
	if more {
		all = papers.Certificates{stranger.certificate, city.certificate, signed}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), all.PEM(), 0o600))
}

// A checker ends a script, or a test, at an error.
type checker interface{ Check(err error) }

// A scriptCity signs the requests of scripts.
type scriptCity struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newCity(ts checker) *scriptCity {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	c := &scriptCity{key: key, certificate: &x509.Certificate{
		Subject: pkix.Name{CommonName: "City CA", OrganizationalUnit: []string{"\x1b[2J"}}, IsCA: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(9, 0, 0),
	}}
	c.certificate = c.sign(ts, c.certificate, key.Public())
	return c
}

func (c *scriptCity) sign(ts checker, template *x509.Certificate, key any) *x509.Certificate {
	template.SerialNumber, template.BasicConstraintsValid = big.NewInt(time.Now().UnixNano()), true
	der, err := x509.CreateCertificate(rand.Reader, template, c.certificate, key, c.key)
	ts.Check(err)
	made, err := x509.ParseCertificate(der)
	ts.Check(err)
	return made
}

// hide is the command `hide SECRET FILE…` of scripts: it fails if a file, stdout and stderr
// too, holds a line of the file SECRET.
func hide(ts *testscript.TestScript, _ bool, args []string) {
	secret := ts.ReadFile(args[0])
	for _, file := range args[1:] {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") && strings.Contains(ts.ReadFile(file), line) {
				ts.Fatalf("%s holds a line of %s", file, args[0])
			}
		}
	}
}

// enrolled makes a site with its key, and returns the folder.
func enrolled(t *testing.T) (dir, site string) {
	t.Helper()
	dir = t.TempDir()
	site = filepath.Join(dir, "site.toml")
	text := "version = 1\n[site]\nname = \"demo\"\n[uplink]\ncertificate = \"" + dir + "/box.pem\"\nkey = \"file:" + dir + "/box.key\"\n"
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := run([]string{"enroll", "--config", site, "--out", filepath.Join(dir, "box.csr")}, &out, &out); code != exitGood {
		t.Fatal(code, out.String())
	}
	return dir, site
}

// TestKeyOnDisk: only sitepost reads the key, what is there is never overwritten, and
// nothing is left beside it.
func TestKeyOnDisk(t *testing.T) {
	t.Parallel()
	dir, _ := enrolled(t)
	key := filepath.Join(dir, "box.key")
	stat, err := os.Stat(key)
	if err != nil {
		t.Fatal(err)
	}
	want := os.FileMode(0o600)
	if _, err := user.LookupGroup(daemonGroup); err == nil && os.Geteuid() == 0 {
		want = 0o640 // root:sitepost
	}
	if got := stat.Mode(); got != want {
		t.Errorf("the key has mode %v, want %v", got, want)
	}
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeKey(key, []byte("another")); err == nil || !strings.HasSuffix(err.Error(), "box.key was made by somebody else just now and stays: try again") {
		t.Errorf("got %v", err)
	}
	if after, _ := os.ReadFile(key); string(after) != string(before) {
		t.Error("the key was overwritten")
	}
	left, err := filepath.Glob(filepath.Join(dir, ".key-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestRenewalCutShort: a power cut between certificate and key leaves two files that the
// same command brings together; the old pair is kept.
func TestRenewalCutShort(t *testing.T) {
	t.Parallel()
	for _, cut := range []string{"before anything", "after the old key was kept", "after the certificate was written"} {
		dir, site := enrolled(t)
		key, certificate, sent := filepath.Join(dir, "box.key"), filepath.Join(dir, "box.pem"), filepath.Join(dir, "sent.pem")
		old, _ := os.ReadFile(key)
		must := func(args ...string) {
			t.Helper()
			var out strings.Builder
			if code := run(append(args, "--config", site), &out, &out); code != exitGood {
				t.Fatal(cut, code, out.String())
			}
		}
		must("enroll", "--new-key", "--out", filepath.Join(dir, "new.csr"))
		selfSigned(t, key+newBeside, sent)
		text, _ := os.ReadFile(sent)
		if cut != "before anything" {
			if err := os.Link(key, key+".old"); err != nil {
				t.Fatal(err)
			}
		}
		if cut == "after the certificate was written" {
			all, err := papers.ReadCertificates(text)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(certificate, all.PEM(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		must("enroll", "--install", sent)
		if _, err := tls.LoadX509KeyPair(certificate, key); err != nil {
			t.Errorf("cut %s: %v", cut, err)
		}
		if kept, _ := os.ReadFile(key + ".old"); string(kept) != string(old) || exists(key+newBeside) || exists(key+".old.1") {
			t.Errorf("cut %s: the old key is not kept once", cut)
		}
		if exists(certificate + ".bak") {
			t.Errorf("cut %s: the new certificate is kept as an old one", cut)
		}
	}
}

// selfSigned writes a certificate for CN demo of a key.
func selfSigned(t *testing.T, key, certificate string) {
	t.Helper()
	text, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := papers.ReadKey(text)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "demo"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(certificate, der, 0o600); err != nil { // as DER, for a change
		t.Fatal(err)
	}
}

// TestUselessKey: a key that is damaged, or gone, keeps nobody from installing the
// certificate of the new one that the tool itself told him to make.
func TestUselessKey(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(key string) error{
		"damaged": func(key string) error {
			return os.WriteFile(key, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600)
		},
		"gone": os.Remove,
	} {
		dir, site := enrolled(t)
		key, sent := filepath.Join(dir, "box.key"), filepath.Join(dir, "sent.pem")
		var out strings.Builder
		if code := run([]string{"enroll", "--config", site, "--new-key", "--out", filepath.Join(dir, "new.csr")}, &out, &out); code != exitGood {
			t.Fatal(what, code, out.String())
		}
		if err := spoil(key); err != nil {
			t.Fatal(err)
		}
		selfSigned(t, key+newBeside, sent)
		if code := run([]string{"enroll", "--config", site, "--install", sent}, &out, &out); code != exitGood {
			t.Errorf("%s: exit code %d\n%s", what, code, out.String())
		}
		if _, err := tls.LoadX509KeyPair(filepath.Join(dir, "box.pem"), key); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestHostileIssuer: what an authority calls itself is nothing that a terminal obeys.
func TestHostileIssuer(t *testing.T) {
	t.Parallel()
	dir, site := enrolled(t)
	text, err := os.ReadFile(filepath.Join(dir, "box.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := papers.ReadKey(text)
	if err != nil {
		t.Fatal(err)
	}
	city := newCity(failing{t})
	city.certificate.RawSubject = nil // it signs under another name
	city.certificate.Subject = pkix.Name{CommonName: "City\x1b]0;owned\a\x1b[2J CA\n", Organization: []string{strings.Repeat("长", 5000)}}
	signed := city.sign(failing{t}, client("demo"), key.Public())
	sent := filepath.Join(dir, "sent.pem")
	if err := os.WriteFile(sent, papers.Certificates{signed}.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := run([]string{"enroll", "--config", site, "--install", sent}, &out, &out); code != exitGood {
		t.Fatal(code, out.String())
	}
	if strings.ContainsAny(out.String(), "\x1b\a") || len(out.String()) > 3000 || !strings.Contains(out.String(), `signed by CN=City\u001b]0\;owned\u0007\u001b[2J CA`) {
		t.Errorf("got %q", out.String())
	}
}

// TestRequestInTheWay: a name for the request that is taken is told before a key is made.
func TestRequestInTheWay(t *testing.T) {
	t.Parallel()
	dir, _ := enrolled(t)
	site := filepath.Join(dir, "other.toml")
	before := "version = 1\n[site]\nname = \"demo\"\n"
	if err := os.WriteFile(site, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	key := filepath.Join(dir, "second.key")
	if code := run([]string{"enroll", "--config", site, "--write", "--key", key, "--out", filepath.Join(dir, "box.csr")}, &out, &out); code != exitUsage {
		t.Fatal(code, out.String())
	}
	if after, _ := os.ReadFile(site); string(after) != before || exists(key) {
		t.Errorf("the site file is\n%s\nand the key is there: %v", after, exists(key))
	}
}
