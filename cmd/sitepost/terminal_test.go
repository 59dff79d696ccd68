package main

import (
	"strings"
	"testing"
)

// TestFit: on a terminal that is too small it is the end that is left out, and what
// stands first stays in sight.
func TestFit(t *testing.T) {
	long, chinese := strings.Repeat("x", 25)+"\n", strings.Repeat("名", 10)+"\n"
	for what, test := range map[string]struct {
		text          string
		columns, rows int
		want          string
	}{
		"it fits":                      {"a\nb\n", 10, 3, "a\nb\n"},
		"the cursor needs a row":       {"a\nb\nc\n", 10, 3, "a\nmore\n"},
		"a long line takes several":    {"a\n" + long + "b\nc\n", 10, 6, "a\n" + long + "more\n"},
		"a long line that has no room": {"a\n" + long + "b\n", 10, 5, "a\nmore\n"},
		"a character of two cells":     {chinese + "b\nc\n", 9, 5, chinese + "more\n"},
		"a row that is full is one":    {"0123456789\nb\n", 10, 3, "0123456789\nb\n"},
		"nothing fits":                 {long + "b\n", 10, 2, long + "more\n"},
		"nobody knows how large it is": {strings.Repeat("a\n", 100), 0, 0, strings.Repeat("a\n", 100)},
		"no line at all":               {"", 10, 2, ""},
	} {
		if got := fit(test.text, "more\n", test.columns, test.rows); got != test.want {
			t.Errorf("%s: got %q, want %q", what, got, test.want)
		}
	}
}
