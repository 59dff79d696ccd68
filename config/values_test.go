package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestValues holds which words each type of value takes, and that it refuses
// the others with something to do.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		into encoding.TextUnmarshaler
		good string // separated by |
		bad  string
	}{
		{new(duration), "0s|250ms|1.5s|1h30m|30d|36500d", "|5|5.5|-1s|30 d|d|1.5d|36501d|10 s|9999999h|1e3s"},
		{new(silence), "never|10s", "ever|10"},
		{new(size), "1GiB|1.5 MiB|512kB", "|1|1G|GiB|-1GiB|1gib|99999999999TiB|1..5MB"},
		{new(bitRate), "2Mbit/s|512 kbit/s", "2|2Mbps|2MB/s|fast"},
		{new(name), "a|gas-1|" + strings.Repeat("x", 32), "|A|a_b|a b|" + strings.Repeat("x", 33) + "|é"},
		{new(gbCode), "34020000141188000001|11010100002000000001|82000000001110000000", "|1234|00020000141188000001|83020000141188000001|34020000141108000001|3402000014118800000x|３４０２０００014118800"},
		{new(gbPlace), "0120300", "120300|01203001|012030x"},
		{new(frameSize), "1920x1080|16x16", "1080p|1920|1920×1080|0x1|-1x20|99999x1"},
		{new(terminal), "1|DI0", "|\x00"},
		{new(network), "10.37.20.0/24|fd00::/8|127.0.0.0/8", "10.37.20.1/24|10.37.20.1|10.37.20.0/33|all"},
		{new(networkInterface), "lo|enp2s0|eth0.20", "|a/b|much-too-long-name|a b"},
		{new(host), "10.37.20.11|10.37.20.11:8000|localhost:80|::1|[::1]:80", "|cam|10.37.20|10.37.20.11:|10.37.20.11:0|10.37.20.11:99999|user:pass@10.0.0.1|fe80::1%eth0"},
		{new(port), "/dev/ttyS1|/dev/serial/by-path/a:b|tcp://10.0.0.1:4001|modbus-tcp://10.0.0.1|modbus-tcp://10.0.0.1:503|modbus-tcp://[fd00::1]", "ttyS1|modbus://10.0.0.1|modbus-tcp://|modbus-tcp://plc|modbus-tcp://10.0.0.1:0|modbus-tcp://10.0.0.1/1|/dev/../etc|tcp://10.0.0.1|tcp://host:1|udp://10.0.0.1:1|COM1|tcp://"},
		{new(brokerURL), "mqtts://10.0.0.1|mqtts://a.example:8883|mqtt://127.0.0.1|mqtt://localhost:1|mqtt://[::1]:1|mqtts://a/", "|10.0.0.1|tcp://10.0.0.1|mqtt://10.0.0.1|mqtts://u:p@a|mqtts://a/b|mqtts://a?b|mqtts://a:0|mqtts://a:x"},
		{new(pageAddress), "off|127.0.0.1:8480|[::1]:80|localhost:1", "on|:8480|0.0.0.0:1|127.0.0.1|10.0.0.1:80|127.0.0.1:0"},
		{new(byteString), "|'AC' 0D|0a0B 0c|7E {address} {not8}", "A|GG|'AC|{x|'A' 0|0 D"},
		{new(Settings), "9600 8N1|115200 7E2|50 5O1", "9600|9600 8n1|9600 9N1|9600 8X1|9600 8N3|1 8N1|9600  8N1|8N1 9600"},
		{new(Secret), "file:/a/b|env:NAME", "|geheim|file:a|file:|env:|env:A B|FILE:/a|https://x"},
		{new(User), "me|file:/a|env:X", "file:a|env:"},
		{new(endpoint), "urn:uuid:1", "|x|urn:uuid:1 2"},
		{new(pin), "sha256:" + strings.Repeat("aB", 32), "|sha256:|sha1:" + strings.Repeat("a", 40) + "|sha256:" + strings.Repeat("g", 64)},
		{new(date), "2026-03-01|2024-02-29", "2026-02-30|2026-3-1|0001-01-01|today"},
		{new(filePath), "/a/b.pem", "|a|file:/a"},
	} {
		for text := range strings.SplitSeq(row.good, "|") {
			if err := row.into.UnmarshalText([]byte(text)); err != nil {
				t.Errorf("%T: got %q for %q, want it taken", row.into, err, text)
			}
		}
		for text := range strings.SplitSeq(row.bad, "|") {
			err := row.into.UnmarshalText([]byte(text))
			if err == nil {
				t.Errorf("%T: %q was taken, want it refused", row.into, text)
			} else if _, ok := err.(*mistake); !ok {
				t.Errorf("%T: got %T for %q, want a mistake", row.into, err, text)
			}
		}
	}
}

// TestSecretRead holds that a secret comes as it stands in its file at each
// use, and that an error names the place and never the secret.
func TestSecretRead(t *testing.T) {
	t.Setenv("SITEPOST_TEST_SECRET", "from the room")
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ where, want, problem string }{
		{file("plain", "a b"), "a b", ""},
		{file("newline", "a\n\n"), "a\n", ""},
		{file("windows", "a\r\n"), "a", ""},
		{"env:SITEPOST_TEST_SECRET", "from the room", ""},
		{file("empty", "\n"), "", "the file is empty"},
		{file("large", strings.Repeat("x", maxSecret+1)), "", "larger than 64 KiB"},
		{"file:" + dir, "", "not an ordinary file"},
		{"file:" + dir + "/pipe", "", "not an ordinary file"},
		{"file:" + dir + "/none", "", "no such file"},
		{"env:SITEPOST_TEST_NEVER_SET", "", "not set"},
	} {
		s, err := SecretAt(row.where)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Read()
		switch {
		case row.problem == "" && (err != nil || got.Reveal() != row.want):
			t.Errorf("%s: got %q, %v, want %q", row.where, got.Reveal(), err, row.want)
		case row.problem != "" && (err == nil || !strings.Contains(err.Error(), row.problem) || !strings.Contains(err.Error(), row.where)):
			t.Errorf("%s: got %v, want %q and the place", row.where, err, row.problem)
		}
	}
	if _, err := (Secret{}).Read(); err == nil {
		t.Error("no secret could be read")
	}
}

// TestSecretModes holds which modes of a secret's file are told: the group may
// read it, others nothing.
func TestSecretModes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o640: true, 0o400: true, 0o644: false, 0o660: false, 0o666: false, 0o604: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := (Secret{"file:" + path}).look(time.Now()); (err == nil) != good {
			t.Errorf("got %v for mode %04o, want good %v", err, mode, good)
		}
	}
}

// TestCertificates holds that a certificate is told when it cannot be read, has
// ended, or ends within 30 days. (users: mosquitto #524, thin-edge #3157)
func TestCertificates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := func(begin, end time.Time) []byte {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: begin, NotAfter: end}
		der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	until := func(end time.Time) []byte { return from(now.AddDate(-1, 0, 0), end) }
	for name, row := range map[string]struct {
		text []byte
		want string
	}{
		"good":    {until(now.AddDate(1, 0, 0)), ""},
		"soon":    {until(now.AddDate(0, 0, 19)), "ends on 2026-12-10"},
		"ended":   {until(now.AddDate(0, 0, -1)), "ended on 2026-11-20"},
		"early":   {from(now.AddDate(0, 0, 2), now.AddDate(1, 0, 0)), "begins on 2026-11-23, and this machine's clock says 2026-11-21: set the clock, or wait"},
		"notepad": {append([]byte("\xEF\xBB\xBF"), until(now.AddDate(1, 0, 0))...), "was saved by Windows Notepad"},
		"a key":   {append(until(now.AddDate(1, 0, 0)), "-----BEGIN EC PRIVATE KEY-----\neA==\n-----END EC PRIVATE KEY-----\n"...), "there is a private key in"},
		"none":    {[]byte("hello"), "no certificate in"},
		"damaged": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), "cannot be read"},
	} {
		path := filepath.Join(t.TempDir(), "c.pem")
		if err := os.WriteFile(path, row.text, 0o600); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := (certificateFile{filePath(path)}).look(now); err != nil {
			got = err.Error()
		}
		if row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

// TestWire holds the time on the wire, of which overload is made: 9600 8N1 has
// ten bits to a character.
func TestWire(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"9600 8N1": 10 * time.Second / 960, "1200 8E2": 10 * 12 * time.Second / 1200} {
		var s Settings
		if err := s.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := s.Wire(10); got != want || s.String() != text {
			t.Errorf("got %v and %q, want %v and %q", got, s, want, text)
		}
	}
}

// TestMasked holds that what stands where a secret should is not drawn, however
// the line is written, and that ordinary lines are.
func TestMasked(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`password = "geheim"`, `password=geheim`, `password ＝ “geheim”`, `Password: geheim`, `psasword = "geheim"`, `"password" = 'geheim'`,
		`disabled = {password = "geheim"}`, `secure_key = "geheim"`, `key = "geheim" # x`, `url = "mqtts://me:geheim@host"`, `passwort = "geheim"`,
		`api_token = "geheim"`, `login.password = "geheim"`, `password = """geheim`,
	} {
		if got := masked(line); strings.Contains(got, "geheim") {
			t.Errorf("got %s for %s, which tells the secret", got, line)
		}
	}
	for _, line := range []string{
		`password = "file:/etc/x"`, `key = "env:X"`, `key_id = "city"`, `kinds = ["passenger_terminal"]`, `port = "/dev/serial/by-path/pci-0000:00"`,
		`code = "screening.pass"`, `host = "10.0.0.1"`, `password = "" # none`,
	} {
		if got := masked(line); line != `password = "" # none` && got != line {
			t.Errorf("got %s, want %s unchanged", got, line)
		}
	}
}
