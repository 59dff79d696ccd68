package instrument

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// An encoding turns what a device sends as text into characters and back.
type encoding struct {
	name string
}

var encodings = []string{"ascii", "gb18030"}

// maxText bounds a device's own words, in characters.
const maxText = 1024

// decode reads bytes. For ASCII each byte becomes the character of the same
// number, so that a match counts bytes and none is lost; clean takes out what
// was no text.
func (e *encoding) decode(b []byte) string {
	if e.name == "gb18030" {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
		if err == nil {
			return string(decoded)
		}
	}
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

// encode is the inverse of decode, false for characters that it does not have.
func (e *encoding) encode(s string) ([]byte, bool) {
	if e.name == "gb18030" {
		b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
		return b, err == nil
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xFF {
			return nil, false
		}
		b = append(b, byte(r))
	}
	return b, true
}

// clean makes decoded text fit for a message: what is no character, or one
// that steers a terminal, is replaced; blanks around it go.
func (e *encoding) clean(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || e.name == "ascii" && r > unicode.MaxASCII {
			return utf8.RuneError
		}
		return r
	}, s))
	if utf8.RuneCountInString(s) > maxText {
		s = string([]rune(s)[:maxText])
	}
	return s
}
