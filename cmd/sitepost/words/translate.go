package words

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	// longestText is what is worth taking apart: a reason, not a document.
	longestText = 4 << 10
	// deepest is how far a text may stand in a text that stands in a text.
	deepest = 8
	// mostParts is into how many parts a text is taken.
	mostParts = 12
	// mostTries bounds the work for one text, whoever wrote it.
	mostTries = 20_000
	// leastLetters is what a format must say itself to be known again in a text:
	// "%s: %s" stands in every one.
	leastLetters = 4
)

// A template is a phrase with verbs, turned round: it knows its English text again.
type template struct {
	english string
	begins  string // the letters before its first verb, which tell most texts apart at once
	known   *regexp.Regexp
	chinese []piece
}

// A piece is plain text, or what the English text has in place of verb number verb.
type piece struct {
	text string
	verb int // from 0; -1 is plain text
}

// verbs finds those of fmt, "%%" included.
var verbs = regexp.MustCompile(`%(?:%|[-+# 0]*\d*(?:\.\d+)?(?:\[(\d+)\])?([a-zA-Z]))`)

// newTemplate turns a phrase round. varies is false for one that cannot be known again: it
// has no verbs, or little else.
func newTemplate(english, chinese string) (t template, varies bool) {
	t.english = english
	var pattern strings.Builder
	pattern.WriteString(`(?s)\A`)
	for _, p := range pieces(english, func(letter string) {
		pattern.WriteString(shapes(letter))
	}, func(text string) {
		pattern.WriteString(regexp.QuoteMeta(text))
	}) {
		if p.verb < 0 && !varies {
			t.begins = p.text
		}
		varies = varies || p.verb >= 0
	}
	if !varies || letters(english) < leastLetters {
		return t, false
	}
	pattern.WriteString(`\z`)
	t.known = regexp.MustCompile(pattern.String())
	t.chinese = pieces(chinese, func(string) {}, func(string) {})
	return t, true
}

// pieces takes a format apart and tells of each verb and each text on the way.
func pieces(format string, verb func(letter string), text func(string)) (all []piece) {
	plain := func(s string) {
		if s == "" {
			return
		}
		text(s)
		all = append(all, piece{s, -1})
	}
	at, next := 0, 0
	for _, m := range verbs.FindAllStringSubmatchIndex(format, -1) {
		plain(format[at:m[0]])
		at = m[1]
		if m[4] < 0 {
			plain("%")
			continue
		}
		if m[2] >= 0 {
			next, _ = strconv.Atoi(format[m[2]:m[3]]) // digits, by the pattern
			next--
		}
		verb(format[m[4]:m[5]])
		all = append(all, piece{verb: next})
		next++
	}
	plain(format[at:])
	return all
}

// shapes says what a verb writes.
func shapes(letter string) string {
	switch letter {
	case "q":
		return `("(?:[^"\\]|\\.)*")`
	case "d":
		return `([-+]?\d+)`
	case "f", "g", "e":
		return `([-+]?[\d.]+(?:e[-+]?\d+)?)`
	}
	return `(.*?)`
}

// sortTemplates puts those first that say most, so that "no line %q: …" is tried
// before "%s: %s".
func sortTemplates(all []template) {
	slices.SortFunc(all, func(a, b template) int {
		return cmp.Or(cmp.Compare(letters(b.english), letters(a.english)), cmp.Compare(a.english, b.english))
	})
}

// letters counts those that a format has without its verbs.
func letters(format string) (n int) {
	for _, r := range verbs.ReplaceAllString(format, "") {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// Translate says in this language what a room has said in English. What it does not
// know stays as it is.
func (s *Speaker) Translate(english string) string {
	if s == nil || len(s.phrases) == 0 || len(english) > longestText {
		return english
	}
	t := translation{s, mostTries}
	return t.say(english, 0)
}

// A translation is one text on its way.
type translation struct {
	*Speaker
	tries int // how many more templates may be held against it
}

// say says a text: as a whole, or in the parts of which it was put together.
func (t *translation) say(english string, depth int) string {
	if said, known := t.phrase(english, depth); known || depth == deepest {
		return said
	}
	for _, j := range joints {
		if parts := strings.SplitN(english, j.english, mostParts); len(parts) > 1 {
			return t.sayParts(parts, j, depth)
		}
	}
	return english
}

// phrase says a text that the book knows as a whole.
func (t *translation) phrase(english string, depth int) (said string, known bool) {
	if phrase, ok := t.phrases[english]; ok {
		return strings.ReplaceAll(phrase, "%%", "%"), true
	}
	for i := range t.templates {
		if !strings.HasPrefix(english, t.templates[i].begins) {
			continue
		}
		if t.tries--; t.tries < 0 {
			break
		}
		if said, ok := t.templates[i].say(english, func(part string) string { return t.say(part, depth+1) }); ok {
			return said, true
		}
	}
	return english, false
}

// A joint is where texts are put together.
type joint struct{ english, chinese string }

// joints are all of them; what binds least comes first.
var joints = []joint{{"\n", "\n"}, {"; ", "；"}, {": ", "："}, {", ", "，"}}

// sayParts says parts, as many at a time as the book knows as one: a phrase may
// have a joint of its own. If it knows none of them they are left as they were.
func (t *translation) sayParts(parts []string, j joint, depth int) string {
	var out []string
	changed := false
	for len(parts) > 0 {
		taken, said := 1, ""
		for n := len(parts); n > 1 && said == ""; n-- {
			if text, known := t.phrase(strings.Join(parts[:n], j.english), depth+1); known {
				taken, said = n, text
			}
		}
		if said == "" {
			said = t.say(parts[0], depth+1)
		}
		changed = changed || taken > 1 || said != parts[0]
		out, parts = append(out, said), parts[taken:]
	}
	if !changed {
		return strings.Join(out, j.english)
	}
	return strings.Join(out, j.chinese)
}

// say says a text of this template in Chinese; each part of it is translated too.
func (t *template) say(english string, part func(string) string) (string, bool) {
	if !strings.HasPrefix(english, t.begins) {
		return "", false
	}
	found := t.known.FindStringSubmatch(english)
	if found == nil {
		return "", false
	}
	var out strings.Builder
	for _, p := range t.chinese {
		switch {
		case p.verb < 0:
			out.WriteString(p.text)
		case p.verb+1 < len(found):
			out.WriteString(part(found[p.verb+1]))
		}
	}
	return out.String(), true
}
