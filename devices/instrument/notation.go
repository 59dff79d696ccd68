package instrument

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A pattern is a byte string as a profile writes it: hex pairs, text in single
// quotes and placeholders, in order.
//
//	"7E 00 {address} 10 '62E3' {address:hex2} {not8}"
//	 |     |            |      |              a check over all bytes before it
//	 |     |            |      the address as two ASCII hex digits
//	 |     |            text, ASCII
//	 |     the address as one byte
//	 hex pairs
type pattern []piece

// A piece is either bytes or a placeholder. A check with ":hex" is sent as
// ASCII hex digits.
type piece struct {
	bytes []byte
	word  string // "address" or a kind of check; "" for bytes
	hex   bool
}

const wordAddress = "address"

// ParseBytes reads a byte string in the notation of profiles, the address put
// in. It is what a site file's may_send is compared by.
func ParseBytes(written string, address int) ([]byte, error) {
	p, err := parsePattern(written)
	if err != nil {
		return nil, err
	}
	return p.fill(address), nil
}

// parsePattern reads a byte string of at least one and at most 4,096 bytes.
func parsePattern(written string) (pattern, error) {
	var p pattern
	for rest := strings.TrimLeft(written, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		x, n, err := parsePiece(rest)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", written, err)
		}
		p = append(p, x)
		rest = rest[n:]
	}
	if n := len(p.fill(1)); n == 0 || n > maxFrame {
		return nil, fmt.Errorf("%q: %d bytes, but must be 1 to %d", written, n, maxFrame)
	}
	return p, nil
}

// parsePiece reads the piece that s begins with, and says how long it is.
func parsePiece(s string) (piece, int, error) {
	switch s[0] {
	case '\'':
		return parseQuoted(s)
	case '{':
		return parsePlaceholder(s)
	}
	n := strings.IndexAny(s, " '{")
	if n < 0 {
		n = len(s)
	}
	b, err := hex.DecodeString(s[:n])
	if err != nil {
		return piece{}, 0, fmt.Errorf("%q is no hex pair: write bytes as in \"7E 0D\" and text as in \"'OK'\"", s[:n])
	}
	return piece{bytes: b}, n, nil
}

func parseQuoted(s string) (piece, int, error) {
	end := strings.IndexByte(s[1:], '\'') + 1
	if end == 0 {
		return piece{}, 0, fmt.Errorf("the text %s has no closing quote: write '", s)
	}
	text := s[1:end]
	for _, r := range text {
		if r < ' ' || r > '~' {
			return piece{}, 0, fmt.Errorf("%q in the text is not printable ASCII: write it as hex pairs", r)
		}
	}
	return piece{bytes: []byte(text)}, end + 1, nil
}

func parsePlaceholder(s string) (piece, int, error) {
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return piece{}, 0, fmt.Errorf("%s has no closing bracket: write }", s)
	}
	written := s[1:end]
	word, form, formed := strings.Cut(written, ":")
	known := append([]string{wordAddress, "address:hex2"}, checkKinds...)
	switch {
	case word == wordAddress && (!formed || form == "hex2"):
	case checkWidth(word) > 0 && (!formed || form == "hex"):
	default:
		return piece{}, 0, fmt.Errorf("unknown placeholder {%s}%s: write %s in brackets", written, didYouMean(written, known), oneOf(known))
	}
	return piece{word: word, hex: formed}, end + 1, nil
}

// fill returns the bytes, for an address of 0 to 255.
func (p pattern) fill(address int) []byte {
	var out []byte
	for _, x := range p {
		b := x.bytes
		switch {
		case x.word == wordAddress:
			b = []byte{byte(address)}
		case x.word != "":
			b = checkSum(x.word, defaultInit, out)
		}
		if x.hex {
			b = []byte(strings.ToUpper(hex.EncodeToString(b)))
		}
		out = append(out, b...)
	}
	return out
}

// fixed returns the bytes of a pattern without placeholders.
func (p pattern) fixed() ([]byte, error) {
	for _, x := range p {
		if x.word != "" {
			return nil, fmt.Errorf("a placeholder like {%s} cannot stand here: write the bytes", x.word)
		}
	}
	return p.fill(0), nil
}

// addressed says whether the address stands in the pattern.
func (p pattern) addressed() bool {
	for _, x := range p {
		if x.word == wordAddress {
			return true
		}
	}
	return false
}

// broadcast returns why bytes would be a question to several devices at once, nil
// if they are not known to be. Three kinds are known: Modbus address 0, which
// is everybody, and the reserved ones from 248, of which some modules answer
// all (Modbus over Serial Line V1.02, 2.2); and the ** of the ADAM command set,
// which samples every module (ADAM-4000 manual, ch. 4, #**).
func (p pattern) broadcast() error {
	b := p.fill(1)
	if len(b) >= 4 && (b[0] == 0 || b[0] > 247) && checkOK(b) {
		return fmt.Errorf("is a question to several devices at once: Modbus address %d is nobody's own, write {address}", b[0])
	}
	if strings.Contains(string(b), "**\r") {
		return errors.New("is a question to several devices at once: ** is every module, write {address:hex2}")
	}
	return nil
}

// checkOK says whether bytes end with a good Modbus check over the others.
func checkOK(b []byte) bool {
	n := len(b) - 2
	sum := checkSum("crc16-modbus", defaultInit, b[:n])
	return b[n] == sum[0] && b[n+1] == sum[1]
}

// A span is a range of bytes, both ends included; negative ends count from the
// end of the frame, -1 being the last byte.
type span struct{ from, to int }

// of returns the bytes of a frame in the span, false where they are not there.
func (s span) of(frame []byte) ([]byte, bool) {
	from, to := fromEnd(s.from, len(frame)), fromEnd(s.to, len(frame))
	if from < 0 || to >= len(frame) || from > to {
		return nil, false
	}
	return frame[from : to+1], true
}

// fromEnd turns a position that may count from the end into one that counts
// from the beginning.
func fromEnd(at, length int) int {
	if at < 0 {
		return length + at
	}
	return at
}

// parseSpan reads "0..16" or "5..-2".
func parseSpan(written string) (span, error) {
	a, b, ok := strings.Cut(written, "..")
	from, err1 := strconv.Atoi(a)
	to, err2 := strconv.Atoi(b)
	s := span{from, to}
	if !ok || err1 != nil || err2 != nil || max(from, to, -from, -to) > maxFrame ||
		(from < 0) == (to < 0) && from > to {
		return s, fmt.Errorf("%q is no range of bytes: write the first and the last one, as in \"0..16\" or \"5..-2\"", written)
	}
	return s, nil
}

// An interval is a range of numbers, both ends included.
type interval struct{ low, high float64 }

// parseInterval reads "0..110" or "-10..110".
func parseInterval(written string) (interval, error) {
	a, b, ok := strings.Cut(written, "..")
	low, err1 := strconv.ParseFloat(a, 64)
	high, err2 := strconv.ParseFloat(b, 64)
	if !ok || err1 != nil || err2 != nil || !(high-low > 0) || high-low > 1e300 {
		return interval{}, fmt.Errorf("%q is no range: write the lowest and the highest number, as in \"0..110\"", written)
	}
	return interval{low, high}, nil
}

// holds says whether a number is in the interval; NaN is in none.
func (i interval) holds(n float64) bool { return n >= i.low && n <= i.high }
