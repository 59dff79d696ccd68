package uplink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// What the city may write, so that no message of it can tie us up.
const (
	mostNested = 8  // objects and arrays in each other
	mostDigits = 32 // characters of a number
)

// members reads a JSON object of the city. It refuses what readers disagree about
// or choke on: bytes that are no UTF-8, a key that stands twice, deep nesting,
// numbers beyond float64. Keys are told apart by every letter: encoding/json would
// take "ID" for "id", and what was signed would not be what is obeyed.
func members(payload []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(payload) {
		return nil, errors.New("not UTF-8")
	}
	if !json.Valid(payload) {
		return nil, errors.New("not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := look(d, 0); err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(payload, &object); err != nil || object == nil {
		return nil, errors.New("not a JSON object")
	}
	return object, nil
}

// look walks over one value of text that is known to be JSON.
func look(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Number:
		if _, err := strconv.ParseFloat(token.String(), 64); err != nil || len(token) > mostDigits {
			return fmt.Errorf("the number %.40q is too large", token)
		}
	case json.Delim:
		if depth == mostNested {
			return fmt.Errorf("nested deeper than %d", mostNested)
		}
		if token == '{' {
			return lookObject(d, depth)
		}
		return lookRest(d, depth)
	}
	return nil
}

func lookObject(d *json.Decoder, depth int) error {
	seen := make(map[string]bool)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if seen[key] {
			return fmt.Errorf("the key %.40q stands twice", key)
		}
		seen[key] = true
		if err := look(d, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func lookRest(d *json.Decoder, depth int) error {
	for d.More() {
		if err := look(d, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// A number is a whole number of the city: JSON's own, or a decimal string as in
// "sequence", for JavaScript rounds beyond 2^53.
type number uint64

// UnmarshalJSON takes 7 and "7", and neither 7.0 nor "07".
func (n *number) UnmarshalJSON(text []byte) error {
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	v, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || strconv.FormatUint(v, 10) != string(text) {
		return fmt.Errorf("%.40q is not a whole number", text)
	}
	*n = number(v)
	return nil
}

// member reads one member; false means that it is absent or null.
func member(object map[string]json.RawMessage, name string, into any) (bool, error) {
	raw, ok := object[name]
	if !ok || string(raw) == "null" {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}
