package instrument

import (
	"bytes"
	"strings"
	"testing"
)

// TestBytes: a byte string means what the page of paper means by it.
func TestBytes(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"02 '62E3' 0D":                            "\x0262E3\r",
		"7f0A":                                    "\x7f\n",
		"'a b'20'c'":                              "a b c",
		"7E 00 {address} 10 00 00 00 {not8}":      "\x7e\x00\x2a\x10\x00\x00\x00\x47",
		"'$' {address:hex2} '6' 0D":               "$2A6\r",
		"'$' {address:hex2} '6' {sum8:hex} 0D":    "$2A6CD\r",
		"{address} 03 00 02 00 05 {crc16-modbus}": "\x2a\x03\x00\x02\x00\x05\x22\x12",
	} {
		got, err := ParseBytes(written, 42)
		if err != nil || string(got) != want {
			t.Errorf("%q: got % X, %v, want % X", written, got, err, want)
		}
	}
}

// TestBytesRefused: what is no byte string is refused with the reason.
func TestBytesRefused(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"":                                "0 bytes",
		"  ":                              "0 bytes",
		"7":                               `"7" is no hex pair`,
		"0x7F":                            `"0x7F" is no hex pair`,
		"7F GG":                           `"GG" is no hex pair`,
		"'abc":                            "no closing quote",
		"'安检'":                            "not printable ASCII",
		"{address":                        "no closing bracket",
		"{adress}":                        `did you mean "address"?`,
		"{address:hex4}":                  `did you mean "address:hex2"?`,
		"{crc32}":                         "unknown placeholder {crc32}",
		strings.Repeat("00 ", maxFrame+1): "4097 bytes",
	} {
		_, err := ParseBytes(written, 1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want ...%s...", written, err, want)
		}
	}
}

// TestChecks: every kind of check gives the value that its standard, or the
// usual catalogue of them, prints for the digits 1 to 9.
func TestChecks(t *testing.T) {
	t.Parallel()
	digits := []byte("123456789")
	for _, c := range []struct {
		kind string
		init uint16
		want []byte
	}{
		{"sum8", defaultInit, []byte{0xDD}},
		{"neg8", defaultInit, []byte{0x23}},
		{"lrc", defaultInit, []byte{0x23}},
		{"not8", defaultInit, []byte{0x22}},
		{"xor8", defaultInit, []byte{0x31}},
		{"crc16-modbus", defaultInit, []byte{0x37, 0x4B}},
		{"crc16-ccitt", defaultInit, []byte{0x29, 0xB1}},
		{"crc16-ccitt", 0x1D0F, []byte{0xE5, 0xCC}},
		{"crc16-ccitt", 0, []byte{0x31, 0xC3}},
	} {
		if got := checkSum(c.kind, c.init, digits); !bytes.Equal(got, c.want) {
			t.Errorf("%s from %04X: got % X, want % X", c.kind, c.init, got, c.want)
		}
	}
}

// TestSpans: ranges include both ends, and count from the end below 0.
func TestSpans(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{"0..2": "012", "5..-2": "567", "-2..-1": "78", "3..3": "3", "0..9": "", "5..-6": ""} {
		s, err := parseSpan(written)
		if err != nil {
			t.Errorf("%q: %v", written, err)
		}
		if got, ok := s.of([]byte("012345678")); string(got) != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", written, got, ok, want)
		}
	}
	for _, written := range []string{"", "3", "3..", "..3", "5..2", "-1..-2", "0-3", "0..5000"} {
		if s, err := parseSpan(written); err == nil {
			t.Errorf("%q: got %v, want a refusal", written, s)
		}
	}
}

// TestNumbers: types and orders lie as Chinese manuals print them, and what put
// writes, bits reads.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number number
		bytes  string
		want   float64
	}{
		{number{"u8", ""}, "\xFE", 254},
		{number{"u16", ""}, "\x01\x02", 258},
		{number{"u16", "DCBA"}, "\x02\x01", 258},
		{number{"u16", "BADC"}, "\x02\x01", 258},
		{number{"u16", "CDAB"}, "\x01\x02", 258},
		{number{"i16", ""}, "\xFF\xFE", -2},
		{number{"u24", ""}, "\x01\x02\x03", 66051},
		{number{"u24", "DCBA"}, "\x03\x02\x01", 66051},
		{number{"u32", ""}, "\x01\x02\x03\x04", 16909060},
		{number{"u32", "CDAB"}, "\x03\x04\x01\x02", 16909060},
		{number{"u32", "BADC"}, "\x02\x01\x04\x03", 16909060},
		{number{"u32", "DCBA"}, "\x04\x03\x02\x01", 16909060},
		{number{"i32", "DCBA"}, "\xFE\xFF\xFF\xFF", -2},
		{number{"f32", ""}, "\x42\x20\x00\x00", 40},
		{number{"f32", "CDAB"}, "\xCC\xCD\x3D\xCC", 0.1},
	} {
		bits := c.number.bits([]byte(c.bytes))
		if got := c.number.float(bits); got != c.want {
			t.Errorf("%v of % X: got %v, want %v", c.number, c.bytes, got, c.want)
		}
		back, fits := c.number.fromFloat(c.want)
		b := make([]byte, c.number.width())
		c.number.put(b, back)
		if !fits || string(b) != c.bytes {
			t.Errorf("%v of %v: wrote % X, %v, want % X", c.number, c.want, b, fits, c.bytes)
		}
	}
	for _, c := range []struct {
		number number
		tooBig float64
	}{{number{"u8", ""}, 256}, {number{"u8", ""}, -1}, {number{"i16", ""}, 32768}, {number{"i16", ""}, -32769}, {number{"u24", ""}, 1 << 24}, {number{"f32", ""}, 1e39}} {
		if _, fits := c.number.fromFloat(c.tooBig); fits {
			t.Errorf("%v takes %v", c.number, c.tooBig)
		}
	}
}
