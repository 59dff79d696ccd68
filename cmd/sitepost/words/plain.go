package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain makes one line of a text that somebody else may have written, for a terminal or
// a log: line breaks and tabs become spaces; what else cannot be seen, and might move
// the cursor or turn the writing round, stands as its number; and behind so many
// characters, as they are shown, the text is cut. It says the same when said twice.
func Plain(text string, most int) string {
	if len(text) <= most && isPlain(text) {
		return text
	}
	var out strings.Builder
	for shown := 0; text != ""; {
		r, size := utf8.DecodeRuneInString(text)
		sign := string(r)
		switch {
		case strings.ContainsRune("\n\r\t\u2028\u2029", r):
			sign = " "
		case r == utf8.RuneError && size == 1:
			sign = fmt.Sprintf(`\x%02x`, text[0])
		case !unicode.IsPrint(r) && r != '\u3000':
			sign = fmt.Sprintf(`\u%04x`, r)
		}
		if shown += utf8.RuneCountInString(sign); shown > most {
			return out.String() + "…"
		}
		out.WriteString(sign)
		text = text[size:]
	}
	return out.String()
}

// isPlain says that nothing is to be done: most of what is shown is our own.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
