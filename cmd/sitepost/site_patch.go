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

// diffContext is how many lines a diff shows around what changes.
const diffContext = 2

// diff shows the patch as diff -u does: "+" is put in, "-" goes.
func (p *patch) diff(path string) string {
	lines := p.marked()
	show := make([]bool, len(lines))
	for i, line := range lines {
		if line[0] == ' ' {
			continue
		}
		for j := max(0, i-diffContext); j <= min(len(lines)-1, i+diffContext); j++ {
			show[j] = true
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", path, path)
	before, after := 0, 0
	for i, line := range lines {
		if show[i] && (i == 0 || !show[i-1]) {
			out.WriteString(hunk(lines[i:], show[i:], before+1, after+1))
		}
		if show[i] {
			out.WriteString(line + "\n")
		}
		before, after = before+counts(line, "+"), after+counts(line, "-")
	}
	return out.String()
}

// hunk is the line above the shown lines that follow each other: @@ -7,4 +7,5 @@.
func hunk(lines []string, show []bool, before, after int) string {
	b, a := 0, 0
	for i := 0; i < len(lines) && show[i]; i++ {
		b, a = b+counts(lines[i], "+"), a+counts(lines[i], "-")
	}
	return fmt.Sprintf("@@ -%d,%d +%d,%d @@\n", before, b, after, a)
}

// counts is 1 for a line that has not the mark of the other side.
func counts(line, other string) int {
	if strings.HasPrefix(line, other) {
		return 0
	}
	return 1
}

// marked are all lines, each behind " ", "+" or "-".
func (p *patch) marked() (lines []string) {
	add := func(mark, text string) {
		for line := range strings.Lines(text) {
			lines = append(lines, mark+strings.TrimRight(line, "\r\n"))
		}
	}
	from := 0
	for _, q := range p.puts {
		add(" ", string(p.text[from:q.at]))
		from = q.at + q.drop
		add("-", string(p.text[q.at:from]))
		lines = append(lines, plus(q, q.at > 0 && p.text[q.at-1] != '\n')...)
	}
	add(" ", string(p.text[from:]))
	return lines
}

// plus are the lines of a put; behind an unfinished line the first line end is that one's.
func plus(q put, unfinished bool) (lines []string) {
	text := q.lines
	if unfinished {
		text = strings.TrimPrefix(text, "\n")
	}
	for line := range strings.Lines(text) {
		lines = append(lines, "+"+strings.TrimRight(line, "\n"))
	}
	return lines
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
