package osdp

import (
	"bytes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// The handshake below was recorded between this package and the reader of
// goToMain/libosdp 3.2.0 with the key 00 01 … 0F.
const (
	recordedKey      = "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F"
	recordedID       = "FF 53 05 09 00 04 61 00 C1 25"
	recordedIdentity = "FF 53 85 14 00 04 45 EF CD AB 07 02 15 CD 5B 07 01 04 00 FD 01"
	recordedCHLNG    = "FF 53 05 13 00 0D 03 11 01 76 7E 8E 32 1B 90 C7 BA AD 0E 37"
	recordedCCRYPT   = "FF 53 85 2B 00 0D 03 12 01 76 EF CD 07 00 15 CD 5B 07 C6 73 FF EC CD AB FB 46 9D 8B C5 46 4B 6B 87 69 2B EF 3B FF C3 22 01 32 30 C5"
	recordedSCRYPT   = "FF 53 05 1B 00 0E 03 13 01 77 9D AA 76 81 E5 F7 96 78 3D E9 A1 D2 E0 DD E9 73 76 7D"
	recordedRMAC     = "FF 53 85 1B 00 0E 03 14 01 78 3F 06 27 62 40 EA E1 4A FE 84 24 67 90 93 D5 B8 1D 59"
	recordedCAP      = "FF 53 05 1E 00 0F 02 17 62 E7 7F 34 59 9E 95 48 57 25 9A 79 A9 AD C1 08 4D C0 97 88 6D 5F 4A"
	recordedPDCAP    = "FF 53 85 2E 00 0F 02 18 46 EE E2 BA 4B 12 EC 7A 6D 48 18 6B AE 70 FE DA 90 02 86 88 59 B3 D6 87 8A 77 59 12 13 B7 9F C8 33 2F 25 C6 0E 18 66"
	recordedLSTAT    = "FF 53 05 0E 00 0D 02 15 64 F8 67 CB E0 32 3A"
	recordedLSTATR   = "FF 53 85 10 00 0D 02 15 48 00 00 25 B8 DF 61 03 18"
)

// parsed takes a recorded packet apart.
func parsed(t *testing.T, text string) packet {
	t.Helper()
	p, ok := parse(unhex(t, text)[1:])
	if !ok {
		t.Fatalf("%s is no packet", text)
	}
	return p
}

// TestRecorded: a handshake with somebody else's reader, byte for byte, from
// the first question to the first sealed and signed ones.
func TestRecorded(t *testing.T) {
	t.Parallel()
	var a, b [8]byte
	copy(a[:], parsed(t, recordedCHLNG).payload)
	copy(b[:], parsed(t, recordedCCRYPT).payload[8:])
	s, err := newSession(unhex(t, recordedKey), a)
	if err != nil {
		t.Fatal(err)
	}
	talk := newTalk(Options{Address: 5}, nil)
	asks := func(sequence byte, c command, with []byte, block ...byte) string {
		talk.sequence, talk.crc = sequence, true
		return fmt.Sprintf("% X", talk.ask(c, with, block...).bytes)
	}
	theirs, own := s.proof(a, b), s.proof(b, a)
	got := []string{
		asks(0, identity, []byte{0}),
		asks(1, challenge, a[:], bySiteKey),
		fmt.Sprintf("% X", theirs),
		asks(2, cryptogram, own[:], bySiteKey),
		fmt.Sprintf("% X", s.begin(own)),
	}
	talk.session = s
	got = append(got, asks(3, capabilities, []byte{0}))
	pdcap := parsed(t, recordedPDCAP)
	payload, mac, ok := s.open(&pdcap)
	got = append(got, fmt.Sprintf("%v % X", ok, payload))
	s.theirs = mac
	got = append(got, asks(1, localStatus, nil))
	lstatr := parsed(t, recordedLSTATR)
	payload, _, ok = s.open(&lstatr)
	got = append(got, fmt.Sprintf("%v % X", ok, payload))
	want := []string{
		recordedID, recordedCHLNG, fmt.Sprintf("% X", parsed(t, recordedCCRYPT).payload[16:]),
		recordedSCRYPT, fmt.Sprintf("% X", parsed(t, recordedRMAC).payload),
		recordedCAP,
		// Contacts, lamps, CRC, security, longest message 256, readers, version.
		"true 01 01 02 04 01 01 08 01 00 09 01 00 0A 00 01 0D 01 01 10 02 00",
		recordedLSTAT, "true 00 00",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s %x", s, s, s, s, s); shown != "*** *** *** *** ***" {
		t.Errorf("a session prints as %s", shown)
	}
}

// TestSealed: an answer with a good MAC that does not end as a sealed one must
// is no answer, and one that is sealed though it is empty is one.
func TestSealed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                    "true ",
		"80" + strings.Repeat("00", 15):       "true ",
		"4080" + strings.Repeat("00", 14):     "true 40",
		strings.Repeat("00", 16):              "false ",
		"4001" + strings.Repeat("00", 14):     "false ",
		"4080" + strings.Repeat("00", 14-1):   "false ", // no whole block
		strings.Repeat("80", 16):              "true " + strings.TrimSpace(strings.Repeat("80 ", 15)),
		strings.Repeat("11", 16) + "80000000": "false ",
	} {
		s, err := newSession(unhex(t, recordedKey), [8]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		inside := unhex(t, text)
		if len(inside)%16 == 0 {
			cipher.NewCBCEncrypter(s.enc, complement(s.ours)).CryptBlocks(inside, inside)
		}
		says := append([]byte{2, sealedAnswer, 0x48}, inside...)
		whole := compose(0x85, withCRC|withBlock, says, func(b []byte) []byte {
			mac := s.mac(s.ours, b)
			return mac[:macBytes]
		})
		p := parsed(t, fmt.Sprintf("% X", whole))
		payload, _, ok := s.open(&p)
		if got := fmt.Sprintf("%v % X", ok, payload); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestOnlyQuestions: these commands can be sent and no others, whatever stands
// in the standard: they all ask, and none acts.
func TestOnlyQuestions(t *testing.T) {
	t.Parallel()
	sent := map[string]byte{}
	for c := range commands {
		p, ok := parse(newTalk(Options{Address: 1}, nil).ask(command(c), nil, 1).bytes[1:])
		if !ok {
			t.Fatalf("%v makes no packet", command(c))
		}
		sent[command(c).String()] = p.id
	}
	want := map[string]byte{
		"POLL": 0x60, "ID": 0x61, "CAP": 0x62, "LSTAT": 0x64, "ISTAT": 0x65, "RSTAT": 0x67, "CHLNG": 0x76, "SCRYPT": 0x77,
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if acts := slices.DeleteFunc(slices.Collect(maps.Values(sent)), func(id byte) bool {
		return id < 0x68 || id == 0x76 || id == 0x77 // 68 is OUT, 75 KEYSET, 80 MFG
	}); len(acts) > 0 {
		t.Errorf("% X are no questions", acts)
	}
}

// TestAccept: only the answer to this question is taken out of what is heard,
// however it comes.
func TestAccept(t *testing.T) {
	t.Parallel()
	says := func(control byte, says ...byte) string {
		return fmt.Sprintf("% X", compose(0x83, control, says, nil)[1:])
	}
	other := func(address byte) string { return fmt.Sprintf("% X", compose(address, 0x06, []byte{0x40}, nil)) }
	card := []byte{0x50, 0, 1, 64, 0}
	inner := unhex(t, says(0x06, 0x40))
	outer := says(0x06, append(card, inner...)...)
	damaged := unhex(t, outer)
	damaged[len(damaged)-1] ^= 1
	broken := fmt.Sprintf("% X", damaged)
	for _, c := range []struct {
		name, heard, want string
	}{
		{"alone", says(0x06, 0x40), says(0x06, 0x40)},
		{"after a mark and noise", "00 53 FF 53 83 53 FF " + says(0x06, 0x40) + " 53", says(0x06, 0x40)},
		{"the wrong sequence", says(0x05, 0x40), ""},
		{"after one with the wrong sequence", says(0x05, 0x40) + says(0x06, 0x40), says(0x06, 0x40)},
		{"of another reader", other(0x84), ""},
		{"the question itself", other(0x03), ""},
		{"with a checksum, to a question with CRC", says(0x02, 0x40), ""},
		{"busy has no sequence", says(0x04, 0x79), says(0x04, 0x79)},
		{"nothing else has none", says(0x04, 0x40), ""},
		{"refused, and the number with it", says(0x07, 0x41, 4), says(0x07, 0x41, 4)},
		{"refused for another reason", says(0x07, 0x41, 3), ""},
		{"refused without a reason", says(0x07, 0x41), ""},
		{"in a block that nobody opened", says(0x0E, 2, 0x16, 0x40, 1, 2, 3, 4), ""},
		{"a packet within a card", outer, outer},
		{"a packet within a card that is damaged", broken, ""},
		{"a packet within a card that is not whole yet", outer[:len(outer)-3], ""},
		{"a length beyond all", "53 83 A1 05 06 40 " + says(0x06, 0x40), says(0x06, 0x40)},
		{"a length below all", "53 83 06 00 06 40 " + says(0x06, 0x40), says(0x06, 0x40)},
		{"a block longer than the packet", says(0x0E, 9, 0x16, 0x40), ""},
		{"a block of nothing", says(0x0E, 0, 0x16, 0x40), ""},
	} {
		q := &question{command: poll, address: 3, sequence: 2, crc: true}
		heard := unhex(t, c.heard)
		var got []byte
		for n := range heard { // as it comes, byte by byte
			if got = q.accept(heard[:n+1]); got != nil {
				break
			}
		}
		if want := unhex(t, c.want); !bytes.Equal(got, want) {
			t.Errorf("%s: byte by byte: got % X, want % X", c.name, got, want)
		}
		if got, want := q.accept(heard), unhex(t, c.want); !bytes.Equal(got, want) {
			t.Errorf("%s: at once: got % X, want % X", c.name, got, want)
		}
	}
}

// TestOverheard: a question to any reader is noticed, and nothing else is.
func TestOverheard(t *testing.T) {
	t.Parallel()
	poll := func(address, control byte) string {
		return fmt.Sprintf("% X", compose(address, control, []byte{0x60}, nil))
	}
	for heard, want := range map[string]bool{
		recordedID:                                           true,
		recordedSCRYPT:                                       true,
		recordedLSTAT + recordedLSTATR:                       true,
		"00 53 FF" + poll(0, 0x04):                           true,
		poll(126, 0x03) + "55":                               true, // with a checksum
		poll(127, 0x04):                                      true, // to everybody
		recordedIdentity + recordedPDCAP:                     false,
		poll(0x85, 0x04):                                     false,
		recordedID[:len(recordedID)-3]:                       false,
		recordedID[:len(recordedID)-2] + "24":                false,
		fmt.Sprintf("% X", compose(1, 0, []byte{0x40}, nil)): false, // a checksum fits by chance
		"01 03 00 02 00 05 24 09" + "53 01 03 00 53" + "FF FF FF FF FF": false,
		"": false,
	} {
		if got := Overheard(unhex(t, heard)); got != want {
			t.Errorf("%s: got %v, want %v", heard, got, want)
		}
	}
}

// TestParseKey: 16 bytes or 32 hex digits are a key; what is wrong with others
// is said without showing them.
func TestParseKey(t *testing.T) {
	t.Parallel()
	want := unhex(t, recordedKey)
	for _, text := range []string{string(want), "000102030405060708090A0B0C0D0E0F", " 000102030405060708090a0b0c0d0e0f\r\n"} {
		if got, err := parseKey([]byte(text)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: got % X, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                                 "secure_key has 0 characters: write 32 hex digits",
		"000102030405060":                  "secure_key has 15 characters: write 32 hex digits",
		"000102030405060708090A0B0C0D0E0G": "secure_key holds something that is no hex digit: write 32 of 0 to 9 and A to F",
	} {
		if got, err := parseKey([]byte(text)); got != nil || err == nil || err.Error() != want {
			t.Errorf("%q: got % X, %v, want %s", text, got, err, want)
		}
	}
}

// TestReasons: a refusal is said in words, with the number for the manual.
func TestReasons(t *testing.T) {
	t.Parallel()
	for code, want := range map[byte]string{
		1:   "POLL is refused: the message was damaged (NAK 1)",
		6:   "POLL is refused: encryption is required (NAK 6)",
		9:   "POLL is refused: the record cannot be used (NAK 9)",
		10:  "POLL is refused (NAK 10)",
		255: "POLL is refused (NAK 255)",
	} {
		if got := (&refusal{command: poll, code: code}).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if why := (&trouble{"wrong key", "write another"}).Error(); why != "wrong key (write another)" {
		t.Errorf("got %q", why)
	}
	if errors.Is(&refusal{}, errUnanswered) {
		t.Error("a refusal is an answer")
	}
}
