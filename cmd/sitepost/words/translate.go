package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// longestText is what is worth taking apart: a reason, not a document. Of a longer
	// one each line is a text.
	longestText = 4 << 10
	// longestList is what has lines that are worth it.
	longestList = 1 << 20
	// deepest is how far a text may stand in a text that stands in a text.
	deepest = 8
	// mostParts is into how many parts a text is taken.
	mostParts = 12
	// mostSteps bounds the work for one text, whoever wrote it.
	mostSteps = 20_000
)

// Translate says in this language what a room has said in English. What it does not
// know stays as it is.
func (s *Speaker) Translate(english string) string {
	switch {
	case s.SpeaksEnglish() || len(english) > longestList:
		return english
	case len(english) > longestText:
		return s.translateLines(english)
	}
	t := translation{s, mostSteps}
	return t.say(english, 0)
}

// translateLines says a list. All its lines have ten times the work of one text.
func (s *Speaker) translateLines(english string) string {
	var out strings.Builder
	t := translation{s, 10 * mostSteps}
	for line := range strings.Lines(english) {
		if len(line) <= longestText {
			line = t.say(line, 0)
		}
		out.WriteString(line)
	}
	return out.String()
}

// A translation is one text on its way.
type translation struct {
	*Speaker
	steps int // how many more may be taken
}

// say says a text: as a whole, or in the parts of which it was put together.
func (t *translation) say(english string, depth int) string {
	if strings.Contains(english, "\n") && depth < deepest {
		return t.sayLines(english, depth)
	}
	if place, rest, ok := behindPlace(english); ok && depth < deepest {
		return place + t.sayFinding(rest, depth)
	}
	if said, known := t.phrase(english, depth); known || depth == deepest {
		return said
	}
	for _, j := range joints {
		if parts := split(english, j.english); len(parts) > 1 {
			return t.sayParts(parts, j, depth)
		}
	}
	return t.sayBrackets(english, depth)
}

// sayLines says each line by itself, unless the book has them together.
func (t *translation) sayLines(english string, depth int) string {
	if phrase, ok := t.phrases[english]; ok {
		return strings.ReplaceAll(phrase, "%%", "%")
	}
	lines := strings.Split(english, "\n")
	for i, line := range lines {
		lines[i] = t.say(line, depth+1)
	}
	return strings.Join(lines, "\n")
}

// split splits a text at a joint, except where one stands in brackets or quotes.
func split(text, joint string) (parts []string) {
	start, brackets, quoted := 0, 0, false
	for i := 0; i < len(text) && len(parts) < mostParts-1; i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case strings.HasPrefix(text[i:], `'"'`):
			i += 2
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			brackets++
		case c == ')':
			brackets--
		case brackets == 0 && strings.HasPrefix(text[i:], joint):
			parts, start = append(parts, text[start:i]), i+len(joint)
			i = start - 1
		}
	}
	if quoted || brackets != 0 { // somebody else's text
		return strings.SplitN(text, joint, mostParts)
	}
	return append(parts, text[start:])
}

// isChoice holds for "off, listen or probe": words to write, each of them one.
func isChoice(text string) bool {
	words := strings.Split(strings.ReplaceAll(text, ", ", " or "), " or ")
	return len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool { return w == "" || strings.Contains(w, " ") })
}

// phrase says a text that the book knows as a whole.
func (t *translation) phrase(english string, depth int) (said string, known bool) {
	if phrase, ok := t.phrases[english]; ok {
		return strings.ReplaceAll(phrase, "%%", "%"), true
	}
	if t.steps -= 1 + len(english)/64; t.steps <= 0 {
		return english, false
	}
	for _, one := range t.shelf().candidates(english) {
		if t.steps <= 0 {
			break
		}
		m := match{pieces: one.pieces, found: make([]string, len(one.pieces)), steps: &t.steps}
		if m.fits(0, english) {
			return t.fill(one, m.found, depth), true
		}
	}
	return english, false
}

// fill says a template in Chinese with what stood in the English text; each part that
// may be words is translated too.
func (t *translation) fill(one *template, found []string, depth int) string {
	parts, written := map[int]string{}, map[int]string{}
	for i, p := range one.pieces {
		written[p.verb] = found[i]
		switch {
		case p.verb < 0:
		case !one.isWords(i):
			parts[p.verb] = found[i]
		case isChoice(found[i]) && t.phrases[found[i]] == "":
			parts[p.verb] = strings.ReplaceAll(found[i], " or ", " 或 ")
		default:
			parts[p.verb] = t.say(found[i], depth+1)
		}
	}
	var said []string
	for _, p := range pieces(one.chinese) {
		switch {
		case p.verb < 0:
			said = append(said, p.text)
		case p.name:
			said = append(said, written[p.verb])
		default:
			said = append(said, parts[p.verb])
		}
	}
	return join(said)
}

// join puts texts together, with a space where Chinese and Latin script meet: 摄像机 "x" 有.
func join(texts []string) string {
	out := ""
	for _, text := range texts {
		last, _ := utf8.DecodeLastRuneInString(out)
		first, _ := utf8.DecodeRuneInString(text)
		if unicode.Is(unicode.Han, last) && isLatin(first) || isLatin(last) && unicode.Is(unicode.Han, first) {
			out += " "
		}
		out += text
	}
	return out
}

func isLatin(r rune) bool {
	return r == '"' || r == '[' || r == ']' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// sayBrackets says a text with something in brackets behind it: "no answer (is it on?)".
// It is asked last, for it binds closest.
func (t *translation) sayBrackets(english string, depth int) string {
	before, inside, ok := strings.Cut(english, " (")
	inside, closed := strings.CutSuffix(inside, ")")
	if !ok || !closed || strings.ContainsAny(inside, "()") {
		return english
	}
	saidBefore, saidInside := t.say(before, depth+1), t.say(inside, depth+1)
	if saidBefore == before && saidInside == inside {
		return english
	}
	return saidBefore + "（" + saidInside + "）"
}

// A joint is where texts are put together.
type joint struct{ english, chinese string }

// joints are all of them, below lines; what binds least comes first.
var joints = []joint{{"; ", "；"}, {": ", "："}, {", ", "，"}}

// sayParts says parts, as many at a time as the book knows as one: a phrase may
// have a joint of its own. If it knows none of them they are left as they were.
func (t *translation) sayParts(parts []string, j joint, depth int) string {
	whole := strings.Join(parts, j.english)
	var out []string
	changed := false
	for len(parts) > 0 {
		taken, said := t.sayFirst(parts, j, depth)
		changed = changed || taken > 1 || said != parts[0]
		out, parts = append(out, said), parts[taken:]
	}
	if !changed {
		return whole
	}
	return strings.Join(out, j.chinese)
}

// sayFirst says the first parts, as many as the book knows as one.
func (t *translation) sayFirst(parts []string, j joint, depth int) (taken int, said string) {
	for n := len(parts); n > 1; n-- {
		if said, known := t.phrase(strings.Join(parts[:n], j.english), depth+1); known {
			return n, said
		}
	}
	return 1, t.say(parts[0], depth+1)
}

// behindPlace cuts FILE:LINE:COLUMN: off, which stays as it is: editors jump there.
func behindPlace(text string) (place, rest string, ok bool) {
	at := strings.Index(text, ": ")
	if at < 0 {
		return "", text, false
	}
	file, column := cutNumber(text[:at])
	file, line := cutNumber(file)
	return text[:at+2], text[at+2:], file != "" && line && column
}

// cutNumber cuts ":12" off the end of a text.
func cutNumber(text string) (before string, ok bool) {
	digits := strings.TrimRight(text, "0123456789")
	before, ok = strings.CutSuffix(digits, ":")
	return before, ok && len(digits) < len(text)
}

// sayFinding says what stands behind a place. A key of the file before it stays.
func (t *translation) sayFinding(text string, depth int) string {
	if key, rest, ok := strings.Cut(text, ": "); ok && isKey(key) && key != "note" && key != "tab" {
		return key + ": " + t.say(rest, depth+1)
	}
	return t.say(text, depth+1)
}

// isKey holds for what may be a key of a file.
func isKey(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
