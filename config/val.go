package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A val is one value as it stands in the file. T is string, int, float64,
// bool, or a type with UnmarshalText, which holds the rule of the value.
type val[T any] struct {
	V       T    // the zero value unless OK
	OK      bool // written, and as it should be
	key, at span
	there   bool
}

// written says whether the key stands in the file, however wrongly.
func (v val[T]) written() bool { return v.there }

// or returns the value, or def if it was not written.
func (v val[T]) or(def T) T {
	if v.OK {
		return v.V
	}
	return def
}

// A several is a list of values in [ ].
type several[T any] struct {
	Items []val[T]
	key   span
	there bool
}

func (l several[T]) written() bool { return l.there }

// values returns the values that are as they should be.
func (l several[T]) values() []T {
	var all []T
	for _, v := range l.Items {
		if v.OK {
			all = append(all, v.V)
		}
	}
	return all
}

// A table is a part of every table as written: its place.
type table struct {
	head  span
	there bool
}

func (t *table) setTable(head span) { t.head, t.there = head, true }

// A slot is where a value goes: val or several.
type slot interface {
	take(c *collector, n *node, tag reflect.StructTag)
	misspelled() // written under a wrong name
}

// Types of values may tell what they are for people, take numbers or dates as
// well as text, and say what they need on this machine.
type (
	described    interface{ described() string } // "a duration such as \"10s\""
	takesNumber  interface{ takesNumber() }
	takesDate    interface{ takesDate() }
	needsMachine interface{ look(now time.Time) error }
)

// A mistake is the error of a value, with what was probably meant.
type mistake struct{ text, meant string }

func (m *mistake) Error() string { return m.text }

func wrong(format string, args ...any) error { return &mistake{text: fmt.Sprintf(format, args...)} }

func (l *several[T]) misspelled() { l.there = true }
func (v *val[T]) misspelled()     { v.there = true }

func (l *several[T]) take(c *collector, n *node, tag reflect.StructTag) {
	l.key, l.there = n.key, true
	if n.kind != unstable.Array {
		c.add(Language, n.at, "%s: expected a list, found %s: put brackets around it, [ ]", n.name, found(n))
		return
	}
	for _, item := range n.items {
		var v val[T]
		item.name = n.name
		v.take(c, item, tag)
		l.Items = append(l.Items, v)
	}
}

func (v *val[T]) take(c *collector, n *node, tag reflect.StructTag) {
	v.key, v.at, v.there = n.key, n.at, true
	kind, err := Language, error(nil)
	if text, ok := any(&v.V).(encoding.TextUnmarshaler); ok {
		err = takeText(text, n)
	} else {
		err = takePlain(any(&v.V), n)
	}
	if err == nil {
		kind, err = Meaning, bounded(any(v.V), tag.Get("between"))
	}
	if err != nil {
		m := &mistake{}
		errors.As(err, &m)
		where := ""
		if n.name != "" {
			where = n.name + ": "
		}
		c.hint(kind, n.at, m.meant, "%s%v", where, err)
		v.V = *new(T)
		return
	}
	v.OK = true
	if m, ok := any(v.V).(needsMachine); ok {
		c.needs = append(c.needs, need{at: n.at, look: m.look})
	}
}

// takeText hands the characters of a value to its type.
func takeText(into encoding.TextUnmarshaler, n *node) error {
	_, number := into.(takesNumber)
	_, date := into.(takesDate)
	fits := n.kind == unstable.String
	switch {
	case date:
		fits = n.kind == unstable.LocalDate
	case number:
		fits = fits || n.kind == unstable.Integer
	}
	if !fits {
		return mismatch(into, n)
	}
	err := into.UnmarshalText([]byte(n.text))
	if _, ok := errors.AsType[*mistake](err); err != nil && !ok {
		return wrong("expected %s", wanted(into))
	}
	return err
}

// takePlain fills a string, number or bool.
func takePlain(into any, n *node) error {
	digits := strings.ReplaceAll(n.text, "_", "")
	var err error
	switch into := into.(type) {
	case *string:
		if n.kind != unstable.String {
			return mismatch(into, n)
		}
		*into = n.text
		return printable(n.text)
	case *bool:
		if n.kind != unstable.Bool {
			return mismatch(into, n)
		}
		*into = n.text == "true"
	case *int:
		if n.kind != unstable.Integer {
			return mismatch(into, n)
		}
		*into, err = strconv.Atoi(digits)
	case *float64:
		if n.kind != unstable.Integer && n.kind != unstable.Float {
			return mismatch(into, n)
		}
		if *into, err = strconv.ParseFloat(digits, 64); err == nil && (*into != *into || *into-*into != 0) {
			return wrong("%s is no figure: write a number", n.text)
		}
	}
	if err != nil {
		return wrong("%s is not a number that can be used here: write it in decimal digits", n.text)
	}
	return nil
}

// mismatch says what was expected and what was found.
func mismatch(into any, n *node) error {
	what, plain := wanted(into), "expected %s, found %s: %s"
	_, date := into.(takesDate)
	figure := n.kind == unstable.Integer || n.kind == unstable.Float
	_, unit := into.(interface{ unit() })
	switch {
	case date:
		return wrong(plain, what, found(n), "write year-month-day without quotes")
	case figure && unit:
		return wrong(plain, what, found(n), "write the unit, and quotes around both")
	case n.kind == unstable.Array:
		return wrong(plain, what, found(n), "write one, without the brackets")
	}
	switch into.(type) {
	case *int, *float64:
		if n.kind == unstable.Float {
			return wrong("expected %s, found %s: write it without a decimal point", what, n.text)
		}
		return wrong(plain, what, found(n), "write digits without quotes and unit")
	case *bool:
		return wrong(plain, what, found(n), "write true or false, without quotes")
	}
	if n.kind == unstable.Table || n.kind == unstable.ArrayTable {
		return wrong(plain, what, found(n), "write a value behind the \"=\"")
	}
	return wrong(plain, what, found(n), "put it in quotes")
}

// wanted says in words what a value should be.
func wanted(v any) string {
	switch v := v.(type) {
	case described:
		return v.described()
	case int, *int:
		return "a whole number"
	case float64, *float64:
		return "a number"
	case bool, *bool:
		return "true or false"
	}
	return "text"
}

// found says in words what stands there.
func found(n *node) string {
	switch n.kind {
	case unstable.String:
		return "text"
	case unstable.Integer, unstable.Float:
		return "a number"
	case unstable.Bool:
		return n.text
	case unstable.Array:
		return "a list"
	case unstable.Table, unstable.ArrayTable:
		return "a table"
	}
	return "a date or time"
}

// bounded compares a value with the tag between:"low high", both included. The
// bounds are written as in the file.
func bounded(v any, tag string) error {
	low, high, ok := strings.Cut(tag, " ")
	if !ok {
		return nil
	}
	if against(v, low) < 0 || against(v, high) > 0 {
		return wrong("must lie between %s and %s", low, high)
	}
	return nil
}

func against(v any, bound string) int {
	switch v := v.(type) {
	case int:
		b, _ := strconv.Atoi(bound)
		return cmp.Compare(v, b)
	case float64:
		b, _ := strconv.ParseFloat(bound, 64)
		return cmp.Compare(v, b)
	case duration:
		var b duration
		_ = b.UnmarshalText([]byte(bound))
		return cmp.Compare(v, b)
	case size:
		var b size
		_ = b.UnmarshalText([]byte(bound))
		return cmp.Compare(v, b)
	case bitRate:
		var b bitRate
		_ = b.UnmarshalText([]byte(bound))
		return cmp.Compare(v, b)
	}
	return 0
}
