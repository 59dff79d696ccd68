package config

import (
	"regexp"
	"strings"
	"unicode"
)

// Masked returns a text, which may be a site file or not, as it may be shown to
// people: whatever stands where a secret should and is no reference to one is "***",
// and what a terminal would obey is "?". Lines keep their numbers.
func Masked(text []byte) []byte {
	var out strings.Builder
	until := "" // a secret goes on until this sign comes
	for line := range strings.Lines(string(text)) {
		shown := strings.TrimRight(line, "\r\n")
		end := line[len(shown):]
		switch {
		case until != "":
			if strings.Contains(shown, until) {
				until = ""
			}
			shown = "***"
		default:
			until = hiddenUntil(shown)
			shown = strings.Map(visibleOrTab, masked(shown))
		}
		out.WriteString(shown + end)
	}
	return []byte(out.String())
}

// opened finds the beginning of a value that may go on in the next line.
var opened = regexp.MustCompile(`[=＝:：]\s*("""|'''|\[|\{)(.*)$`)

// hiddenUntil returns the sign that ends a secret which goes on behind its line, "" if
// there is none.
func hiddenUntil(line string) (sign string) {
	m := opened.FindStringSubmatch(line)
	if m == nil || masked(line+"x") == line+"x" { // the line itself may hold nothing of it
		return ""
	}
	sign = map[string]string{`"""`: `"""`, `'''`: `'''`, "[": "]", "{": "}"}[m[1]]
	if strings.Contains(m[2], sign) {
		return ""
	}
	return sign
}

// visibleOrTab is visible for a text whose columns nobody counts.
func visibleOrTab(r rune) rune {
	switch {
	case r == '\t':
		return r
	case unicode.IsControl(r):
		return '?'
	}
	return visible(r)
}
