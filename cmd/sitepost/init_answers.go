package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"sitepost/config"
)

// mostAnswers is how much is read of a file of answers; config says what is too much.
const mostAnswers = 2 << 20

// answered makes a site file out of a file of answers. What is wrong in it is listed, and
// ends the command.
func (t *tool) answered(path string) ([]byte, error) {
	raw, err := readAnswers(path)
	if err != nil {
		return nil, err
	}
	draft, found := config.ReadAnswers(path, raw, t.env())
	if len(found.Errors()) > 0 {
		return nil, errors.Join(errFindings, t.printFindings(found))
	}
	fmt.Fprint(t.stderr, found.In(t.words.Translate)) // notes
	text := t.drafted(path, draft)
	if wrong := parsed(path, text, t.env()); len(wrong) > 0 {
		return nil, errors.Join(errFindings, t.printMistakes(wrong))
	}
	return text, nil
}

// readAnswers reads a file of bounded size. O_NONBLOCK keeps a named pipe from holding
// us up.
func readAnswers(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostAnswers))
}

// drafted is the text of a site file, with a comment where a person must know something.
func (t *tool) drafted(path string, d *config.Draft) []byte {
	var b strings.Builder
	b.WriteString("# " + t.words.Sprintf("by `sitepost init`, out of %s; `sitepost init` without answers shows every key there is", visible(filepath.Base(path))) + "\n\nversion = 1\n")
	for _, table := range d.Tables {
		head := "[" + table.Name + "]"
		if table.Again {
			head = "[" + head + "]"
		}
		b.WriteString("\n" + head + "\n")
		for _, k := range table.Keys {
			tableLine(&b, k.Name+" = "+k.Value, t.word(draftComment(table.Name, k.Name)))
		}
	}
	return []byte(b.String())
}

// draftComment is what a person must know who looks at a key, "" for nothing.
func draftComment(table, key string) string {
	switch table + " " + key {
	case "site name", "zone name":
		return "permanent once the site runs: change it now or never"
	case "uplink key":
		return "made by `sitepost enroll`; it never leaves the box"
	case "uplink client_id":
		return "a spare box has another one"
	}
	return ""
}
