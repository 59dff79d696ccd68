package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"sitepost/config/near"
)

// drawn is the longest line that is drawn, in characters; of a longer one the
// part around the first caret is.
const drawn = 120

// draw returns a line of the file and carets under places of it:
//
//	46 | hsot = "10.37.20.13"
//	   | ^^^^ did you mean "host"?
func (s *source) draw(number int, at []span, meant string) string {
	line := s.lineAt(number)
	if line == "" && number > len(s.starts) {
		return ""
	}
	start := s.starts[number-1]
	carets := make([]bool, utf8.RuneCountInString(line)+1)
	for _, a := range at {
		first := min(utf8.RuneCountInString(line[:min(max(a.off-start, 0), len(line))]), len(carets)-1)
		last := utf8.RuneCountInString(line[:min(max(a.off+a.len-start, 0), len(line))])
		for i := first; i < max(last, first+1); i++ {
			carets[i] = true
		}
	}
	shown := []rune(s.masked(line))
	if string(shown) != line { // carets would tell how long a secret is
		carets = append(carets[:min(len(carets)-1, len(shown)-1)], false)
	}
	above, below := ruled(shown, carets)
	if meant != "" {
		below += fmt.Sprintf(didYouMean+"%q?", meant)
	}
	return fmt.Sprintf("%5d | %s\n      | %s\n", number, strings.TrimRight(above, " "), below)
}

// ruled returns the characters of a line, and carets below those that are
// marked. Chinese characters are two columns wide on a terminal; what a
// terminal would obey or not show is drawn as a blank or a question mark.
func ruled(line []rune, carets []bool) (above, below string) {
	var a, b strings.Builder
	from := 0
	for from < len(carets)-1 && !carets[from] {
		from++
	}
	if from = from - drawn/2; from < 0 || len(line) <= drawn {
		from = 0
	}
	for i := from; i < len(carets) && i < from+drawn; i++ {
		r, wide := ' ', 1
		if i < len(line) {
			r = visible(line[i])
		}
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			wide = 2
		}
		a.WriteRune(r)
		sign := " "
		if carets[i] {
			sign = "^"
		}
		b.WriteString(strings.Repeat(sign, wide))
	}
	return a.String(), strings.TrimRight(b.String(), " ")
}

func visible(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case unicode.IsSpace(r), unicode.IsPrint(r) && !unicode.Is(unicode.Mn, r):
		return r
	}
	return '?'
}

var (
	// secretKey finds a key that holds a secret, and what stands behind it.
	secretKey = regexp.MustCompile(`(?i)^(.*?(?:[\w-]*pas[\w-]*|[\w-]*pwd[\w-]*|[\w-]*secret[\w-]*|[\w-]*token[\w-]*|\b(?:secure_|sign_)?key)["']?\s*[=＝:：]\s*)(.*)$`)
	// urlSecret finds user and password in an address, with or without what
	// stands before its host.
	urlSecret = regexp.MustCompile(`(["'](?:\w+://)?|://)[^/\s"'@:]*:[^\s"']*@`)
	// noSecret is what may be shown where a secret stands.
	noSecret = regexp.MustCompile(`^["'“”‘’＂\s]*(file:|env:|#|$)`)
)

// masked hides what must not be printed: whatever stands where a secret should
// and is no reference, to the end of the line.
func masked(line string) string {
	if m := secretKey.FindStringSubmatch(line); m != nil && !noSecret.MatchString(m[2]) {
		return m[1] + "***"
	}
	if key, rest, ok := strings.Cut(line, "="); ok && !noSecret.MatchString(rest) {
		switch near.Word(strings.TrimSpace(key), []string{"password", "secure_key", "sign_key"}) {
		case "":
		default:
			return key + "= ***"
		}
	}
	return withoutLogin(line)
}

// masked is a line as it may be drawn. Where only some keys may be, of the others no
// more than their name is.
func (s *source) masked(line string) string {
	key, _, assigned := strings.Cut(line, "=")
	switch {
	case s.shows == nil, s.shows[strings.Trim(strings.TrimSpace(key), `"'`)]:
		return masked(line)
	case assigned:
		return key + "= ***"
	case strings.HasPrefix(strings.TrimSpace(line), "["), strings.HasPrefix(strings.TrimSpace(line), "#"), strings.TrimSpace(line) == "":
		return masked(line)
	}
	return "***"
}

// withoutLogin hides user and password of the addresses in a text.
func withoutLogin(text string) string { return urlSecret.ReplaceAllString(text, "${1}***@") }
