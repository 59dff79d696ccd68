package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sitepost/config"
)

// A patch is what a tool changes in a site file: lines that are put in, and at most a
// line in whose place they come. Everything else stays byte for byte, comments too.
type patch struct {
	text []byte
	puts []put // in the order of the file
}

// A put is some lines that come to stand at an offset, before what stands there now.
type put struct {
	at, drop int    // drop is how many bytes from there on go: whole lines
	lines    string // each with its end, "\n"
}

// put adds lines behind what was put at the same place before.
func (p *patch) put(at, drop int, lines string) {
	if drop == 0 && at == len(p.text) && at > 0 && p.text[at-1] != '\n' && !slices.ContainsFunc(p.puts, func(q put) bool { return q.at == at }) {
		lines = "\n" + lines // the last line of the file has no end
	}
	p.puts = append(p.puts, put{at, drop, lines})
	slices.SortStableFunc(p.puts, func(a, b put) int { return cmp.Compare(a.at, b.at) })
}

// applied is the text with everything put in, in the text's own line ends.
func (p *patch) applied() []byte {
	var out bytes.Buffer
	crlf, from := bytes.Contains(p.text, []byte("\r\n")), 0
	for _, q := range p.puts {
		out.Write(p.text[from:q.at])
		lines := q.lines
		if crlf {
			lines = strings.ReplaceAll(lines, "\n", "\r\n")
		}
		out.WriteString(lines)
		from = q.at + q.drop
	}
	out.Write(p.text[from:])
	return out.Bytes()
}

// change is the text before and after, for a person to look at.
func (p *patch) change(path string) (before, after side) {
	return side{path, p.text}, side{path, p.applied()}
}

// amend puts a new text into the place of the site file, if it has no mistakes; those it
// would have are listed, and end the command. It returns where the old text is kept.
func (t *tool) amend(file *siteFile, text []byte) (backup string, err error) {
	if found := parsed(t.config, text, t.env()); len(found) > 0 {
		fmt.Fprint(t.stderr, t.words.Sprintf("sitepost: %s stays as it is, for it would then have these mistakes:\n", t.config))
		return "", errors.Join(errFindings, t.printMistakes(found))
	}
	return file.replace(text)
}

// tell says what was done: beside the list for a person, apart from JSON.
func (t *tool) tell(format string, args ...any) error {
	to := t.stdout
	if t.json {
		to = t.stderr
	}
	_, err := fmt.Fprint(to, t.words.Sprintf(format, args...)+"\n")
	return err
}

// printMistakes keeps them apart from JSON that was printed before.
func (t *tool) printMistakes(found config.Findings) error {
	to := t.stdout
	if t.json {
		to = t.stderr
	}
	_, err := fmt.Fprint(to, found.In(t.words.Translate))
	return err
}

func parsed(path string, text []byte, env config.Env) config.Findings {
	_, found := config.Parse(path, text, env)
	return found.Errors()
}
