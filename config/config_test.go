package config

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitepost/devices"
)

// TestReferenceIsGood holds that the manual is a file without findings, with
// profiles known and without, with the line ends of Linux and of Windows.
func TestReferenceIsGood(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]Env{"profiles known": {Profiles: shelf{}}, "profiles unknown": {}} {
		for _, text := range []string{string(Reference()), string(ReferenceChinese()), strings.ReplaceAll(string(Reference()), "\n", "\r\n"), strings.TrimSpace(string(Reference()))} {
			c, findings := Parse("site.toml", []byte(text), env)
			if len(findings) > 0 || c == nil {
				t.Errorf("%s: got findings, want none:\n%s", name, findings)
			}
		}
	}
}

// TestBareMachine holds that a machine without anything shows what it lacks for
// the manual, and that this is all there is to say.
func TestBareMachine(t *testing.T) {
	t.Parallel()
	c, _ := Parse("site.toml", Reference(), Env{})
	findings := CheckMachine(c)
	if len(findings.Of(Machine)) != len(findings) || len(findings) < 8 {
		t.Errorf("got %s, want only findings of the machine, at least 8", findings)
	}
	file := filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(file, Reference(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Check(file, Env{}); len(got) != len(findings) {
		t.Errorf("got %d findings from Check, want the %d of CheckMachine:\n%s", len(got), len(findings), got)
	}
}

// TestReferenceIsTheManual holds that every key that can be written stands in
// the manual, if only as a comment.
func TestReferenceIsTheManual(t *testing.T) {
	t.Parallel()
	header := regexp.MustCompile(`^#? ?\[\[?([a-z_.]+)\]`)
	key := regexp.MustCompile(`(?:^(?:# )?|[{,] ?)([a-z_]+) = `)
	stands, table := map[string]bool{}, ""
	for line := range strings.Lines(string(Reference())) {
		if m := header.FindStringSubmatch(line); m != nil {
			table = m[1] + "."
			continue
		}
		outer := ""
		for _, m := range key.FindAllStringSubmatch(line, -1) {
			stands[table+outer+m[1]] = true
			if outer == "" && strings.Contains(line, m[1]+" = {") {
				outer = m[1] + "."
			}
		}
		for _, word := range []string{"from", "to"} { // of a camera, in one line of comment
			stands[table+word] = stands[table+word] || strings.HasPrefix(line, "# from = ") && strings.Contains(line, word+" = ")
		}
	}
	var walk func(reflect.Type, string)
	walk = func(s reflect.Type, path string) {
		for i := range s.NumField() {
			f := s.Field(i)
			name := f.Tag.Get("toml")
			if name == "" {
				continue
			}
			_, isValue := reflect.New(f.Type).Interface().(slot)
			switch inner := f.Type; {
			case isValue:
				if !stands[path+name] {
					t.Errorf("the manual does not have %s%s", path, name)
				}
			case inner.Kind() == reflect.Slice:
				walk(inner.Elem(), path+name+".")
			default:
				walk(inner, path+name+".")
			}
		}
	}
	walk(reflect.TypeFor[written](), "")
}

var compare = cmp.Options{
	cmpopts.IgnoreUnexported(Config{}), cmpopts.IgnoreFields(Config{}, "Hash"),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.AllowUnexported(Secret{}, User{}),
}

// TestMeaning holds what a file means, value by value, with every default.
func TestMeaning(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.Local) }
	got, findings := Parse("a.toml", []byte(`version = 1
[site]
name = "demo"
position = [31, 118.5]
[network]
device_networks = ["127.0.0.0/8", "10.0.0.0/24"]
[store]
size = "64MiB"
[[uplink.broker]]
name = "here"
url = "mqtt://localhost"
user = "me"
password = "env:BROKER"
[[zone]]
name = "a"
class = "hall_of_ours"
[[zone]]
name = "b"
class = "quay"
[[line]]
name = "tcp"
port = "tcp://10.0.0.60:4001"
preamble = "'hi' 0d"
[[line]]
name = "tty"
port = "/dev/ttyS9"
settings = "19200 8E1"
use = "listen"
[[instrument]]
name = "panic-1"
zone = "a"
profile = "contacts-8"
line = "tcp"
address = 11
disabled = {since = 2026-11-01, why = "pier"}
[[instrument.input]]
terminal = 4
code = "panic.pressed"
normally = "closed"
steady = "200ms"
[[instrument]]
name = "own-1"
from = "a"
to = "b"
profile = "own-arch"
line = "tty"
silence = "never"
[[login]]
name = "cameras"
user = "onvif"
password = "file:/s/cameras"
[[camera]]
name = "cam-1"
zone = "a"
host = "127.0.0.1:8000"
login = "cameras"
`), Env{Profiles: shelf{}})
	if errs := findings.Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	want := &Config{
		Path: "a.toml", Version: 1,
		Site:    Site{Name: "demo", Position: &Position{31, 118.5}},
		Network: Network{DeviceNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/24")}, Discover: DiscoverOff},
		Clock:   Clock{nil, 500 * time.Millisecond, 5 * time.Second},
		Store:   Store{"/var/lib/sitepost", 64 << 20, 720 * time.Hour, 24 * time.Hour, 336 * time.Hour, 168 * time.Hour},
		Uplink: Uplink{
			ClientID: "demo", Receipt: ByBroker, KeepAlive: 15 * time.Second, DrainRate: 50, DrainStart: 5 * time.Minute, Readings: time.Minute,
			Brokers: []Broker{{Name: "here", URL: "mqtt://localhost:1883", User: User{name: "me"}, Password: Secret{"env:BROKER"}}},
		},
		Stream: Stream{0.001, 50 * time.Millisecond, 25, 2_000_000, 5 * time.Second, 5 * time.Second},
		Zones:  []Zone{{Name: "a", Class: "hall_of_ours"}, {Name: "b", Class: "quay"}},
		Lines: []Line{
			{Name: "tcp", Address: "10.0.0.60:4001", Settings: Settings{9600, 8, 'N', 1}, Use: Ask, Pause: 10 * time.Millisecond, Preamble: []byte("hi\r")},
			{Name: "tty", Port: "/dev/ttyS9", Settings: Settings{19200, 8, 'E', 1}, Use: Listen, Pause: 10 * time.Millisecond},
		},
		Instruments: []Instrument{
			{
				Name: "panic-1", Kind: devices.Contacts, Zone: "a", Profile: "contacts-8", Line: "tcp", Address: 11,
				Disabled: &Disabled{day(2026, 11, 1), "pier"},
				Inputs:   []Input{{Terminal: "4", Code: "panic.pressed", NormallyClosed: true, Steady: 200 * time.Millisecond}},
			},
			{Name: "own-1", Kind: devices.MetalDetectorGate, From: "a", To: "b", Profile: "own-arch", Line: "tty", Address: 1, NeverSilent: true},
		},
		Logins: []Login{{"cameras", "onvif", Secret{"file:/s/cameras"}}},
		Cameras: []Camera{{
			Name: "cam-1", Zone: "a", Host: "127.0.0.1:8000", Login: "cameras", Watch: WatchSampled, Transport: TCP, Motion: MotionEvent, Events: true,
		}},
		Page: Page{"127.0.0.1:8480"},
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Hash) != 64 {
		t.Errorf("got hash %q, want 64 hex digits", got.Hash)
	}
}

// TestOpening holds that a file that cannot be opened is a finding of its own
// kind, and that one that is too large is not read.
func TestOpening(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/nonexistent/site.toml", t.TempDir()} {
		c, findings := Load(path, Env{})
		if c != nil || len(findings) != 1 || findings[0].Kind != Unopened || !findings[0].IsError() {
			t.Errorf("got %v and %v, want one finding of the kind %q", c, findings, Unopened)
		}
	}
	_, findings := Parse("big.toml", []byte(strings.Repeat("# much\n", maxFile/7+1)), Env{})
	if len(findings) != 1 || findings[0].Kind != Language {
		t.Errorf("got %v, want one finding", findings)
	}
}

// TestLongList holds that a hostile file makes a list that ends.
func TestLongList(t *testing.T) {
	t.Parallel()
	_, findings := Parse("a.toml", []byte(strings.Repeat("\n\t[x]\n", 5000)), Env{})
	if last := findings[len(findings)-1]; len(findings) != maxFindings+1 || !strings.HasPrefix(last.Text, "and ") {
		t.Errorf("got %d findings and last %q, want %d and how many more", len(findings), last.Text, maxFindings+1)
	}
}

// TestJSON holds the form in which tools get findings.
func TestJSON(t *testing.T) {
	t.Parallel()
	_, findings := Parse("a.toml", []byte("version = 1\n[site]\nnmae = \"x\"\n"), Env{})
	raw, err := findings.Of(Language).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{
		"file": "a.toml", "line": 3.0, "column": 1.0, "kind": "language", "hint": "name",
		"text":    "unknown key \"nmae\" in [site]: correct it or take it out",
		"drawing": "    3 | nmae = \"x\"\n      | ^^^^ did you mean \"name\"?\n",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if none, _ := Findings(nil).JSON(); string(none) != "[]" {
		t.Errorf("got %s for no findings, want []", none)
	}
}

// FuzzParse holds that no file makes it panic, that every finding has a place
// in the file, and that a Config comes without mistakes only.
func FuzzParse(f *testing.F) {
	f.Add(Reference())
	files, _ := filepath.Glob("testdata/bad/*.toml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, findings := Parse("a.toml", text, Env{Profiles: shelf{}})
		if (c == nil) != (len(findings.Errors()) > 0) {
			t.Errorf("got config %v with\n%s", c != nil, findings)
		}
		for _, finding := range findings {
			if finding.Line < 1 || finding.Column < 1 || finding.Text == "" {
				t.Errorf("got %+v, want a place and a text", finding)
			}
		}
	})
}

// TestNoOrdinaryFile holds that whatever a path leads to, it is told and holds nobody
// up: also a pipe that somebody has open, and would write to for ever or never.
func TestNoOrdinaryFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(syscall.Mkfifo(at("pipe"), 0o600), syscall.Mkfifo(at("held"), 0o600),
		os.WriteFile(at("huge"), nil, 0o600), os.Truncate(at("huge"), 100<<20), os.Symlink(at("loop"), at("loop")))
	if err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(at("held"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for path, want := range map[string]string{
		at("pipe"): "not an ordinary file: give the path", at("held"): "not an ordinary file: give the path", "/dev/zero": "not an ordinary file: give the path",
		dir: "is a directory: give the path", at("loop"): "too many levels of symbolic links: give the path", at("huge"): "the file is larger than 1 MiB",
	} {
		told := make(chan Findings, 1)
		go func() { told <- Check(path, Env{}) }()
		select {
		case found := <-told:
			if len(found) != 1 || !strings.HasPrefix(found[0].Text, want) {
				t.Errorf("%s: got %q, want %s", path, found, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s holds Check up", path)
		}
	}
}
