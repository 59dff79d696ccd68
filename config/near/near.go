// Package near finds the word that was meant by one that does not exist: "hsot" is
// "host". It knows letters, and nothing of what the words are for.
package near

import "strings"

const (
	longest = 64  // longer words are not compared, in bytes
	most    = 300 // nor are more words than these
)

// Word returns the word that was probably meant by one that does not exist, ""
// if none is near: at most one slip of the finger for four characters, two for
// eight, three beyond.
func Word(word string, words []string) string {
	if len(word) > longest || len(word) < 3 {
		return ""
	}
	best, least := "", 1+min(3, 1+len(word)/5)
	for i, w := range words {
		if i == most {
			break
		}
		if len(w) > longest || w == word {
			continue
		}
		if d := slips(strings.ToLower(word), w); d < least {
			best, least = w, d
		}
	}
	return best
}

// slips counts the slips between two words: a letter too much, missing, wrong,
// or two neighbours swapped (Damerau's distance, each letter touched once).
func slips(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
