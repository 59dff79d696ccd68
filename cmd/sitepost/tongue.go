package main

import (
	"fmt"
	"os"
	"strings"

	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
)

// chooseLanguage gives the tool the language of the person who reads, also where the flag
// asks for one that is not spoken.
func (t *tool) chooseLanguage(args []string) error {
	l, err := words.Choose(flagOf(args, "--lang"), os.Getenv)
	t.words = words.In(l, meanings())
	return err
}

// meanings are what the codes of the dictionary mean, in English and Chinese.
func meanings() map[string]string {
	chapter := map[string]string{}
	for _, m := range devices.Codes() {
		chapter[m.English] = m.Chinese
	}
	return chapter
}

// flagOf finds a flag before the command line is parsed: also its help, and what is
// wrong with it, are told in the language that it asks for.
func flagOf(args []string, name string) (value string) {
	for i, arg := range args {
		switch after, is := strings.CutPrefix(arg, name+"="); {
		case arg == "--":
			return value
		case is:
			value = after
		case arg == name && i+1 < len(args):
			value = args[i+1]
		}
	}
	return value
}

// say prints to standard output in the language of the person who reads.
func (t *tool) say(format string, args ...any) error {
	_, err := fmt.Fprint(t.stdout, t.words.Sprintf(format, args...))
	return err
}

// word says a text that is no format.
func (t *tool) word(english string) string {
	said, _ := t.words.Text(english)
	return said
}

// heads are the heads of columns.
func (t *tool) heads(english ...string) (said []string) {
	for _, head := range english {
		said = append(said, t.word(head))
	}
	return said
}

// remark tells a person something on the side.
func (t *tool) remark(format string, args ...any) {
	fmt.Fprintln(t.stderr, "sitepost:", t.words.Sprintf(format, args...))
}
