package bundle

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// shortest is the length from which on a secret is looked for: a shorter one would
	// be found in every second word.
	shortest = 4
	// shortestLine is that of a line of a key in many lines.
	shortestLine = 16
	gone         = "***"
)

// A Scrubber takes out what must not leave the box. Nothing of it should be in a part:
// it is the last door, for what nobody thought of.
type Scrubber struct{ replace *strings.Replacer }

// NewScrubber knows the secrets of a site, as they are and as they stand in JSON, in
// quotes and in a URL.
func NewScrubber(secrets []string) *Scrubber {
	var all []string
	for _, secret := range secrets {
		for form := range strings.Lines(secret + "\n") {
			form = strings.TrimSpace(form)
			if len(form) >= shortestLine || form == strings.TrimSpace(secret) && len(form) >= shortest {
				all = append(all, forms(form)...)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(all) {
		pairs = append(pairs, form, gone)
	}
	return &Scrubber{strings.NewReplacer(pairs...)}
}

// forms is how a text may stand somewhere.
func forms(text string) []string {
	inJSON, _ := json.Marshal(text) // a string can be said in JSON
	return []string{
		text, strings.Trim(string(inJSON), `"`), strings.Trim(strconv.Quote(text), `"`), strings.Trim(strconv.QuoteToASCII(text), `"`),
		url.QueryEscape(text), url.PathEscape(text),
	}
}

// login finds user and password in a URL.
var login = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s"'@]*@`)

// Clean returns a text without secrets.
func (s *Scrubber) Clean(text []byte) []byte {
	clean := s.replace.Replace(string(text))
	return []byte(login.ReplaceAllString(clean, "${1}"+gone+"@"))
}

// hidden are the keys of a site file whose values stay in the house: half of a login,
// and the name of the key of the cards.
var hidden = []string{"user", "key_id"}

// SiteFile returns a site file without comments, in which people note passwords, and
// without the values of users and key names. Lines keep their numbers. The file must be
// a good one: what stands in a bad one nobody knows.
func SiteFile(text []byte) []byte {
	var out strings.Builder
	for rest := string(text); rest != ""; {
		r := next(rest)
		token := rest[:r]
		rest = rest[r:]
		switch {
		case token[0] == '#':
			out.WriteByte('#')
		case isString(token) && slices.Contains(hidden, keyBefore(out.String())):
			out.WriteString(`"` + gone + `"`)
		default:
			out.WriteString(token)
		}
	}
	return []byte(out.String())
}

// next is the length of a comment, a string, or of one other byte.
func next(text string) int {
	for _, quote := range []string{`"""`, "'''", `"`, "'"} {
		if strings.HasPrefix(text, quote) {
			return len(quote) + closing(text[len(quote):], quote)
		}
	}
	if text[0] == '#' {
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end
		}
		return len(text)
	}
	return 1
}

// closing is the length of a string up to and with its closing quote.
func closing(text, quote string) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case strings.HasPrefix(text[i:], quote):
			end := i + len(quote)
			for len(quote) == 3 && end < len(text) && text[end] == quote[0] { // """a"""" ends with the last
				end++
			}
			return end
		}
	}
	return len(text)
}

func isString(token string) bool { return token[0] == '"' || token[0] == '\'' }

// keyBefore is the key of the value that comes now, "" where none stands before it.
func keyBefore(text string) string {
	line := text[strings.LastIndexByte(text, '\n')+1:]
	key, is := strings.CutSuffix(strings.TrimRight(line, " \t"), "=")
	if !is {
		return ""
	}
	key = strings.TrimRight(key, " \t")
	if i := strings.LastIndexAny(key, "{, \t."); i >= 0 {
		key = key[i+1:]
	}
	return strings.Trim(key, `"'`)
}
