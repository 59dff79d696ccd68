package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A lookalike is a character outside of strings and comments that looks like
// TOML, or like nothing, and is not.
type lookalike struct {
	at     span
	r      rune
	want   string // what should stand there
	closes bool   // a quote that ends a text
}

// maxNamed is how many of one line are named; all are marked.
const maxNamed = 8

// findLookalikes names tabs, full-width punctuation and invisible characters,
// one finding per line and sort, and then writes ASCII in their place, of the
// same length in bytes, so that the rest of the file is still checked. What
// stands inside strings and comments is left alone.
func (c *collector) findLookalikes() {
	s := scanner{text: c.src.text}
	s.run()
	c.tellLookalikes(s.tabs, "tab", "use spaces (most editors can insert them for the tab key)")
	c.tellLookalikes(s.odd, "full-width or invisible character", "type it again with the input method switched to English (半角)")
	if len(s.odd) > 0 {
		c.src.repair(s.odd)
	}
}

// tellLookalikes makes one finding per line.
func (c *collector) tellLookalikes(all []lookalike, what, remedy string) {
	for len(all) > 0 {
		line, _ := c.src.position(all[0].at.off)
		var at []span
		var words []string
		for len(all) > 0 {
			number, column := c.src.position(all[0].at.off)
			if number != line {
				break
			}
			at = append(at, all[0].at)
			switch words = append(words, all[0].words(column)); {
			case len(words) > maxNamed+1:
				words = words[:maxNamed+1]
			case len(words) == maxNamed+1:
				words[maxNamed] = "…"
			}
			all = all[1:]
		}
		c.mark(Language, at, "", fmt.Sprintf("%s: %s: %s", what, strings.Join(words, ", "), remedy))
	}
}

// words says where and what a lookalike is.
func (l lookalike) words(column int) string {
	switch {
	case l.r == '\t':
		return fmt.Sprintf("column %d", column)
	case unicode.IsSpace(l.r), !unicode.IsPrint(l.r):
		return fmt.Sprintf("column %d is %U, %s", column, l.r, invisible(l.r))
	}
	return fmt.Sprintf("column %d is %q instead of '%s'", column, l.r, l.want)
}

func invisible(r rune) string {
	switch {
	case r == '\u3000':
		return "a full-width space"
	case r == '\u00A0':
		return "a no-break space"
	case unicode.IsSpace(r):
		return "not an ordinary space"
	}
	return "an invisible character"
}

// plain returns the ASCII that a lookalike stands for: " " for what cannot be
// seen, "" for a character that looks like nothing in TOML.
func plain(r rune) string {
	switch r {
	case '“', '”', '„', '＂':
		return `"`
	case '‘', '’', '＇':
		return "'"
	case '、':
		return ","
	case '。':
		return "."
	case '【', '〔':
		return "["
	case '】', '〕':
		return "]"
	case '—', '–', '−':
		return "-"
	}
	switch {
	case r >= '！' && r <= '～': // full-width forms stand in the order of ASCII
		return string(r - '！' + '!')
	case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
		return " "
	}
	return ""
}

// A scanner walks over a text and knows what is string and what is comment.
type scanner struct {
	text      []byte
	off       int
	tabs, odd []lookalike
}

func (s *scanner) run() {
	for s.off < len(s.text) {
		switch b := s.text[s.off]; {
		case b == '#':
			s.skipLine()
		case b == '"' || b == '\'':
			s.skipString(b)
		case b == '\t':
			s.tabs = append(s.tabs, lookalike{at: span{s.off, 1}, r: '\t'})
			s.off++
		case b < utf8.RuneSelf:
			s.off++
		default:
			s.oddOne()
		}
	}
}

func (s *scanner) skipLine() {
	if i := bytes.IndexByte(s.text[s.off:], '\n'); i >= 0 {
		s.off += i
		return
	}
	s.off = len(s.text)
}

// skipString passes over a string. One that is not closed ends with its line,
// or with the file if it may have many lines.
func (s *scanner) skipString(quote byte) {
	three := bytes.Repeat([]byte{quote}, 3)
	end, many := three[:1], bytes.HasPrefix(s.text[s.off:], three)
	if many {
		end = three
	}
	for s.off += len(end); s.off < len(s.text); s.off++ {
		switch {
		case bytes.HasPrefix(s.text[s.off:], end):
			s.off += len(end)
			return
		case quote == '"' && s.text[s.off] == '\\':
			s.off++
		case s.text[s.off] == '\n' && !many:
			return
		}
	}
	s.off = len(s.text)
}

// oddOne takes one character that is not ASCII. A quotation mark takes the text
// up to the next one on its line along.
func (s *scanner) oddOne() {
	r, n := utf8.DecodeRune(s.text[s.off:])
	want := plain(r)
	if want != "" {
		s.odd = append(s.odd, lookalike{at: span{s.off, n}, r: r, want: want})
	}
	s.off += n
	switch want {
	case "#":
		s.skipLine()
	case `"`, "'":
		s.closeQuote(want)
	}
}

// closeQuote looks for the end of a text that begins with a full-width quote.
func (s *scanner) closeQuote(want string) {
	for off := s.off; off < len(s.text) && s.text[off] != '\n'; {
		r, n := utf8.DecodeRune(s.text[off:])
		switch {
		case string(r) == want:
			s.off = off + n
			return
		case n > 1 && plain(r) == want:
			s.odd = append(s.odd, lookalike{span{off, n}, r, want, true})
			s.off = off + n
			return
		}
		off += n
	}
}

// repair puts ASCII in the place of lookalikes, filled up with blanks outside
// of the quotes to the same number of bytes. The text for drawing is kept.
func (s *source) repair(all []lookalike) {
	s.code = bytes.Clone(s.text)
	for _, l := range all {
		ascii := bytes.Repeat([]byte(" "), l.at.len)
		at := 0
		if (l.want == `"` || l.want == "'") && !l.closes {
			at = l.at.len - 1
		}
		ascii[at] = l.want[0]
		copy(s.code[l.at.off:], ascii)
	}
}
