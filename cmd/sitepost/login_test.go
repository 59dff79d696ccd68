package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
)

// loginSite is a site with one camera.
const loginSite = `version = 1
[site]
name = "test"
[network]
device_networks = ["127.0.0.0/8"]
[[zone]]
name = "hall"
class = "screened"
[[login]]
name = "cameras"
user = "onvif"
password = "file:%[1]s/password"
[[camera]]
name = "hall-1"
zone = "hall"
host = "%[2]s"
login = "cameras"
`

// TestLogin tries a camera's login without a running daemon: who answered, or what
// to do, and never the password.
func TestLogin(t *testing.T) {
	const endpoint = "urn:uuid:00000000-0000-4000-8000-000000000029"
	c := serveCamera(t, endpoint)
	dir := t.TempDir()
	site := filepath.Join(dir, "site.toml")
	if err := os.WriteFile(site, fmt.Appendf(nil, loginSite, dir, c.ONVIF.Address()), 0o600); err != nil {
		t.Fatal(err)
	}
	try := func(secret string, args ...string) (code int, out, errs string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "password"), []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code = run(append([]string{"login", "--config", site, "--control", filepath.Join(dir, "none.sock")}, args...), &stdout, &stderr)
		if said := stdout.String() + stderr.String(); strings.Contains(said, secret) {
			t.Errorf("the password was said: %s", said)
		}
		return code, stdout.String(), stderr.String()
	}
	code, out, errs := try(password, "hall-1", "--json")
	var got control.Camera
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitGood {
		t.Fatalf("got exit code %d, %v and %s%s, want 0 and a camera", code, err, out, errs)
	}
	want := control.Camera{Name: "hall-1", Address: c.ONVIF.Address(), Endpoint: endpoint, Serial: "0A21", Vendor: "virtual", Model: "V-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, c := range []struct{ secret, name, want string }{
		{"a wrong secret", "hall-1", "refuses user \"onvif\""},
		{password, "hall-9", "has no camera or recorder of this name"},
	} {
		if code, out, errs := try(c.secret, c.name); code != exitFindings || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: got exit code %d and %s%s, want 1 and %q", c.name, code, out, errs, c.want)
		}
	}
	if n := c.ONVIF.Logins().Refused; n != 1 && n != 2 {
		t.Errorf("the camera refused %d logins, want one or two", n)
	}
}
