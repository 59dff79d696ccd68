package config

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// newest is the version of the format that this sitepost reads.
const newest = 1

// A step raises a file from one version to the next. It patches the text, so that
// comments and order stay as they are; the figure of the version is not its business.
type step struct {
	from int
	do   func(text []byte) ([]byte, error)
}

// steps are all of them, the oldest first. There is none yet: version 1 is the first.
var steps = []step{}

// A Migration is what became of a file.
type Migration struct {
	From, To int    // versions; equal: there was nothing to do
	Text     []byte // as it should be now
}

// Migrate raises a text to the version that this sitepost reads. name is its file's
// name. Its syntax must be sound; other mistakes are left to [Parse], for an older
// version may have words that this one does not know.
func Migrate(name string, text []byte) (Migration, Findings, error) {
	return migrate(name, text, newest, steps)
}

func migrate(name string, text []byte, newest int, steps []step) (Migration, Findings, error) {
	from, at, findings := versionOf(name, text)
	m := Migration{From: from, To: from, Text: text}
	switch {
	case len(findings) > 0:
		return m, findings, nil
	case from > newest:
		return m, nil, fmt.Errorf("%s is of version %d, and this sitepost is older than the file: it reads version %d (install the sitepost that the file was written for)", name, from, newest)
	}
	for m.To < newest {
		i := slices.IndexFunc(steps, func(s step) bool { return s.from == m.To })
		if i < 0 {
			return m, nil, fmt.Errorf("%s is of version %d, which no sitepost has read", name, m.To)
		}
		patched, err := steps[i].do(slices.Clone(m.Text))
		if err != nil {
			return m, nil, fmt.Errorf("%s: from version %d to %d: %w", name, m.To, m.To+1, err)
		}
		if _, at, findings = versionOf(name, patched); len(findings) > 0 {
			return m, findings, nil
		}
		m.To++
		m.Text = slices.Concat(patched[:at.off], []byte(strconv.Itoa(m.To)), patched[at.off+at.len:])
	}
	return m, nil, nil
}

// versionOf returns the version of a text and where its figure stands.
func versionOf(name string, text []byte) (version int, at span, mistakes Findings) {
	if len(text) > maxFile {
		return 0, span{}, Findings{{File: name, Kind: Language, Text: tooLarge}}
	}
	list := &collector{}
	list.src = newSource(name, text, list)
	root, whole := list.parse()
	n := root.keys["version"]
	switch {
	case len(list.list.Errors()) > 0 || !whole:
	case n == nil:
		list.add(Meaning, span{}, "the file has no \"version\": write version = 1")
	case n.kind != unstable.Integer:
		list.add(Language, n.at, "the version is a number: write version = 1")
	default:
		var err error
		if version, err = strconv.Atoi(n.text); err != nil || len(n.text) != n.at.len {
			list.add(Language, n.at, "the version is a plain number: write version = 1")
		}
		at = n.at
	}
	return version, at, list.sorted().Errors()
}
