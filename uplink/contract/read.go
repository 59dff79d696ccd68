package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// bounds on a payload, so that no payload can tie up its reader.
const (
	mostDepth  = 32 // objects and arrays in each other
	mostDigits = 32 // characters of a number; encoding/json writes at most 25
)

// readJSON reads one JSON value: objects as map[string]any, numbers as
// json.Number. It refuses what readers disagree about or choke on: bytes that
// are no UTF-8, a key that stands twice, deep nesting, numbers beyond float64.
func readJSON(payload []byte) (any, error) {
	if !utf8.Valid(payload) {
		return nil, errors.New("the payload is not UTF-8")
	}
	if !json.Valid(payload) {
		return nil, errors.New("the payload is not JSON")
	}
	r := jsonReader{json.NewDecoder(bytes.NewReader(payload))}
	r.UseNumber()
	return r.value(nil)
}

// A jsonReader reads text that is known to be JSON. where is the way to the
// value that comes next.
type jsonReader struct{ *json.Decoder }

func (r jsonReader) value(where []string) (any, error) {
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	if len(where) > mostDepth {
		return nil, fmt.Errorf("%s: nested deeper than %d", pointer(where...), mostDepth)
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(where)
		}
		return r.array(where)
	case json.Number:
		if !reasonable(token.String()) {
			return nil, fmt.Errorf("%s: %.40q is more than a float64 holds", pointer(where...), token)
		}
	}
	return token, nil
}

func (r jsonReader) object(where []string) (any, error) {
	members := make(map[string]any)
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		here := append(where[:len(where):len(where)], key)
		if _, twice := members[key]; twice {
			return nil, fmt.Errorf("%s: stands twice", pointer(here...))
		}
		if members[key], err = r.value(here); err != nil {
			return nil, err
		}
	}
	_, err := r.Token()
	return members, err
}

func (r jsonReader) array(where []string) (any, error) {
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
