package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain makes one line for a terminal of a text that somebody else wrote: what cannot
// be seen there, and might move the cursor or turn the writing round, stands as its
// number, and behind so many characters the text is cut.
func Plain(text string, most int) string {
	var out strings.Builder
	for n := 0; text != ""; n++ {
		if n == most {
			return out.String() + "…"
		}
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case unicode.IsPrint(r), r == '\u3000':
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out.String()
}
