package instrument

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Mistake is one thing wrong in a profile: what, and what to do. Line and
// Column count characters from 1; 0 is the file as a whole.
type Mistake struct {
	Line, Column int
	Text         string
}

// Mistakes are all that is wrong in one profile, in the order of the file. A
// mistake of the language ends the list, all else is listed whole.
type Mistakes struct {
	File string // as it is to be printed
	List []Mistake
}

// Error prints one line per mistake: FILE:LINE:COLUMN: what, and what to do.
func (m *Mistakes) Error() string {
	lines := make([]string, len(m.List))
	for i, x := range m.List {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", m.File, x.Line, x.Column, x.Text)
	}
	return strings.Join(lines, "\n")
}

// err returns the mistakes as an error, nil if there are none.
func (m *Mistakes) err() error {
	if len(m.List) == 0 {
		return nil
	}
	slices.SortStableFunc(m.List, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m
}

// didYouMean returns a hint to the known word that is nearest to the one
// written, "" if none is near.
func didYouMean(written string, known []string) string {
	best, near := "", 3
	for _, k := range known {
		if d := distance(written, k); d < near && d < max(len(k), len(written)) {
			best, near = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance is how many letters must be put in, taken out or changed to turn a
// into b (Levenshtein). Words longer than 64 letters are far from everything.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := left
			if a[i] != b[j] {
				change++
			}
			left = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// oneOf lists words for a person: a, b or c.
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
