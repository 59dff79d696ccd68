package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostDigits is how many characters a number may have; encoding/json writes at most 25.
const mostDigits = 32

// Value reads one JSON value: objects as map[string]any, numbers as json.Number.
// Objects and arrays may stand in each other as deep as deepest. An error names the
// place by its JSON pointer (RFC 6901).
func Value(payload []byte, deepest int) (any, error) {
	if !utf8.Valid(payload) {
		return nil, errors.New("the payload is not UTF-8")
	}
	if !json.Valid(payload) {
		return nil, errors.New("the payload is not JSON")
	}
	r := reader{json.NewDecoder(bytes.NewReader(payload)), deepest}
	r.UseNumber()
	return r.value(nil)
}

// A reader reads text that is known to be JSON. where is the way to the value that
// comes next.
type reader struct {
	*json.Decoder
	deepest int
}

func (r reader) value(where []string) (any, error) {
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	if len(where) > r.deepest {
		return nil, fmt.Errorf("%s: nested deeper than %d", Pointer(where...), r.deepest)
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(where)
		}
		return r.array(where)
	case json.Number:
		if !reasonable(token.String()) {
			return nil, fmt.Errorf("%s: %.40q is more than a float64 holds", Pointer(where...), token)
		}
	}
	return token, nil
}

func (r reader) object(where []string) (any, error) {
	members := make(map[string]any)
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		here := append(where[:len(where):len(where)], key)
		if _, twice := members[key]; twice {
			return nil, fmt.Errorf("%s: stands twice", Pointer(here...))
		}
		if members[key], err = r.value(here); err != nil {
			return nil, err
		}
	}
	_, err := r.Token()
	return members, err
}

func (r reader) array(where []string) (any, error) {
	items := []any{}
	for r.More() {
		here := append(where[:len(where):len(where)], strconv.Itoa(len(items)))
		item, err := r.value(here)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := r.Token()
	return items, err
}

// reasonable says whether a number can be worked with. The schema library
// calculates exactly: 1e-999999 would keep it busy, 1e1000001 it cannot bear.
func reasonable(number string) bool {
	if len(number) > mostDigits {
		return false
	}
	if _, err := strconv.ParseFloat(number, 64); err != nil {
		return false
	}
	_, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	return len(strings.TrimLeft(exponent, "+-0")) <= 3
}

// Pointer spells a JSON pointer (RFC 6901).
func Pointer(steps ...string) string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, step := range steps {
		b.WriteByte('/')
		b.WriteString(escape.Replace(step))
	}
	return b.String()
}
