package words

import "slices"

// A shelf finds the templates that a text may be made of: each stands under one of its
// words, the one that fewest others have.
type shelf struct {
	byWord map[string][]*template
	others []*template // that have no whole word: "%sms"
}

// newShelf puts all phrases with verbs onto a shelf. Those that say most come first, so
// that "no line %q: …" is tried before "%s: %s".
func newShelf(phrases map[string]string) *shelf {
	var all []*template
	count := map[string]int{}
	for english, chinese := range phrases {
		t, varies := newTemplate(english, chinese)
		if !varies {
			continue
		}
		all = append(all, t)
		for _, word := range t.words {
			count[word]++
		}
	}
	slices.SortFunc(all, byRank)
	s := &shelf{byWord: map[string][]*template{}}
	for i, t := range all {
		t.rank = i
		rarest := ""
		for _, word := range t.words {
			if rarest == "" || count[word] < count[rarest] {
				rarest = word
			}
		}
		if rarest == "" {
			s.others = append(s.others, t)
		} else {
			s.byWord[rarest] = append(s.byWord[rarest], t)
		}
		t.words = nil
	}
	return s
}

// candidates are the templates that a text may be made of, those that say most first.
func (s *shelf) candidates(text string) []*template {
	found := slices.Clone(s.others)
	eachWord(text, func(word string) { found = append(found, s.byWord[word]...) })
	slices.SortFunc(found, func(a, b *template) int { return a.rank - b.rank })
	return slices.Compact(found) // a word may stand in a text twice
}
