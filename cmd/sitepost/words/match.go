package words

import "strings"

// A match holds a text against the pieces of a format. Of several ways to fit, the one
// with the shortest first parts wins.
type match struct {
	pieces []piece
	found  []string // what stands in the place of each piece
	steps  *int     // how many more may be taken
}

// fits says whether text is what the pieces from i on write.
func (m *match) fits(i int, text string) bool {
	if i == len(m.pieces) {
		return text == ""
	}
	if *m.steps--; *m.steps < 0 {
		return false
	}
	p := m.pieces[i]
	if p.verb < 0 {
		rest, ok := strings.CutPrefix(text, p.text)
		return ok && m.fits(i+1, rest)
	}
	switch p.letter {
	case 'q':
		return m.takes(i, text, quotedLen(text))
	case 'd':
		return m.takes(i, text, numberLen(text, "0123456789"))
	case 'U':
		return m.takes(i, text, numberLen(text, "U+0123456789ABCDEF"))
	case 'f', 'g', 'e':
		return m.takes(i, text, numberLen(text, "0123456789.e+-"))
	}
	return m.any(i, text)
}

// takes lets piece i stand for the first n bytes of text.
func (m *match) takes(i int, text string, n int) bool {
	if n < 0 || n > 1 && m.inQuotes(i) != 0 && strings.IndexByte(text[:n], m.inQuotes(i)) >= 0 {
		return false
	}
	m.found[i] = text[:n]
	return m.fits(i+1, text[n:])
}

// inQuotes returns the quotes that the format has around piece i, 0 for none.
func (m *match) inQuotes(i int) byte {
	if i == 0 || i == len(m.pieces)-1 || m.pieces[i-1].verb >= 0 || m.pieces[i+1].verb >= 0 {
		return 0
	}
	before, behind := m.pieces[i-1].text, m.pieces[i+1].text
	if c := before[len(before)-1]; c == behind[0] && strings.IndexByte("\"'`", c) >= 0 {
		return c
	}
	return 0
}

// any lets piece i stand for anything, the shortest first.
func (m *match) any(i int, text string) bool {
	if i == len(m.pieces)-1 {
		return m.takes(i, text, len(text))
	}
	next := m.pieces[i+1]
	switch {
	case next.verb >= 0:
		for n := 0; n <= len(text) && *m.steps > 0; n++ {
			if m.takes(i, text, n) {
				return true
			}
		}
		return false
	case i == len(m.pieces)-2:
		return strings.HasSuffix(text, next.text) && m.takes(i, text, len(text)-len(next.text))
	}
	for n := 0; *m.steps > 0; n++ {
		at := strings.Index(text[n:], next.text)
		if at < 0 {
			return false
		}
		n += at
		if m.takes(i, text, n) {
			return true
		}
	}
	return false
}

// quotedLen is how much of a text is one word in quotes, as %q writes it; -1 if none.
func quotedLen(text string) int {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return -1
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return -1
}

// numberLen is how much of a text is a number of these characters; -1 if none is.
func numberLen(text, characters string) int {
	n := 0
	if text != "" && (text[0] == '-' || text[0] == '+') {
		n++
	}
	digits := n
	for n < len(text) && strings.IndexByte(characters, text[n]) >= 0 {
		n++
	}
	if n == digits {
		return -1
	}
	return n
}
