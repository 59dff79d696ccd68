package onvif_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// skip skips the test where a program is not installed. With SITEPOST_ALL set
// nothing may be skipped.
func skip(t *testing.T, what, debian string) {
	t.Helper()
	why := fmt.Sprintf("%s is not installed (apt-get install %s)", what, debian)
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// lighttpd starts Debian's lighttpd, a stranger, in front of a virtual camera that
// asks for no login itself, and returns its host:port. All but its own picture is
// passed on to the camera.
func lighttpd(t *testing.T, v *cameratest.Camera, algorithm string, secure bool) string {
	t.Helper()
	program, err := exec.LookPath("lighttpd")
	if err != nil {
		if program = "/usr/sbin/lighttpd"; !exists(program) {
			skip(t, "lighttpd", "lighttpd")
		}
	}
	if secure && !exists("/usr/lib/lighttpd/mod_openssl.so") {
		skip(t, "lighttpd's mod_openssl", "lighttpd-mod-openssl")
	}
	dir, at := t.TempDir(), freePort(t)
	host, port, _ := net.SplitHostPort(at)
	_, camera, _ := net.SplitHostPort(v.Address())
	conf := fmt.Sprintf(`
server.modules = ("mod_auth", "mod_authn_file", "mod_proxy")
server.document-root = "%[1]s"
server.bind = "%[2]s"
server.port = %[3]s
mimetype.assign = (".jpg" => "image/jpeg")
auth.backend = "plain"
auth.backend.plain.userfile = "%[1]s/users"
auth.require = ("" => ("method" => "digest", "realm" => "a stranger", "require" => "valid-user", "algorithm" => "%[4]s"))
$HTTP["url"] !~ "^/picture.jpg" { proxy.server = ("" => (("host" => "127.0.0.11", "port" => %[5]s))) }
`, dir, host, port, algorithm, camera)
	if secure {
		conf += fmt.Sprintf("server.modules += (\"mod_openssl\")\nssl.engine = \"enable\"\nssl.pemfile = \"%s/pem\"\n", dir)
		write(t, dir, "pem", selfSigned(t))
	}
	write(t, dir, "conf", []byte(conf))
	write(t, dir, "users", []byte("onvif:se:cret\n"))
	write(t, dir, "picture.jpg", picture)
	run(t, at, program, "-D", "-f", filepath.Join(dir, "conf"))
	return at
}

var picture = bytes.Repeat([]byte("\xff\xd8"), 1000)

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func write(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.31:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// run runs a program until the test ends, and returns when it listens.
func run(t *testing.T, at, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed
		close(gone)
	}()
	t.Cleanup(func() {
		cancel()
		<-gone
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if c, err := net.Dial("tcp4", at); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-gone:
			t.Fatalf("%s ended: %s", program, said.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not listen at %s", program, at)
}

// selfSigned makes a certificate and its key as lighttpd wants them: in one file.
func selfSigned(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	paper := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, paper, paper, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
}

// TestQuirk15Lighttpd promises that a stranger's HTTP Digest, MD5 and SHA-256,
// over http and https, takes our login for questions and for pictures, and that a
// wrong one is tried no more than twice over both. (HA#99166, frigate#22622)
func TestQuirk15Lighttpd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		algorithm string
		secure    bool
	}{{"MD5", false}, {"SHA-256", false}, {"SHA-256", true}} {
		t.Run(fmt.Sprintf("%s, https %t", c.algorithm, c.secure), func(t *testing.T) {
			t.Parallel()
			ctx := cameratest.Soon(t)
			v := cameratest.Start(t, cameratest.Options{Auth: "open", Clock: time.Hour})
			o := to(v, "se:cret")
			o.Host, o.Secure = lighttpd(t, v, c.algorithm, c.secure), c.secure
			client := connect(t, o)
			for range 2 {
				id, err := client.Identify(ctx)
				if err != nil || id.Model != "V-1" {
					t.Fatalf("got %+v, %v", id, err)
				}
				body, kind, err := client.Get(ctx, "http://192.168.1.64/picture.jpg?channel=1&a=%20b", 1<<20)
				if diff := cmp.Diff(picture, body); diff != "" || kind != "image/jpeg" || err != nil {
					t.Errorf("got %d bytes of type %q, %v", len(body), kind, err)
				}
			}
			if got := client.Learned(); got.Way != "digest" || got.Secure != c.secure || (got.Pin != "") != c.secure {
				t.Errorf("got %+v, want digest, https %t", got, c.secure)
			}
			before := v.Questions()
			o.Password, o.Budget = func() (string, error) { return "wrong", nil }, onvif.NewBudget()
			wrong := connect(t, o)
			for range 3 {
				if _, _, err := wrong.Get(ctx, "http://192.168.1.64/picture.jpg", 0); !errors.As(err, new(*onvif.LoginRefused)) {
					t.Errorf("got %v, want a LoginRefused", err)
				}
			}
			if _, err := wrong.Identify(ctx); !errors.As(err, new(*onvif.LoginRefused)) {
				t.Errorf("got %v, want a LoginRefused", err)
			}
			if got := v.Questions(); got != before {
				t.Errorf("got %d questions past the stranger, want none", got-before)
			}
		})
	}
}
