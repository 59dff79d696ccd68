package instrument

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// A table is one TOML table while it is being read. Every key that is asked
// for is known; [table.end] refuses the others. A value of the wrong kind is
// noted and read as if it were absent, so that one reading finds all mistakes.
type table struct {
	*document
	path  string
	keys  map[string]any
	asked map[string]bool
}

// wrong notes a mistake at a key, or at the table itself where the key is
// absent or "".
func (t *table) wrong(key, format string, args ...any) {
	for _, path := range []string{join(t.path, key), t.path} {
		if offset, known := t.offsets[path]; known {
			t.mistake(offset, fmt.Sprintf(format, args...))
			return
		}
	}
	t.mistake(0, fmt.Sprintf(format, args...))
}

// has says whether a key was written.
func (t *table) has(key string) bool {
	_, has := t.keys[key]
	return has
}

// get returns a value of the wanted Go kind, the zero value where the key is
// absent or its value is something else.
func get[T any](t *table, key, want string) (value T, ok bool) {
	t.asked[key] = true
	written, has := t.keys[key]
	if !has {
		return value, false
	}
	if value, ok = written.(T); !ok {
		t.wrong(key, "%s is %s, but must be %s", key, kindOf(written), want)
	}
	return value, ok
}

// kindOf names the kind of a TOML value.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case int64:
		return "a whole number"
	case float64:
		return "a decimal"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}

func (t *table) text(key string) string {
	s, _ := t.written(key)
	return s
}

// written reads a text and says whether there is one.
func (t *table) written(key string) (string, bool) {
	return get[string](t, key, "a text in quotes")
}

func (t *table) yes(key string) bool {
	b, _ := get[bool](t, key, "true or false")
	return b
}

// required reads a text that must be there; why says what for.
func (t *table) required(key, why string) string {
	s, written := t.written(key)
	switch {
	case !t.has(key):
		t.wrong("", "%s is missing: %s", key, why)
	case written && s == "":
		t.wrong(key, "%s is empty: %s", key, why)
	}
	return s
}

// word reads a text that is one of a few.
func (t *table) word(key string, known ...string) string {
	s, written := t.written(key)
	if written && !slices.Contains(known, s) {
		t.wrong(key, "%s %q is unknown%s: write %s", key, s, didYouMean(s, known), oneOf(known))
		return ""
	}
	return s
}

// whole reads a whole number within bounds; absent is absent.
func (t *table) whole(key string, absent, low, high int) int {
	return int(t.wide(key, int64(absent), int64(low), int64(high)))
}

// wide is whole for what has more than the 32 bits of an int on a small box.
func (t *table) wide(key string, absent, low, high int64) int64 {
	n, ok := get[int64](t, key, "a whole number")
	if !ok {
		return absent
	}
	if n < low || n > high {
		t.wrong(key, "%s is %d, but must be from %d to %d", key, n, low, high)
		return absent
	}
	return n
}

// number reads a number, with or without a decimal point.
func (t *table) number(key string, absent float64) float64 {
	t.asked[key] = true
	switch n := t.keys[key].(type) {
	case nil:
		return absent
	case int64:
		return float64(n)
	case float64:
		if !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n
		}
	}
	t.wrong(key, "%s is %s, but must be a number", key, kindOf(t.keys[key]))
	return absent
}

// duration reads "250ms"; a duration has a unit and lies above 0 and within a
// day.
func (t *table) duration(key string, absent time.Duration) time.Duration {
	s := t.text(key)
	if s == "" {
		if t.has(key) && t.keys[key] == "" {
			t.wrong(key, "%s is empty: write a duration with its unit, as in \"250ms\" or \"3s\"", key)
		}
		return absent
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > 24*time.Hour {
		t.wrong(key, "%s %q is not a duration up to a day: write a number with its unit, as in \"250ms\" or \"3s\"", key, s)
		return absent
	}
	return d
}

// texts reads a list of texts.
func (t *table) texts(key string) []string {
	list, _ := get[[]any](t, key, "a list of texts")
	texts := make([]string, 0, len(list))
	for i, item := range list {
		s, ok := item.(string)
		if !ok {
			t.wrong(join(key, strconv.Itoa(i)), "%s holds %s, but must be a list of texts in quotes", key, kindOf(item))
			continue
		}
		texts = append(texts, s)
	}
	return texts
}

// child reads a table, nil if there is none.
func (t *table) child(key string) *table {
	keys, ok := get[map[string]any](t, key, "a table")
	if !ok {
		return nil
	}
	return &table{t.document, join(t.path, key), keys, map[string]bool{}}
}

// children reads a list of tables, at most limit of them.
func (t *table) children(key string, limit int) []*table {
	list, _ := get[[]any](t, key, "written as [["+key+"]]")
	if len(list) > limit {
		t.wrong(key, "there are %d [[%s]], at most %d are read", len(list), key, limit)
		list = list[:limit]
	}
	var tables []*table
	for i, item := range list {
		path := join(join(t.path, key), strconv.Itoa(i))
		keys, ok := item.(map[string]any)
		if !ok {
			t.wrong(join(key, strconv.Itoa(i)), "%s holds %s, but must be written as [[%s]]", key, kindOf(item), key)
			continue
		}
		tables = append(tables, &table{t.document, path, keys, map[string]bool{}})
	}
	return tables
}

// names returns all keys as written, sorted, and takes them all for known.
func (t *table) names() []string {
	names := slices.Sorted(maps.Keys(t.keys))
	for _, n := range names {
		t.asked[n] = true
	}
	return names
}

// end refuses what nobody asked for.
func (t *table) end() {
	known := slices.Sorted(maps.Keys(t.asked))
	for _, key := range slices.Sorted(maps.Keys(t.keys)) {
		if !t.asked[key] {
			t.wrong(key, "unknown key %q%s: this place knows %s", key, didYouMean(key, known), oneOf(known))
		}
	}
}
