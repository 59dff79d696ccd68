package config

import (
	"errors"
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

// Migrate raises a text to the version that this sitepost reads, or says why it cannot.
// name is its file's name. Its syntax must be sound; other mistakes are left to
// [Parse], for an older version may have words that this one does not know.
func Migrate(name string, text []byte) (Migration, Findings) {
	return migrate(name, text, newest, steps)
}

func migrate(name string, text []byte, newest int, steps []step) (Migration, Findings) {
	v := readVersion(name, text)
	m := Migration{From: v.number, To: v.number, Text: text}
	if v.number > newest {
		v.tell("the file is of version %d, and this sitepost is older than the file: it reads version %d (install the sitepost that the file was written for)", v.number, newest)
	}
	for v.list.errors == 0 && m.To < newest {
		patched, err := raise(m.Text, m.To, steps)
		if err != nil {
			v.tell("from version %d to %d: %v", m.To, m.To+1, err)
			break
		}
		if v = readVersion(name, patched); v.list.errors == 0 {
			m.To++
			m.Text = slices.Concat(patched[:v.at.off], []byte(strconv.Itoa(m.To)), patched[v.at.off+v.at.len:])
			v = readVersion(name, m.Text)
		}
	}
	return m, v.list.sorted().Errors()
}

// raise does the step from a version to the next.
func raise(text []byte, from int, steps []step) ([]byte, error) {
	i := slices.IndexFunc(steps, func(s step) bool { return s.from == from })
	if i < 0 {
		return nil, errors.New("no sitepost has ever read such a file: write version = 1")
	}
	return steps[i].do(slices.Clone(text))
}

// A version is that of a text, and where its figure stands; list has what is wrong.
type version struct {
	number int
	at     span
	list   *collector
}

func (v version) tell(format string, args ...any) { v.list.add(Meaning, v.at, format, args...) }

func readVersion(name string, text []byte) version {
	v := version{list: &collector{src: &source{name: name}}}
	if len(text) > maxFile {
		v.tell(tooLarge)
		return v
	}
	v.list.src = newSource(name, text, v.list)
	root, whole := v.list.parse()
	if !whole || v.list.errors > 0 {
		return v
	}
	n := root.keys["version"]
	if n == nil {
		v.tell("the file has no \"version\": write version = 1")
		return v
	}
	number, err := strconv.Atoi(n.text)
	if v.at = n.at; n.kind != unstable.Integer || err != nil || len(n.text) != n.at.len {
		v.tell("the version is a plain number: write version = 1")
		return v
	}
	v.number = number
	return v
}
