package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/virtual"
)

// A frame of the profile winsen-zp14 with gas, and one behind it without.
var (
	gasFrame   = []byte{0xFF, 0x01, 0x03, 0x00, 0x41, 0x2C, 0x13, 0x88, 0xF4}
	quietFrame = []byte{0xFF, 0x01, 0x03, 0x00, 0x00, 0x2A, 0x13, 0x88, 0x37}
)

// TestListenToPort: what comes on a port is shown as bytes, text and events, and
// the capture of it can be replayed.
func TestListenToPort(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "quay.capture")
	pty := linetest.PTY(t)
	said := make(chan error, 1)
	go func() { // again and again, until somebody listens
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			if _, err := pty.Write(append(bytes.Clone(gasFrame), quietFrame...)); err != nil {
				said <- err
				return
			}
			<-tick.C
		}
	}()
	var out, remarks bytes.Buffer
	args := []string{"listen", pty.Path, "--settings", "9600 8N1", "--profile", "winsen-zp14", "--for", "300ms", "--record", capture}
	if code := run(args, &out, &remarks); code != exitGood {
		t.Fatalf("got exit code %d: %s", code, remarks.String())
	}
	pty.Unplug()
	<-said
	first, _, _ := bytes.Cut(out.Bytes(), []byte("\n   +0.0"))
	_, first, _ = bytes.Cut(first, []byte("< "))
	want := `FF 01 03 00 41 2C 13 88 F4 FF 01 03 00 00 2A 13  |....A,........*.|
            88 37                                            |.7|
            winsen-zp14  gas.reading 300 ppm
            winsen-zp14  gas.alarm.own raised
            winsen-zp14  gas.reading 42 ppm
            winsen-zp14  gas.alarm.own cleared`
	if diff := cmp.Diff(want, string(first)); diff != "" {
		t.Errorf("first rows (-want +got):\n%s\nof\n%s", diff, out.String())
	}

	var replayed bytes.Buffer
	if code := run([]string{"try", "winsen-zp14", capture}, &replayed, &remarks); code != exitGood {
		t.Fatalf("got exit code %d: %s", code, remarks.String())
	}
	events := bytes.SplitN(replayed.Bytes(), []byte("\n"), 3)
	for n, want := range []string{"gas.reading 300 ppm", "gas.alarm.own raised"} {
		if _, text, _ := bytes.Cut(events[n], []byte("  ")); string(text) != want {
			t.Errorf("replayed event %d: got %q, want %q", n+1, text, want)
		}
	}
}

// TestLineTools: what the tools refuse, and what they say then.
func TestLineTools(t *testing.T) {
	dir := t.TempDir()
	site := filepath.Join(dir, "site.toml")
	text := `version = 1
[site]
name = "demo"
[[zone]]
name = "quay"
class = "quay"
[[zone]]
name = "hall"
class = "screened"
[[line]]
name = "gates"
port = "/dev/serial/by-path/gates"
settings = "19200 8N1"
[[line]]
name = "plc"
port = "/dev/serial/by-path/plc"
settings = "9600 8N1"
use = "listen"
[[instrument]]
name = "gate-1"
profile = "gate-7e7f"
line = "gates"
address = 1
from = "quay"
to = "hall"
[[instrument]]
name = "gas-1"
profile = "honeywell-xcd"
line = "plc"
address = 1
zone = "quay"
`
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(dir, "there.capture")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"listen"}, "sitepost listen wants one line of the site file or one port, got 0: `sitepost listen --help` shows how"},
		{[]string{"scan", "gates", "plc"}, "sitepost scan wants one line of the site file or one port, got 2: `sitepost scan --help` shows how"},
		{[]string{"listen", "gates", "--guess", "--record", "new.capture"}, "--guess finds out what is spoken: use --record and --profile without it, with the settings that it has found"},
		{[]string{"listen", "plc", "--profile", "honeywell-xcd", "--address", "999"}, "--address 999: write 0 to 255"},
		{[]string{"try", "honeywell-xcd", there, "--address", "-1"}, "--address -1: write 0 to 255"},
		{[]string{"listen", "/dev/ttyS99"}, `a port needs settings: write --settings "9600 8N1", as on the label, or find them out with "sitepost listen PORT --guess"`},
		{[]string{"listen", "bus-z"}, site + ` has no line "bus-z": write one of gates, plc, or a port such as /dev/ttyUSB0 or tcp://10.37.20.60:4001`},
		{[]string{"listen", "/dev/ttyS99", "--settings", "9600"}, `--settings: `},
		{[]string{"listen", "gates", "--record", there}, there + " exists already and stays as it is: choose another name"},
		{[]string{"scan", "gates"}, `line "gates" is not all Modbus: instrument "gate-1" speaks as profile "gate-7e7f" says`},
		{[]string{"scan", "plc"}, `line "plc" is only listened to (use = "listen"): somebody else asks there`},
		{[]string{"scan", "/dev/ttyS99"}, `a port needs settings: write --settings "9600 8N1", as on the label, or find them out with "sitepost listen PORT --guess"`},
		{[]string{"scan", "/dev/ttyS99", "--settings", "9600 8N1", "--addresses", "1-300"}, `--addresses "1-300": write the first and the last, such as 1-32; the highest is 247`},
		{[]string{"scan", "/dev/ttyS99", "--settings", "9600 8N1", "--addresses", "1-32,40-50"}, `--addresses "1-32,40-50": write the first and the last`},
		{[]string{"scan", "/dev/ttyS99", "--settings", "9600 8N1", "--addresses", "1-3x"}, `--addresses "1-3x": write the first and the last`},
		{[]string{"new", "profile", "--modbus", "Gas 1"}, `a profile is named in a-z, 0-9 and -, at most 32 characters: "Gas 1" is not`},
		{[]string{"new", "profile", "gas-9"}, "say how the instrument speaks: --modbus, --ask or --listen"},
	} {
		var out bytes.Buffer
		code := run(append(c.args, "--config", site, "--control", filepath.Join(dir, "none.sock")), &out, &out)
		if want := "sitepost: " + c.want; code != exitUsage || !bytes.HasPrefix(out.Bytes(), []byte(want)) {
			t.Errorf("sitepost %q: got exit code %d and %s, want 2 and %s", c.args, code, out.String(), want)
		}
	}
}

// TestListenToNothing: a port that cannot be opened, and one on which nobody speaks, leave
// no empty capture behind that the next try would find in its way.
func TestListenToNothing(t *testing.T) {
	capture := filepath.Join(t.TempDir(), "quay.capture")
	pty := linetest.PTY(t)
	for _, c := range []struct {
		port, look string
		want       int
	}{
		{filepath.Join(t.TempDir(), "ttyUSB9"), "1m", exitUsage}, // it ends as soon as that is known
		{pty.Path, "100ms", exitGood},
	} {
		var out bytes.Buffer
		code := run([]string{"listen", c.port, "--settings", "9600 8N1", "--for", c.look, "--record", capture}, &out, &out)
		if code != c.want || exists(capture) || !bytes.Contains(out.Bytes(), []byte("nothing was heard, and so "+capture+" is not written")) {
			t.Errorf("%s: exit code %d, want %d; the capture is there: %v\n%s", c.port, code, c.want, exists(capture), out.String())
		}
	}
}

// TestScanPort: who answers on a port is listed, and so is who is not there.
func TestScanPort(t *testing.T) {
	p, err := instrument.Load("honeywell-xcd", "")
	if err != nil {
		t.Fatal(err)
	}
	port := filepath.Join(t.TempDir(), "bus")
	bus, err := virtual.OpenBus(port, line.Settings{}, virtual.NewInstrument(p, 3))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	var out, remarks bytes.Buffer
	if code := run([]string{"scan", port, "--settings", "9600 8N1", "--addresses", "2-4", "--json"}, &out, &remarks); code != exitGood {
		t.Fatalf("got exit code %d: %s", code, remarks.String())
	}
	var found []struct{ Address int }
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Address != 3 {
		t.Errorf("got %s, want address 3 alone", out.String())
	}
}

// A stopper is Ctrl-C as soon as a word is printed.
type stopper struct {
	bytes.Buffer
	word string
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.word)) {
		s.stop()
	}
	return s.Buffer.Write(p)
}

// TestScanStopped: who was found before Ctrl-C is listed, and where the scan
// stopped is said.
func TestScanStopped(t *testing.T) {
	p, err := instrument.Load("honeywell-xcd", "")
	if err != nil {
		t.Fatal(err)
	}
	port := filepath.Join(t.TempDir(), "bus")
	bus, err := virtual.OpenBus(port, line.Settings{}, virtual.NewInstrument(p, 3))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &stopper{word: "  3  ", stop: cancel}
	root := newRoot(&tool{stdout: out, stderr: io.Discard})
	root.SetArgs([]string{"scan", port, "--settings", "9600 8N1", "--addresses", "3-247"})
	err = root.ExecuteContext(ctx)
	if want := "stopped: from address 4 on nobody was asked"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if rows := bytes.Split(out.Bytes(), []byte("\n")); len(rows) != 3 || string(rows[1]) != "1 found" {
		t.Errorf("got %q, want one address and how many there are", out.String())
	}
}

// TestShowFlood: a line that is never silent is shown as it goes on, and not
// kept until it ends.
func TestShowFlood(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &show{tool: &tool{stdout: &out}}
	for n := range 1000 {
		c := line.Chunk{Bytes: make([]byte, 10), At: time.Unix(0, 0).Add(time.Duration(n) * 10 * time.Millisecond)}
		if err := s.hear(c); err != nil {
			t.Fatal(err)
		}
		if kept := len(s.chunk.Bytes); kept >= long+len(c.Bytes) {
			t.Fatalf("%d bytes are kept and not shown", kept)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(out.Bytes(), []byte("00")); got < 10_000 {
		t.Errorf("got %d bytes shown, want 10000", got)
	}
}

// TestPortOfLine: a port belongs to the line of the site that has it, by
// whatever path it is named.
func TestPortOfLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	port, link := filepath.Join(dir, "ttyUSB0"), filepath.Join(dir, "by-path")
	if err := errors.Join(os.WriteFile(port, nil, 0o600), os.Symlink(port, link)); err != nil {
		t.Fatal(err)
	}
	site := &config.Config{Lines: []config.Line{{Name: "gone", Port: filepath.Join(dir, "gone")}, {Name: "gates", Port: link}}}
	for arg, want := range map[string]string{port: "gates", link: "gates", filepath.Join(dir, "gone"): "gone", dir: "", "tcp://127.0.0.1:4001": ""} {
		got, err := portOf(arg, site)
		if err != nil || got.Name != want {
			t.Errorf("%s: got line %q, %v, want %q", arg, got.Name, err, want)
		}
	}
}

// TestNewProfile: each template proves itself as it was written, and nothing is
// overwritten.
func TestNewProfile(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, way := range []string{"--modbus", "--ask", "--listen"} {
		name := "my" + way
		var out bytes.Buffer
		if code := run([]string{"new", "profile", way, name}, &out, &out); code != exitGood {
			t.Fatalf("%s: got exit code %d: %s", way, code, out.String())
		}
		if code := run([]string{"try", name + ".toml"}, &out, &out); code != exitGood {
			t.Errorf("%s: the template does not prove itself: %s", way, out.String())
		}
		if code := run([]string{"new", "profile", way, name}, &out, &out); code != exitUsage {
			t.Errorf("%s: got exit code %d for a file that exists, want %d", way, code, exitUsage)
		}
	}
}
