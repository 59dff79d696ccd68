package doctor

import (
	"strings"
	"unicode"

	"sitepost/cmd/sitepost/words"
)

// A Style is how rows are drawn: in shapes, with a word beside each, never in colour.
type Style struct {
	Speaker *words.Speaker
	ASCII   bool // the terminal knows no other characters
}

// marks are the shape and the word of each state.
var marks = map[State]struct{ shape, ascii, word string }{
	Good:   {"✓", "+", "good"},
	Look:   {"!", "!", "look"},
	Wrong:  {"✗", "x", "wrong"},
	Unseen: {"?", "?", "not looked at"},
}

// longestCell bounds what one row says, whatever a broker or a file has in it.
const longestCell = 300

// Words is the report for a person: one line for each thing, and below what is not good
// the next step and its code.
func (r Report) Words(style Style) string {
	s, arrow := style.Speaker, "→"
	if style.ASCII {
		arrow = "->"
	}
	plain := func(text string) string { return words.Plain(text, longestCell) }
	wordWidth, areaWidth := 0, 0
	for _, row := range r.Rows {
		wordWidth = max(wordWidth, words.Width(s.Translate(marks[row.State].word)))
		areaWidth = max(areaWidth, words.Width(s.Translate(row.Area)))
	}
	var out strings.Builder
	for _, row := range r.Rows {
		m := marks[row.State]
		shape := m.shape
		if style.ASCII {
			shape = m.ascii
		}
		head := shape + " " + words.Pad(s.Translate(m.word), wordWidth) + "  " + words.Pad(s.Translate(row.Area), areaWidth) + "  "
		text := s.Translate(row.Text)
		if row.Place != "" {
			text = s.Sprintf("%s: %s", row.Place, text)
		}
		out.WriteString(head + plain(text) + "\n")
		if row.State == Good {
			continue
		}
		indent := strings.Repeat(" ", words.Width(head))
		if row.Layer != "" {
			out.WriteString(indent + s.Sprintf("it fails at: %s", s.Translate(layerWord(row.Layer))) + "\n")
		}
		out.WriteString(indent + arrow + " " + plain(s.Translate(row.Next)) + "  [" + plain(row.Code) + "]\n")
	}
	text := out.String() + r.sum(s)
	if style.ASCII && s.Language() == words.English {
		return ascii(text)
	}
	return text
}

// ascii says in plain characters what a terminal cannot show. Chinese stays: a person
// who asks for it can read it.
func ascii(text string) string {
	text = strings.NewReplacer("°", "", "…", "...", "×", "x", "±", "+-").Replace(text)
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, text)
}

// layerWord is a layer as a person calls it.
func layerWord(layer string) string {
	if layer == layerTLS {
		return "TLS"
	}
	return "the " + layer
}

// sum is the last line.
func (r Report) sum(s *words.Speaker) string {
	wrong, look, unseen := r.Count(Wrong), r.Count(Look), r.Count(Unseen)
	if wrong+look+unseen == 0 {
		return s.Sprintf("all is well\n")
	}
	text := s.Sprintf("wrong: %d, worth a look: %d, not looked at: %d\n", wrong, look, unseen)
	if wrong+look > 0 {
		text += s.Sprintf("`sitepost explain CODE` tells more of each code in brackets\n")
	}
	return text
}
