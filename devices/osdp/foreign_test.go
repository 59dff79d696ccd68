package osdp

import (
	"bytes"
	"crypto/aes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOtherPanel: our questions are byte for byte those of another panel, which
// bytedreamer/OSDP.Net has in src/OSDP.Net.Tests/Messages/
// CommandOutgoingMessageTest.cs. Its session has zeros for all keys and MACs.
func TestOtherPanel(t *testing.T) {
	t.Parallel()
	zero, err := aes.NewCipher(make([]byte, keyBytes))
	if err != nil {
		t.Fatal(err)
	}
	got := map[command][]string{}
	for _, c := range []command{poll, identity, capabilities, localStatus, inputStatus} {
		for _, way := range []struct {
			crc     bool
			session *session
		}{{false, nil}, {true, nil}, {true, &session{enc: zero, mac1: zero, mac2: zero}}} {
			k := newTalk(Options{Address: 0}, nil)
			k.sequence, k.crc, k.session = 2, way.crc, way.session
			got[c] = append(got[c], fmt.Sprintf("% X", k.ask(c, commands[c].with).bytes))
		}
	}
	want := map[command][]string{
		poll: {"FF 53 00 07 00 02 60 44", "FF 53 00 08 00 06 60 89 CC", "FF 53 00 0E 00 0E 02 15 60 4B 32 76 77 73 B6"},
		identity: {"FF 53 00 08 00 02 61 00 42", "FF 53 00 09 00 06 61 00 A0 08",
			"FF 53 00 1E 00 0E 02 17 61 D1 4E B7 AD 98 2C C5 F9 AA 25 31 8A 7E AE D6 26 9A E9 95 73 19 83"},
		capabilities: {"FF 53 00 08 00 02 62 00 41", "FF 53 00 09 00 06 62 00 F3 5D",
			"FF 53 00 1E 00 0E 02 17 62 D1 4E B7 AD 98 2C C5 F9 AA 25 31 8A 7E AE D6 26 0F 6A 2A A7 38 70"},
		localStatus: {"FF 53 00 07 00 02 64 40", "FF 53 00 08 00 06 64 0D 8C", "FF 53 00 0E 00 0E 02 15 64 6F 63 24 6F D0 50"},
		inputStatus: {"FF 53 00 07 00 02 65 3F", "FF 53 00 08 00 06 65 2C 9C", "FF 53 00 0E 00 0E 02 15 65 46 0E 3D 4E 2A 6A"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOtherReaders: what two real readers and the one of
// Security-Industry-Association/libosdp-conformance said is understood: an ACK
// from ReplyTest.cs and a PDID from PacketDecodingTest.cs of OSDP.Net, and a
// state that was the answer to a poll, from test/osdpcap-tests.
func TestOtherReaders(t *testing.T) {
	t.Parallel()
	k := newTalk(Options{}, nil)
	var got []string
	for _, said := range []struct {
		sequence byte
		bytes    string
	}{
		{1, "53 80 08 00 05 40 68 9F"},
		{2, "53 80 14 00 06 45 00 0E E3 10 10 00 00 74 97 23 06 06 1B 88"},
		{0, "FF 53 80 0A 00 04 48 00 01 0F A1"},
	} {
		q := &question{command: poll, sequence: said.sequence, crc: true}
		r, _ := q.read(q.accept(unhex(t, said.bytes)))
		k.introduce(r)
		events, ok := k.read(r)
		line := fmt.Sprintf("%02X %v", r.id, ok)
		for _, e := range events {
			line += fmt.Sprintf(" %s %s %s", e.Code, e.Point, e.State)
		}
		got = append(got, line)
	}
	want := []string{"40 true", "45 true", "48 true tamper.contact  cleared device.fault power raised"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := "maker 000EE3 model 16 version 16 serial 2540961792 firmware 35.6.6"; k.who != want {
		t.Errorf("got %q, want %q", k.who, want)
	}
}

// TestOverheardIsShown: what another master's question is recognised by is told
// to people. A command that sets a key is passed over, and so is a question
// that somebody wrote on a card.
func TestOverheardIsShown(t *testing.T) {
	t.Parallel()
	keySet := compose(0, withCRC|2, append([]byte{0x75, 1, 16}, unhex(t, recordedKey)...), nil)
	question := compose(0, withCRC|2, []byte{0x60}, nil)
	card := compose(0x80, withCRC|2, append([]byte{cardBits, 0, 0, byte(8 * len(question)), 0}, question...), nil)
	for name, c := range map[string]struct {
		heard []byte
		want  bool
	}{
		"a key":                             {keySet, false},
		"a key, then a poll":                {append(bytes.Clone(keySet), question...), true},
		"a poll within a card":              {card, false},
		"a poll after a card":               {append(bytes.Clone(card), question...), true},
		"a poll within a card that is torn": {card[:len(card)-1], true}, // nobody can say what it was
	} {
		if got := Overheard(c.heard); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestTries: a MAC cannot be guessed with as many packets as a line has room
// for; a few that are not the answer do no harm.
func TestTries(t *testing.T) {
	t.Parallel()
	k := newTalk(Options{Address: 5}, nil)
	k.crc, k.sequence, k.session = true, 1, recordedSession(t)
	q := k.ask(poll, nil)
	guess := func(mac byte) []byte {
		return compose(0x85, withCRC|withBlock|1, []byte{2, 0x16, 0x40}, func([]byte) []byte { return []byte{mac, 2, 3, 4} })
	}
	right := compose(0x85, withCRC|withBlock|1, []byte{2, 0x16, 0x40}, func(b []byte) []byte {
		mac := k.session.mac(k.session.ours, b)
		return mac[:macBytes]
	})
	for before, want := range map[int][]byte{0: right[1:], tries - 1: right[1:], tries: nil} {
		var heard []byte
		for n := range before {
			heard = append(heard, guess(byte(n))...)
		}
		if got := q.accept(append(heard, right...)); !bytes.Equal(got, want) {
			t.Errorf("after %d guesses: got % X, want % X", before, got, want)
		}
	}
}

func recordedSession(t *testing.T) *session {
	t.Helper()
	s, err := newSession(unhex(t, recordedKey), [8]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTooMany: a reader that claims to have more inputs or readers than there
// are devices with is not believed.
func TestTooMany(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id   byte
		most int
		says int // events for each
	}{{inputState, mostInputs, 1}, {readerState, mostReaders, 2}} {
		for n, want := range map[int]string{c.most: fmt.Sprint(c.most*c.says, true), c.most + 1: fmt.Sprint(0, false), 1400: fmt.Sprint(0, false)} {
			events, ok := newTalk(Options{}, nil).read(reply{id: c.id, payload: bytes.Repeat([]byte{1}, n)})
			if got := fmt.Sprint(len(events), ok); got != want {
				t.Errorf("%02X with %d: got %s, want %s", c.id, n, got, want)
			}
		}
	}
}
