package config

import (
	"fmt"
	"strconv"
	"strings"
)

// A byteString is bytes as profiles write them: hex pairs, text in single
// quotes, and in questions placeholders: "02 '62E3' {address} 0D". It is kept
// in one spelling, so that two ways to write the same are equal:
//
//	02 36 32 45 33 {address} 0D
type byteString struct {
	text   string // that spelling
	bytes  []byte // without placeholders
	places bool   // it has placeholders
}

func (byteString) described() string { return `bytes such as "'AC' 0D"` }

func (s *byteString) UnmarshalText(b []byte) error {
	const form = "write hex pairs and text in single quotes, such as \"'AC' 0D\""
	*s = byteString{}
	var words []string
	for rest := strings.TrimSpace(string(b)); rest != ""; rest = strings.TrimSpace(rest) {
		var end int
		switch rest[0] {
		case '\'':
			if end = strings.IndexByte(rest[1:], '\'') + 2; end == 1 {
				return wrong("a single quote is not closed: " + form)
			}
			for _, c := range []byte(rest[1 : end-1]) {
				words = append(words, fmt.Sprintf("%02X", c))
				s.bytes = append(s.bytes, c)
			}
		case '{':
			if end = strings.IndexByte(rest, '}') + 1; end == 0 {
				return wrong("a { is not closed: " + form)
			}
			words, s.places = append(words, rest[:end]), true
		default:
			end = min(2, len(rest))
			c, err := strconv.ParseUint(rest[:end], 16, 8)
			if err != nil || end < 2 {
				return wrong("%q are no bytes: %s", rest[:end], form)
			}
			words = append(words, fmt.Sprintf("%02X", c))
			s.bytes = append(s.bytes, byte(c))
		}
		rest = rest[end:]
	}
	if len(words) > 256 {
		return wrong("more than 256 bytes: this is not a question or a preamble")
	}
	s.text = strings.Join(words, " ")
	return nil
}

// spelled is the one spelling of a question of a profile.
func (q Question) spelled() string {
	var s byteString
	if q.Written == "" || s.UnmarshalText([]byte(q.Written)) != nil {
		return fmt.Sprintf("% X", q.Send)
	}
	return s.text
}
