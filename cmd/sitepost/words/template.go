package words

import (
	"cmp"
	"strings"
	"unicode"
)

// leastLetters is what a format must say itself to be known again in a text:
// "%s: %s" stands in every one.
const leastLetters = 4

// A template is a phrase with verbs: it knows its English text again.
type template struct {
	english, chinese string
	pieces           []piece // of the English
	letters          int     // that it has itself
	rank             int     // of all: 0 says most
	words            []string
}

// newTemplate turns a phrase round. varies is false for one that cannot be known again:
// it has no verbs, or little else.
func newTemplate(english, chinese string) (t *template, varies bool) {
	if strings.IndexByte(english, '%') < 0 {
		return nil, false
	}
	t = &template{english: english, chinese: chinese, pieces: pieces(english)}
	for i, p := range t.pieces {
		if p.verb >= 0 {
			varies = true
			continue
		}
		t.letters += letters(p.text)
		t.words = append(t.words, wholeWords(p.text, i > 0, i < len(t.pieces)-1)...)
	}
	return t, varies && t.letters >= leastLetters
}

// byRank puts those first that say most.
func byRank(a, b *template) int {
	return cmp.Or(cmp.Compare(b.letters, a.letters), cmp.Compare(a.english, b.english))
}

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// wholeWords are the words of a piece that also stand alone in the finished text: at an
// open end a verb may make another word of them.
func wholeWords(text string, openStart, openEnd bool) (all []string) {
	at := 0
	eachWord(text, func(word string) {
		start := at + strings.Index(text[at:], word)
		at = start + len(word)
		if (start > 0 || !openStart) && (at < len(text) || !openEnd) {
			all = append(all, word)
		}
	})
	return all
}

// eachWord hands out the runs of ASCII letters of a text.
func eachWord(text string, do func(word string)) {
	start := -1
	for i := 0; i <= len(text); i++ {
		letter := i < len(text) && (text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z')
		switch {
		case letter && start < 0:
			start = i
		case !letter && start >= 0:
			do(text[start:i])
			start = -1
		}
	}
}

// A piece of a format is plain text, or a verb.
type piece struct {
	text   string
	verb   int // from 0; -1 is plain text
	letter byte
	name   bool // "%+s": what stands there is a name, also where it is a word of the book
}

// pieces takes a format apart as fmt does; "%%" is plain text.
func pieces(format string) (all []piece) {
	next := 0
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			all = append(all, piece{text: plain.String(), verb: -1})
			plain.Reset()
		}
	}
	for format != "" {
		at := strings.IndexByte(format, '%')
		if at < 0 {
			plain.WriteString(format)
			break
		}
		plain.WriteString(format[:at])
		letter, number, size := verbAt(format[at:])
		name := strings.HasPrefix(format[at:], "%+")
		format = format[at+size:]
		if letter == '%' {
			plain.WriteByte('%')
			continue
		}
		flush()
		if number > 0 {
			next = number - 1
		}
		all = append(all, piece{verb: next, letter: letter, name: name})
		next++
	}
	flush()
	return all
}

// verbAt reads the verb at the start of a format: its letter, its number if it has one
// ("%[2]s"), and its size. A "%" that begins no verb is itself.
func verbAt(format string) (letter byte, number, size int) {
	i := 1
	skip := func(set string) {
		for i < len(format) && strings.IndexByte(set, format[i]) >= 0 {
			i++
		}
	}
	skip("-+# 0")
	skip("0123456789")
	if i < len(format) && format[i] == '.' {
		i++
		skip("0123456789")
	}
	if i < len(format) && format[i] == '[' {
		i++
		for ; i < len(format) && format[i] >= '0' && format[i] <= '9' && number < 100; i++ {
			number = 10*number + int(format[i]-'0')
		}
		i++ // the bracket
	}
	if i >= len(format) || !(format[i]|0x20 >= 'a' && format[i]|0x20 <= 'z') {
		if strings.HasPrefix(format, "%%") {
			return '%', 0, 2
		}
		return '%', 0, 1
	}
	return format[i], number, i + 1
}

// isWords says whether what piece i stands for may be words that somebody put together.
// What stands in quotes or brackets is a name, and digits are digits.
func (t *template) isWords(i int) bool {
	if strings.IndexByte("qdfgexXcU", t.pieces[i].letter) >= 0 {
		return false
	}
	if i == 0 || t.pieces[i-1].verb >= 0 {
		return true
	}
	before := t.pieces[i-1].text
	return strings.IndexByte("[\"'`-/", before[len(before)-1]) < 0
}
