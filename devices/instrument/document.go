package instrument

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxFile bounds a profile; the longest one we ship has 2 KiB.
const maxFile = 64 << 10

// A document is a TOML file as written, with the place of every key. What it
// means is read out of it by way of [table].
type document struct {
	text     []byte
	offsets  map[string]int // of keys and list items, by path
	mistakes *Mistakes
}

// openDocument reads the language and nothing else. It returns nil where even
// that is wrong; the mistake says so.
func openDocument(text []byte, mistakes *Mistakes) *table {
	d := &document{text: bytes.Clone(text), offsets: map[string]int{}, mistakes: mistakes}
	if what, offset := d.encoding(); what != "" {
		d.mistake(offset, what)
		return nil
	}
	keys := map[string]any{}
	if err := toml.Unmarshal(d.text, &keys); err != nil {
		d.syntax(err)
		return nil
	}
	d.index()
	return &table{document: d, keys: keys, asked: map[string]bool{}}
}

// encoding says what is wrong with the bytes of the file, "" if nothing is.
func (d *document) encoding() (what string, offset int) {
	switch {
	case len(d.text) > maxFile:
		return "the file is larger than 64 KiB: a profile describes one kind of instrument, split it", 0
	case bytes.HasPrefix(d.text, []byte("\xEF\xBB\xBF")):
		return "the file begins with a byte order mark: save it as UTF-8 without BOM", 0
	}
	for rest := d.text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			return "this is not UTF-8 (GBK?): save the file as UTF-8", len(d.text) - len(rest)
		}
		rest = rest[n:]
	}
	return "", 0
}

// syntax notes a mistake of the language.
func (d *document) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	decode, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		d.mistakes.List = append(d.mistakes.List, Mistake{Text: text})
		return
	}
	row, column := decode.Position()
	lines := bytes.Split(d.text, []byte("\n"))
	here := lines[min(row, len(lines))-1]
	if wide := bytes.IndexAny(here, "“”‘’＂＇＝，：［］｛｝　"); wide >= 0 {
		column = wide + 1
		text = "full-width punctuation: write \" ' = , : [ ] { } and blanks with the keyboard set to English"
	}
	d.mistakes.List = append(d.mistakes.List, Mistake{row, characters(here, column-1) + 1, text})
}

// mistake notes a mistake at a byte of the file.
func (d *document) mistake(offset int, text string) {
	line, column := d.place(offset)
	d.mistakes.List = append(d.mistakes.List, Mistake{line, column, text})
}

// place returns line and column of a byte of the file.
func (d *document) place(offset int) (line, column int) {
	before := d.text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, characters(before[start:], offset-start) + 1
}

// characters counts those in the first n bytes of a line.
func characters(line []byte, n int) int { return utf8.RuneCount(line[:min(n, len(line))]) }

// index notes where every key and every list item stands. The text is known
// to be good TOML.
func (d *document) index() {
	var p unstable.Parser
	p.Reset(d.text)
	counts := map[string]int{} // of [[x]] so far
	where := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			where = d.indexKey("", e.Key(), counts)
		case unstable.ArrayTable:
			where = d.indexKey("", e.Key(), counts)
			counts[where]++
			where = join(where, strconv.Itoa(counts[where]-1))
			last := e.Child()
			for next := last.Next(); next.Valid(); next = last.Next() {
				last = next
			}
			d.offsets[where] = int(last.Raw.Offset)
		case unstable.KeyValue:
			d.indexPair(where, e)
		}
	}
}

// indexKey notes a key of one or more words and returns its path. A word that
// names a list of tables stands for the last of them.
func (d *document) indexKey(where string, key unstable.Iterator, counts map[string]int) string {
	for key.Next() {
		if n := counts[where]; n > 0 {
			where = join(where, strconv.Itoa(n-1))
		}
		where = join(where, string(key.Node().Data))
		if _, known := d.offsets[where]; !known {
			d.offsets[where] = int(key.Node().Raw.Offset)
		}
	}
	return where
}

// indexPair notes a key and what its value holds.
func (d *document) indexPair(where string, pair *unstable.Node) {
	where = d.indexKey(where, pair.Key(), nil)
	d.indexValue(where, d.offsets[where], pair.Value())
}

// indexValue notes the places inside a value. A number inside a list has no
// place of its own in the parser's tree; it gets that of the list's key.
func (d *document) indexValue(where string, offset int, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			d.indexPair(where, it.Node())
		}
	case unstable.Array:
		n := 0
		for it := v.Children(); it.Next(); n++ {
			item := join(where, strconv.Itoa(n))
			d.offsets[item] = offset
			if raw := it.Node().Raw; raw.Length > 0 {
				d.offsets[item] = int(raw.Offset)
			}
			d.indexValue(item, d.offsets[item], it.Node())
		}
	}
}

// join adds a word to a path. The separator cannot stand in a key that a
// person types, and a clash would only move the place of a mistake.
func join(path, word string) string { return path + "\x00" + word }
