package config

import (
	"regexp"
	"strings"
)

// Masked returns a text, which may be a site file or not, as it may be shown to
// people: whatever stands where a secret should and is no reference to one is "***",
// and what a terminal would obey is "?". Lines keep their numbers.
func Masked(text []byte) []byte {
	var out strings.Builder
	var behind secretLines
	for line := range strings.Lines(string(text)) {
		shown := strings.TrimRight(line, "\r\n")
		end := line[len(shown):]
		if behind.hold(shown) {
			shown = hidden
		} else {
			shown = strings.Map(visibleOrTab, masked(shown))
		}
		out.WriteString(shown + end)
	}
	return []byte(out.String())
}

// hidden stands where a secret would.
const hidden = "***"

// A secretLines is told the lines of a text one after the other, and knows which of
// them belong to a secret that began in a line before.
type secretLines struct{ until string } // the sign that ends the secret; "": there is none

func (s *secretLines) hold(line string) bool {
	if s.until == "" {
		s.until = hiddenUntil(line)
		return false
	}
	if strings.Contains(line, s.until) {
		s.until = ""
	}
	return true
}

// findSecrets looks for the lines that belong to a secret of a line before.
func (s *source) findSecrets() {
	var behind secretLines
	for n := range s.starts {
		s.secret = append(s.secret, behind.hold(s.lineAt(n+1)))
	}
}

// shown is a line as it may be drawn, with "***" in the place of what must not be seen.
func (s *source) shown(number int) string {
	if number <= len(s.secret) && s.secret[number-1] {
		return hidden
	}
	return s.masked(s.lineAt(number))
}

// masked is a line as it may be drawn. Where only some keys may be, of the others no
// more than their name is.
func (s *source) masked(line string) string {
	key, _, assigned := strings.Cut(line, "=")
	switch {
	case s.shows == nil, s.shows[strings.Trim(strings.TrimSpace(key), `"'`)]:
		return masked(line)
	case assigned:
		return key + "= " + hidden
	case strings.HasPrefix(strings.TrimSpace(line), "["), strings.HasPrefix(strings.TrimSpace(line), "#"), strings.TrimSpace(line) == "":
		return masked(line)
	}
	return hidden
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
	if r == '\t' {
		return r
	}
	return visible(r)
}
