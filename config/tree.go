package config

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A node is a value of the file with its place. Kind is that of the parser:
// String, Integer, Float, Bool, LocalDate …, Array, Table (also an inline one)
// or ArrayTable, whose items are tables.
type node struct {
	kind    unstable.Kind
	name    string // its key, "" for an item of a list
	text    string // of a string, its characters; of a number or date, as written
	key, at span   // of its key and of itself; of a table, of its header
	names   []string
	keys    map[string]*node // of a table; names has them in file order
	items   []*node
	closed  bool // a table that stands in the file already: another header of this name is a mistake
}

// deepest is how deep lists and inline tables are followed; the format needs 3.
const deepest = 8

// parse reads the text as TOML and returns its tree. A mistake of syntax ends
// the list: whole is false, and the tree holds what stood before.
func (c *collector) parse() (root *node, whole bool) {
	g := grower{collector: c, root: &node{kind: unstable.Table, keys: map[string]*node{}}}
	g.table = g.root
	g.p.Reset(c.src.toParse())
	for g.p.NextExpression() {
		switch e := g.p.Expression(); e.Kind {
		case unstable.Table:
			g.header(e)
		case unstable.ArrayTable:
			g.header(e)
		case unstable.KeyValue:
			g.keyValue(g.table, e, 0)
		}
	}
	if err := g.p.Error(); err != nil {
		var mistake *unstable.ParserError
		at := len(c.src.text)
		if errors.As(err, &mistake) {
			at = int(g.p.Range(mistake.Highlight).Offset)
		}
		c.syntax(at, err.Error())
		return g.root, false
	}
	if !g.twice {
		c.referee()
	}
	return g.root, true
}

// referee asks the decoder of the library for mistakes of structure that the
// tree does not know: it holds the whole of the TOML standard. A second opinion
// on what stands twice would only repeat the first.
func (c *collector) referee() {
	err := toml.Unmarshal(c.src.toParse(), &struct{}{})
	var mistake *toml.DecodeError
	if err == nil || !errors.As(err, &mistake) {
		return
	}
	line, column := mistake.Position()
	at := c.src.starts[line-1] + column - 1
	c.add(Language, span{at, 1}, "%s", strings.TrimPrefix(mistake.Error(), "toml: ")+": write each table once, with all its keys below")
}

// A grower builds the tree.
type grower struct {
	*collector
	p     unstable.Parser
	root  *node
	table *node // the one whose header came last
	twice bool  // something stood twice, and was told
}

func (g *grower) spanOf(n *unstable.Node) span {
	return span{int(n.Raw.Offset), int(n.Raw.Length)}
}

// header takes [a.b] or [[a.b]]; the keys that follow belong to it.
func (g *grower) header(e *unstable.Node) {
	var parts []*unstable.Node
	for it := e.Key(); it.Next(); {
		parts = append(parts, it.Node())
	}
	first, last := g.spanOf(parts[0]), g.spanOf(parts[len(parts)-1])
	at := span{first.off, last.off + last.len - first.off}
	t := g.root
	for _, part := range parts[:len(parts)-1] {
		t = t.below(string(part.Data), at)
		if t = t.latest(); t.kind != unstable.Table {
			break
		}
	}
	name := string(parts[len(parts)-1].Data)
	old := t.keys[name]
	fresh := &node{kind: unstable.Table, key: at, at: at, closed: true, keys: map[string]*node{}}
	g.table = fresh
	switch {
	case t.kind != unstable.Table:
		g.again(at, name, t)
	case e.Kind == unstable.ArrayTable && old == nil:
		t.put(name, &node{kind: unstable.ArrayTable, key: at, at: at, items: []*node{fresh}})
	case e.Kind == unstable.ArrayTable && old.kind == unstable.ArrayTable:
		old.items = append(old.items, fresh)
	case e.Kind == unstable.Table && old == nil:
		t.put(name, fresh)
	case e.Kind == unstable.Table && old.kind == unstable.Table && !old.closed:
		old.closed, old.key, old.at = true, at, at
		g.table = old
	default:
		g.again(at, name, old)
	}
}

// keyValue takes a.b = value into a table.
func (g *grower) keyValue(t *node, e *unstable.Node, depth int) {
	var parts []*unstable.Node
	for it := e.Key(); it.Next(); {
		parts = append(parts, it.Node())
	}
	first, last := g.spanOf(parts[0]), g.spanOf(parts[len(parts)-1])
	key := span{first.off, last.off + last.len - first.off}
	for _, part := range parts[:len(parts)-1] {
		if t = t.below(string(part.Data), key); t.kind != unstable.Table {
			g.again(key, string(part.Data), t)
			return
		}
	}
	name := string(parts[len(parts)-1].Data)
	if old := t.keys[name]; old != nil {
		g.again(key, name, old)
		return
	}
	at := g.valueSpan(e, key)
	v := g.value(e.Value(), at, depth)
	v.key, v.at = key, at
	t.put(name, v)
}

// valueSpan is what stands behind the "=" of a key.
func (g *grower) valueSpan(e *unstable.Node, key span) span {
	text := g.src.toParse()
	off, end := key.off+key.len, int(e.Raw.Offset+e.Raw.Length)
	for off < end && bytes.IndexByte([]byte(" \t="), text[off]) >= 0 {
		off++
	}
	for end > off && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	return span{off, end - off}
}

// value copies a value out of the parser. at is where it stands if the parser
// does not know.
func (g *grower) value(v *unstable.Node, at span, depth int) *node {
	n := &node{kind: v.Kind, text: string(v.Data), at: at}
	if v.Raw.Length > 0 {
		n.at = g.spanOf(v)
	}
	switch v.Kind {
	case unstable.Array:
		for it := v.Children(); depth < deepest && it.Next(); {
			n.items = append(n.items, g.value(it.Node(), at, depth+1))
		}
	case unstable.InlineTable:
		n.kind, n.closed, n.keys = unstable.Table, true, map[string]*node{}
		for it := v.Children(); depth < deepest && it.Next(); {
			g.keyValue(n, it.Node(), depth+1)
		}
	}
	return n
}

// again tells that something stands twice, or as two different things.
func (g *grower) again(at span, name string, old *node) {
	g.twice = true
	line, _ := g.src.position(old.key.off)
	g.add(Language, at, "%q stands here again, first in line %d: remove one of them", name, line)
}

func (n *node) put(name string, child *node) {
	child.name = name
	n.names = append(n.names, name)
	n.keys[name] = child
}

// below returns the child of a name and makes it a table if there is none.
func (n *node) below(name string, at span) *node {
	child := n.keys[name]
	if child == nil {
		child = &node{kind: unstable.Table, key: at, at: at, keys: map[string]*node{}}
		n.put(name, child)
	}
	return child
}

// latest returns the table that a header below [[x]] belongs to.
func (n *node) latest() *node {
	if n.kind == unstable.ArrayTable {
		return n.items[len(n.items)-1]
	}
	return n
}

// syntax makes the finding that ends the list, unless its line was named
// already for a lookalike: then that was the reason.
func (c *collector) syntax(at int, message string) {
	line, _ := c.src.position(at)
	c.list = slices.DeleteFunc(c.list, func(f Finding) bool { return f.Line > line })
	if c.src.repairedLine(line) {
		return
	}
	text := c.src.lineAt(line)
	_, size := utf8.DecodeRune(c.src.text[min(at, len(c.src.text)):])
	where := span{at, size}
	if i := strings.IndexAny(text, "“”＂"); i >= 0 && strings.Contains(message, "string") {
		c.add(Language, span{c.src.starts[line-1] + i, 3}, "a text that begins with \" ends with \", not with a full-width quote: type it with the input method switched to English (半角)")
		return
	}
	if word, meant := truth(c.src.text[min(at, len(c.src.text)):]); meant != "" {
		c.hint(Language, span{at, len(word)}, meant, "%s is no value: write true or false, in small letters and without quotes (the rest of the file is not checked before this is corrected)", word)
		return
	}
	if strings.Contains(text, "\r") {
		message = "carriage return"
	}
	c.add(Language, where, "%s (the rest of the file is not checked before this is corrected)", explain(message, text))
}

// truth finds a word for true or false that is not TOML's at the start of a
// text, and the one that was meant.
func truth(text []byte) (word, meant string) {
	end := bytes.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if end < 0 {
		end = len(text)
	}
	switch word = string(text[:end]); strings.ToLower(word) {
	case "true", "yes":
		return word, "true"
	case "false", "no":
		return word, "false"
	}
	return "", ""
}

// macintosh is said of a carriage return that ends no line: to the parser the file is
// one line then.
const macintosh = "the lines end as on an old Macintosh: save the file with the line ends of Linux or Windows"

// explain says in plain words what the parser did not like.
func explain(message, line string) string {
	const noNumber = "this is not a number: write it in decimal digits"
	for _, row := range []struct{ sign, words string }{
		{"carriage return", macintosh},
		{"control character", "a character that cannot be seen stands here: type the line again"},
		{"strings must be quoted", "text and figures with a unit stand in quotes: write them like \"60s\""},
		{"start of value", "a value is missing or has no quotes: text stands in quotes, lists in [ ], tables in { }"},
		{"expected value", "a value is missing behind the \"=\": write it, or put # before the line"},
		{"expected keyword", "text stands in quotes; without them only numbers, dates, true and false"},
		{"expected '='", "a \"=\" is missing behind the key: write key = value"},
		{"start of key", "a key of small letters, digits and _ should stand here"},
		{"table name", "a bracket is missing: write [name] or [[name]]"},
		{"basic string", "the closing \" is missing, or a \" or \\ inside the text: put ' around a text with \" in it"},
		{"literal string", "the closing ' is missing"},
		{"escape", "\\ has a meaning of its own between \" and \": write \\\\, or put ' around the text"},
		{"expected newline", "nothing may follow the value: text and figures with a unit stand in quotes (\"60s\"), and each key on a line of its own"},
		{"array", "the list is not closed, or lacks a comma: write [\"a\", \"b\"]"},
		{"inline table", "the table is not closed, or lacks a comma: write {a = 1, b = 2}"},
		{"leading zeroes", "a number does not begin with 0: a code or telephone number stands in quotes"},
		{"expected key", "a key of small letters, digits and _ should stand here"},
		{"nested", "lists and tables stand too deep in each other: write [table], and its keys below"},
		{"digit", noNumber},
		{"sign", noNumber},
	} {
		if strings.Contains(message, row.sign) {
			return row.words
		}
	}
	return message
}
