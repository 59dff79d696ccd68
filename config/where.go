package config

import (
	"bytes"
	"errors"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// mostStarts is how often a file is begun again behind a mistake of syntax.
const mostStarts = 100

// StoreDirectory returns the directory that a file gives to the store, also if the
// file has mistakes, of whatever kind and wherever. false: it does not say, or
// nobody can read it.
//
// Who looks for what was kept of a site when its file was still good needs it.
func StoreDirectory(path string) (directory string, ok bool) {
	raw, findings := open(path)
	if findings != nil || len(raw) > maxFile {
		return "", false
	}
	list := &collector{}
	src := newSource(path, raw, list)
	list.findLookalikes()
	return directoryIn(src.toParse())
}

// directoryIn reads a text expression by expression. Behind a mistake it begins again
// with the next line; the header that came last still holds there.
func directoryIn(text []byte) (directory string, ok bool) {
	var table []string
	for range mostStarts {
		var p unstable.Parser
		p.Reset(text)
		for p.NextExpression() {
			e := p.Expression()
			switch key := keyOf(e); {
			case e.Kind == unstable.Table, e.Kind == unstable.ArrayTable:
				table = key
			case e.Kind == unstable.KeyValue && slices.Equal(slices.Concat(table, key), []string{"store", "directory"}):
				return pathOf(e.Value())
			}
		}
		if text = behind(&p, text); len(text) == 0 {
			break
		}
	}
	return "", false
}

// keyOf returns the parts of a key or a header.
func keyOf(e *unstable.Node) (parts []string) {
	for it := e.Key(); it.Next(); {
		parts = append(parts, string(it.Node().Data))
	}
	return parts
}

// pathOf returns a value that is a whole path.
func pathOf(v *unstable.Node) (string, bool) {
	var path filePath
	if v.Kind != unstable.String || path.UnmarshalText(v.Data) != nil {
		return "", false
	}
	return string(path), true
}

// behind returns the text behind the line in which the parser stopped; nothing if it
// came to the end.
func behind(p *unstable.Parser, text []byte) []byte {
	mistake, is := errors.AsType[*unstable.ParserError](p.Error())
	if !is {
		return nil
	}
	at := min(int(p.Range(mistake.Highlight).Offset), len(text))
	_, rest, _ := bytes.Cut(text[at:], []byte("\n"))
	return rest
}
