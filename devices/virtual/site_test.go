package virtual

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices/osdp/osdptest"
)

// siteOf is a site with two channels of a controller and a detector on one
// line, and readers on another: with the site's key, and without.
func siteOf(t *testing.T, key string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var secret config.Secret
	if err := secret.UnmarshalText([]byte("file:" + path)); err != nil {
		t.Fatal(err)
	}
	return &config.Config{
		Lines: []config.Line{{Name: "gas", Port: filepath.Join(t.TempDir(), "gas")}, {Name: "doors", Address: "127.0.0.1:0", Preamble: []byte("REG1")}},
		Instruments: []config.Instrument{
			{Name: "ch-1", Line: "gas", Profile: "draeger-regard-3900", Address: 3, Channel: 1},
			{Name: "gas-1", Line: "gas", Profile: "honeywell-xcd", Address: 1},
			{Name: "ch-2", Line: "gas", Profile: "draeger-regard-3900", Address: 3, Channel: 2},
			{Name: "door-1", Line: "doors", Protocol: config.OSDP, Address: 1, SecureKey: secret},
			{Name: "door-2", Line: "doors", Protocol: config.OSDP, Address: 2},
		},
	}
}

// heard lets the speakers of a line hear something, as a line does, and returns
// what is answered.
func heard(speakers []Speaker, question string) string {
	for _, s := range speakers {
		if answer, used := s.Hear([]byte(question)); used > 0 {
			return fmt.Sprintf("% X", answer)
		}
	}
	return "nothing"
}

// TestChannels: the channels of a controller are one device on the line, and
// each answers for its own registers.
func TestChannels(t *testing.T) {
	t.Parallel()
	c := siteOf(t, "a key of a site!")
	s, err := Instruments(c, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, gas := range map[string]int{"ch-1": 10, "ch-2": 30} {
		if err := s.Set(name, map[string]any{"gas": gas}); err != nil {
			t.Fatal(err)
		}
	}
	on := s.On(c, "gas")
	if len(on) != 2 {
		t.Errorf("got %d devices on the line, want a controller and a detector", len(on))
	}
	for _, ask := range []struct{ question, answer string }{
		{"\x03\x04\x00\x01\x00\x02", "\x03\x04\x04\x00\x64\x00\x64"}, // 100 of 100 thousandths
		{"\x03\x04\x00\x10\x00\x02", "\x03\x04\x04\x01\x2C\x00\x64"},
		{"\x03\x04\x00\x1F\x00\x02", "\x03\x84\x02"}, // a third channel: nobody's
		{"\x01\x03\x00\x02\x00\x02", "\x01" + shown},
	} {
		if got, want := heard(on, rtu(ask.question)), fmt.Sprintf("% X", rtu(ask.answer)); got != want {
			t.Errorf("asked % X: got %s, want %s", ask.question, got, want)
		}
	}
	asked := map[string]int{}
	for _, name := range []string{"ch-1", "ch-2", "gas-1"} {
		i, err := s.Instrument(name)
		if err != nil {
			t.Fatal(err)
		}
		asked[name] = i.Asked()
	}
	if diff := cmp.Diff(map[string]int{"ch-1": 1, "ch-2": 1, "gas-1": 1}, asked); diff != "" {
		t.Errorf("questions answered (-want +got):\n%s", diff)
	}
}

// TestReaders: a reader with a key speaks in a Secure Channel only, one without
// answers in the clear. The key is 32 hex digits or 16 bytes.
func TestReaders(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"a key of a site!", "61206B6579206F66206120736974651A"} {
		c := siteOf(t, key)
		s, err := Instruments(c, "")
		if err != nil {
			t.Fatal(err)
		}
		on := s.On(c, "doors")
		for _, ask := range []struct {
			address byte
			answer  string
		}{
			{1, fmt.Sprintf("% X", osdptest.Packet(0x81, 4, 0x41, 6))}, // encryption is required
			{2, fmt.Sprintf("% X", osdptest.Packet(0x82, 4, 0x40))},
			{3, "nothing"},
		} {
			if got := heard(on, string(osdptest.Packet(ask.address, 4, 0x60))); got != ask.answer {
				t.Errorf("key %q, reader %d: got %s, want %s", key, ask.address, got, ask.answer)
			}
		}
	}
	for _, key := range []string{"short", "61206B6579", "no hex digits but 32 characters."} {
		if _, err := Instruments(siteOf(t, key), ""); err == nil {
			t.Errorf("key %q: got no error", key)
		}
	}
}

// TestSiteOfServers: a line with an address is a serial server with its
// preamble, and Modbus TCP where the site says so; closing takes all away.
func TestSiteOfServers(t *testing.T) {
	c := siteOf(t, "a key of a site!")
	c.Lines[0] = config.Line{Name: "gas", Address: "127.0.0.1:0", ModbusTCP: true}
	s, err := NewSite(c, "")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("% X", "\x00\x09\x00\x00\x00\x07\x01"+shown)
	if got := exchange(t, dialled(t, s.servers[0]), "\x00\x09\x00\x00\x00\x06"+gasAsked(1), 13); got != want {
		t.Errorf("Modbus TCP: got %s, want %s", got, want)
	}
	if got, want := exchange(t, dialled(t, s.servers[1]), "", 4), fmt.Sprintf("% X", "REG1"); got != want {
		t.Errorf("serial server: got %s, want %s", got, want)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if again, err := NewSite(&config.Config{Lines: []config.Line{{Name: "gas", Address: s.servers[0].Address()}}}, ""); err != nil {
		t.Errorf("the address is not free again: %v", err)
	} else if err := again.Close(); err != nil {
		t.Error(err)
	}
}
