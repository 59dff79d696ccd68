// Package words is the mouth of the tools: what they say, in the language of the
// person who reads it.
//
// Every room of the house speaks English and knows no other language; so do JSON,
// the log and what goes to the city. Only between a tool and a person stands the
// phrasebook, one map from the English format to the Chinese one:
//
//	tool ── Sprintf("%s: good\n", path) ────────────┐
//	                                              ├─► phrasebook ──► "%s：没有错误\n"
//	room ── `unknown key "adress" in …` ─► Translate ┘
//
// Rules: a phrase has the verbs of its English format, each once, in any order
// ("%[2]s里…%[1]q"); what the book does not know is said in English, never left out;
// texts are taken apart only as far as the book knows their parts; what stands in quotes
// is a name and stays, and so does what the Chinese phrase calls one ("%+s").
//
// It does not know what the words mean, who says them or where they are printed.
package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Language is one that the tools speak.
type Language string

const (
	English Language = "en"
	Chinese Language = "zh"
)

// Choose returns the language a person wants: the flag's word if there is one, else
// that of the environment, in the order of POSIX (LC_ALL, LC_MESSAGES, LANG), else
// English.
func Choose(flag string, getenv func(string) string) (Language, error) {
	switch flag {
	case string(English), string(Chinese):
		return Language(flag), nil
	case "":
	default:
		return English, fmt.Errorf("--lang: %q is not spoken here: write en or zh", flag)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(value, "zh") {
				return Chinese, nil
			}
			return English, nil
		}
	}
	return English, nil
}

// A Speaker speaks one language. Its zero value, and nil, speak English. It may be
// asked from several goroutines.
type Speaker struct {
	phrases map[string]string
	shelf   func() *shelf // made when the first text is taken apart; most tools never need it
}

// In returns who speaks a language. more are chapters that other rooms have already, such
// as the dictionary of codes.
func In(l Language, more ...map[string]string) *Speaker {
	if l != Chinese {
		return &Speaker{}
	}
	return from(append(chapters(), more...))
}

// from reads a book.
func from(chapters []map[string]string) *Speaker {
	s := &Speaker{phrases: map[string]string{}}
	for _, chapter := range chapters {
		maps.Copy(s.phrases, chapter)
	}
	s.shelf = sync.OnceValue(func() *shelf { return newShelf(s.phrases) })
	return s
}

// Sprintf is fmt.Sprintf with the format of this language. An error among the arguments
// is translated: it is a sentence, and never a name.
func (s *Speaker) Sprintf(format string, args ...any) string {
	if s.SpeaksEnglish() {
		return fmt.Sprintf(format, args...)
	}
	said := slices.Clone(args)
	for i, arg := range args {
		if err, ok := arg.(error); ok && err != nil {
			said[i] = s.Translate(err.Error())
		}
	}
	if known, ok := s.phrases[format]; ok {
		format = known
	}
	return fmt.Sprintf(format, said...)
}

// Language is the one that is spoken.
func (s *Speaker) Language() Language {
	if s.SpeaksEnglish() {
		return English
	}
	return Chinese
}

// SpeaksEnglish says whether all that is said is what was given.
func (s *Speaker) SpeaksEnglish() bool { return s == nil || s.shelf == nil }

// Text returns a text that is no format, such as the help of a command, in this
// language; known is false where the book does not have it.
func (s *Speaker) Text(english string) (said string, known bool) {
	if s.SpeaksEnglish() {
		return english, true
	}
	if said, known = s.phrases[english]; known {
		return said, true
	}
	return english, false
}
