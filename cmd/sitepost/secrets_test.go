package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/bundle"
	"sitepost/config"
	"sitepost/uplink/uplinktest"
)

// canaries are secrets planted wherever one can stand, by where.
var canaries = map[string]string{
	"uplink.key":           "-----BEGIN PRIVATE KEY-----\nCANARYKEYLINEONEaaaaaaaaaaaaaaaa\nCANARYKEYLINETWObbbbbbbbbbbbbbbb\n-----END PRIVATE KEY-----",
	"broker.user":          "canary-broker-user-5501",
	"broker.password":      `canary"broker<pass>&word\5502`,
	"commands.sign_key":    "canary-sign-key-5503",
	"cards.key":            "canary-card-key-5504",
	"instrument.secure":    "000102030405060708090A0B0C0D5505",
	"login.password":       "canary-摄像机-5506",
	"login.password (env)": "canary-env-password-5507",
	"login.user":           "canary-login-user-5508",
	"a comment":            "canary-comment-5509",
	"cards.key_id":         "canary-key-id-5510",
	"the environment":      "canary-environment-5511",
	"behind a link":        "canary-behind-a-link-5512",
	"a history file":       "canary-history-file-5513",
	"url":                  "canary-url-5514",
}

// plant writes a site whose every secret is a canary, and returns its file.
func plant(t *testing.T, dir string) string {
	t.Helper()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	at := func(where string) string {
		return strconv.Quote("file:" + write("secrets/"+strings.ReplaceAll(where, ".", "-"), canaries[where]+"\n"))
	}
	t.Setenv("CANARY_CAMERA", canaries["login.password (env)"])
	t.Setenv("CANARY_OTHER", canaries["the environment"])
	write("store/config-history/7.toml", "# "+canaries["a history file"])
	if err := os.Symlink(write("outside", canaries["behind a link"]), filepath.Join(dir, "store/config-history/8.toml")); err != nil {
		t.Fatal(err)
	}
	ca := write("ca.pem", "none")
	text := `version = 1   # the password of the cameras is ` + canaries["a comment"] + `
[site]
name = "demo"
title = 'a # that is none'
[network]
device_interfaces = ["lo"]
device_networks = ["127.0.0.0/8"]
[store]
directory = "` + dir + `/store"
[uplink]
ca = "` + ca + `"
certificate = "` + ca + `"
key = ` + at("uplink.key") + `
[[uplink.broker]]
name = "city-a"
url = "mqtts://127.0.0.1:1"
user = ` + at("broker.user") + `
password = ` + at("broker.password") + `
[commands]
allow = ["resend"]
sign_key = ` + at("commands.sign_key") + `
[cards]
key = ` + at("cards.key") + `
key_id = "` + canaries["cards.key_id"] + `"
[[zone]]
name = "hall"
class = "screened"
[[line]]
name = "bus-o"
port = "/dev/ttyUSB7"
settings = "9600 8N1"
[[instrument]]
name = "door-1"
kind = "card_reader"
zone = "hall"
protocol = "osdp"
line = "bus-o"
address = 1
role = "access"
secure_key = ` + at("instrument.secure") + `
[[login]]
name = "one"
user = "` + canaries["login.user"] + `"   # ` + canaries["a comment"] + `
password = ` + at("login.password") + `
[[login]]
name = "two"
user = '` + canaries["login.user"] + `'
password = "env:CANARY_CAMERA"
[[camera]]
name = "cam-1"
zone = "hall"
host = "127.0.0.1:1"
login = "one"
[[camera]]
name = "cam-2"
zone = "hall"
host = "127.0.0.2:1"
login = "two"
`
	return write("site.toml", text)
}

// unpack returns the files of a bundle in their order, and their texts.
func unpack(t *testing.T, path string) (names []string, texts map[string]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	texts = map[string]string{}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names, texts
		}
		text, readErr := io.ReadAll(archive)
		if err := errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		names, texts[h.Name] = append(names, h.Name), string(text)
	}
}

// leaks says which canaries a text holds, in any of the forms in which they may stand.
func leaks(text string) (all []string) {
	for where, secret := range canaries {
		for part := range strings.Lines(secret) {
			part = strings.TrimSpace(part)
			quoted, _ := json.Marshal(part)
			forms := []string{part, strings.Trim(string(quoted), `"`), strings.Trim(strconv.Quote(part), `"`), strings.Trim(strconv.QuoteToASCII(part), `"`)}
			for _, form := range forms {
				if !strings.HasPrefix(part, "-----") && strings.Contains(text, form) {
					all = append(all, where)
				}
			}
		}
	}
	return all
}

// TestNoSecretLeaves: a canary is planted wherever a secret can stand, and in no output of
// doctor, status or explain and in no byte of a bundle is one of them, beside a running
// sitepost and without one. Answers what stands below complaint 49 (frigate 1431, 6684,
// scrypted 2096: credentials in logs and bundles), and row 4 of the threat model.
func TestNoSecretLeaves(t *testing.T) {
	dir := t.TempDir()
	site, socket := plant(t, dir), filepath.Join(dir, "control.sock")
	c, err := (&tool{config: site, stdout: t.Output(), stderr: t.Output()}).load()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Secrets()); n != 8 {
		t.Errorf("got %d places of secrets, want all 8", n)
	}
	heard := 0
	try := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		run(append(args, "--config", site, "--control", socket), &out, &out)
		heard += out.Len()
		for _, where := range leaks(out.String()) {
			t.Errorf("sitepost %s tells %s", strings.Join(args, " "), where)
		}
		return out.String()
	}
	look := func(when string) {
		t.Helper()
		for _, args := range [][]string{{"doctor"}, {"doctor", "--json"}, {"doctor", "--lang", "zh"}, {"doctor", "cam-1"}, {"status"}, {"status", "--json"}, {"status", "cam-1"}, {"explain"}} {
			try(args...)
		}
		path := filepath.Join(dir, when+".tar.gz")
		try("doctor", "--bundle", path)
		names, texts := unpack(t, path)
		for name, text := range texts {
			heard += len(text)
			for _, where := range leaks(text) {
				t.Errorf("%s: %s of the bundle holds %s:\n%s", when, name, where, text)
			}
		}
		if names[0] != bundle.Manifest || !strings.Contains(texts[bundle.Manifest], " doctor.json\n") {
			t.Errorf("%s: the list is not first, or not whole: %q\n%s", when, names, texts[bundle.Manifest])
		}
		if !strings.Contains(texts["site.toml"], `host = "127.0.0.1:1"`) || !strings.Contains(texts["config-history.txt"], "7.toml") {
			t.Errorf("%s: too much was taken out:\n%s\n%s", when, texts["site.toml"], texts["config-history.txt"])
		}
		if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", when, i.Mode(), err)
		}
		if again := try("doctor", "--bundle", path); !strings.Contains(again, "exists already") {
			t.Errorf("%s: a second time: %s", when, again)
		}
	}
	look("alone")
	stop := runSite(t, site, socket, uplinktest.New())
	await(t, "it runs", func() bool { return strings.HasPrefix(try("status"), "demo") })
	look("running")
	stop()
	if heard < 10_000 {
		t.Errorf("only %d bytes were looked through", heard)
	}
}

// TestBadFileStaysHere: in a site file with mistakes a password may stand anywhere. It is
// not in the bundle, nor is a line of it.
func TestBadFileStaysHere(t *testing.T) {
	dir := t.TempDir()
	site := filepath.Join(dir, "site.toml")
	text := fmt.Sprintf("version = 1\n[site]\nname = \"demo\"\n[[uplink.broker]]\nname = \"city-a\"\nurl = \"mqtts://box:%s@127.0.0.1:1\"\npasswort = %q\npassword = %q\n",
		canaries["url"], canaries["broker.password"], canaries["cards.key"])
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"doctor"}, {"doctor", "--json"}, {"doctor", "--bundle", filepath.Join(dir, "b.tar.gz")}} {
		var out bytes.Buffer
		if code := run(append(args, "--config", site, "--control", filepath.Join(dir, "none")), &out, &out); code != exitFindings {
			t.Errorf("%q: got exit code %d, want %d", args, code, exitFindings)
		}
		if found := leaks(out.String()); found != nil {
			t.Errorf("%q tells %q:\n%s", args, found, out.String())
		}
	}
	_, texts := unpack(t, filepath.Join(dir, "b.tar.gz"))
	for name, text := range texts {
		if found := leaks(text); found != nil {
			t.Errorf("%s holds %q:\n%s", name, found, text)
		}
	}
	if !strings.Contains(texts["site-mistakes.json"], `"line": 7`) {
		t.Errorf("the mistakes are not told:\n%s", texts["site-mistakes.json"])
	}
}

// TestSecretsAreFound: a secret that is added to the site file is looked for in bundles
// without anybody thinking of it.
func TestSecretsAreFound(t *testing.T) {
	at := func(where string) config.Secret {
		s, err := config.SecretAt("file:/" + where)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	c := config.Config{Uplink: config.Uplink{Key: at("a"), Brokers: []config.Broker{{Password: at("b")}}}, Cards: config.Cards{Key: at("c")},
		Commands: config.Commands{SignKey: at("d")}, Instruments: []config.Instrument{{SecureKey: at("e")}, {}}, Logins: []config.Login{{Password: at("f")}}}
	var got []string
	for _, s := range c.Secrets() {
		got = append(got, s.String())
	}
	if diff := cmp.Diff([]string{"file:/a", "file:/b", "file:/d", "file:/c", "file:/e", "file:/f"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
