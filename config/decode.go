package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"

	"sitepost/config/near"
)

// decode fills the tables as written, or answers, from the tree. What is missing is
// told only if the whole file could be read.
func (c *collector) decode(root *node, into any, whole bool) {
	d := decoder{collector: c, whole: whole}
	d.fill(root, reflect.ValueOf(into).Elem(), wholeFile)
}

// wholeFile is the label of what stands in no table.
const wholeFile = "the file"

type decoder struct {
	*collector
	whole bool
}

// fill fills a struct of slots, structs (tables) and slices of structs ([[x]]).
// label names the table in messages.
func (d *decoder) fill(n *node, into reflect.Value, label string) {
	fields, excused := schema(into.Type()), map[string]bool{}
	if t, ok := into.Addr().Interface().(interface{ setTable(span) }); ok {
		t.setTable(n.at)
	}
	for _, name := range n.names {
		child := n.keys[name]
		i, known := fields[name]
		if !known {
			meant := d.unknown(child, name, label, fields)
			excused[meant] = true
			if i, ok := fields[meant]; ok && n.keys[meant] == nil {
				d.excuse(into.Field(i))
			}
			continue
		}
		field := into.Field(i)
		if s, ok := field.Addr().Interface().(slot); ok {
			s.take(d.collector, child, into.Type().Field(i).Tag)
			continue
		}
		d.tables(child, name, label, field)
	}
	for i := range into.NumField() {
		f := into.Type().Field(i)
		name, must := f.Tag.Get("toml"), f.Tag.Get("must")
		if must != "" && n.keys[name] == nil && !excused[name] && d.whole {
			d.add(Meaning, n.at, "%s has no %q: write %s", label, name, must)
		}
	}
}

// schema returns the keys of a table and the index of their fields.
func schema(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("toml"); name != "" {
			fields[name] = i
		}
	}
	return fields
}

// unknown tells a key that does not exist, and returns the one that was meant.
func (d *decoder) unknown(n *node, name, label string, fields map[string]int) string {
	kind := "key"
	if n.kind == unstable.ArrayTable || n.closed {
		kind = "table"
	}
	meant := ""
	if !d.full() {
		meant = near.Word(name, slices.Sorted(maps.Keys(fields)))
	}
	d.hint(Language, n.key, meant, "unknown %s %q in %s: correct it or take it out", kind, name, label)
	return meant
}

// excuse marks a key as written that was misspelled, so that nobody tells it as
// missing too.
func (d *decoder) excuse(field reflect.Value) {
	if s, ok := field.Addr().Interface().(slot); ok {
		s.misspelled()
	}
}

// tables fills a table or all tables of a [[name]].
func (d *decoder) tables(n *node, name, parent string, field reflect.Value) {
	one := field.Kind() == reflect.Struct
	switch {
	case one && n.kind == unstable.Table:
		own := "[" + name + "]"
		if parent != wholeFile {
			own = name + " of " + parent
		}
		d.fill(n, field, own)
	case one && n.kind == unstable.ArrayTable:
		d.add(Language, n.key, "there is only one %q: write [%s]", name, name)
	case one && parent != wholeFile:
		d.add(Language, n.at, "%s: expected a table, found %s: write %s = {key = value}", name, found(n), name)
	case one:
		d.add(Language, n.at, "expected a table, found %s: write [%s] and its keys below, or %s = {key = value}", found(n), name, name)
	case n.kind == unstable.ArrayTable:
		for _, item := range n.items {
			field.Set(reflect.Append(field, reflect.Zero(field.Type().Elem())))
			d.fill(item, field.Index(field.Len()-1), label(name, item))
		}
	default:
		d.add(Language, n.key, "there may be several %q: write [[%s]]", name, name)
	}
}

// label names one of several tables: camera "cam-3".
func label(name string, n *node) string {
	if own := n.keys["name"]; own != nil && own.kind == unstable.String {
		return fmt.Sprintf("%s %q", name, own.text)
	}
	return "this [[" + name + "]]"
}
