package strict

import (
	"strings"
	"testing"
)

// TestObject: what readers of JSON disagree about is refused.
func TestObject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":1,"a":2}`:                  `/a: stands twice`,
		`{"b":[{"a":1,"\u0061":2}]}`:     `/b/0/a: stands twice`,
		`{"a":` + strings.Repeat("[", 9): "the payload is not JSON",
		`{"a":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + `}`: "/a" + strings.Repeat("/0", 8) + ": nested deeper than 8",
		`{"a":1e999}`:                           `/a: "1e999" is more than a float64 holds`,
		`{"a":` + strings.Repeat("9", 33) + `}`: `/a: "` + strings.Repeat("9", 33) + `" is more than a float64 holds`,
		"{\"a\":\"\xff\"}":                      "the payload is not UTF-8",
		`[]`:                                    "the payload is not a JSON object",
		`null`:                                  "the payload is not a JSON object",
		``:                                      "the payload is not JSON",
	} {
		if _, err := Object([]byte(text), 8); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
