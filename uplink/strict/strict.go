// Package strict reads JSON that somebody else wrote. It refuses what readers
// disagree about or choke on, so that what was signed is what is obeyed, and no
// payload ties up its reader: bytes that are no UTF-8, a key that stands twice, deep
// nesting, numbers beyond float64.
//
// It does not know what is meant by what it reads.
package strict

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Object reads a JSON object whose members may be as deep as deepest. Keys are told
// apart by every letter: encoding/json would take "ID" for "id".
func Object(payload []byte, deepest int) (map[string]json.RawMessage, error) {
	if _, err := Value(payload, deepest); err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(payload, &object); err != nil || object == nil {
		return nil, errors.New("the payload is not a JSON object")
	}
	return object, nil
}

// A Number is a whole number: JSON's own, or a decimal string as in
// "sequence", for JavaScript rounds beyond 2^53.
type Number uint64

// UnmarshalJSON takes 7 and "7", and neither 7.0 nor "07".
func (n *Number) UnmarshalJSON(text []byte) error {
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	v, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || strconv.FormatUint(v, 10) != string(text) {
		return fmt.Errorf("%.40q is not a whole number", text)
	}
	*n = Number(v)
	return nil
}

// Member reads one member; false means that it is absent or null.
func Member(object map[string]json.RawMessage, name string, into any) (bool, error) {
	raw, ok := object[name]
	if !ok || string(raw) == "null" {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}
