package words

import (
	"fmt"
	"strings"
	"testing"
	"testing/quick"
)

// FuzzTranslate: whatever somebody wrote, it is said without a panic and without end, and
// a text that holds no phrase stays as it is.
func FuzzTranslate(f *testing.F) {
	for _, text := range []string{"", "%", "%[9]s", "%[99999999999]q: %%", `"`, `"\`, "a: b; c, d\n", strings.Repeat("a: b, ", 800), "\xff\xfe: there is no \"", "site.toml:3:1: there is no zone \"x"} {
		f.Add(text)
	}
	full, none := In(Chinese), from([]map[string]string{{"%s and %d": "%[2]d 与 %[1]s", "%v%s%q": "%[3]q%[1]v%[2]s"}})
	f.Fuzz(func(t *testing.T, text string) {
		full.Translate(text)
		none.Translate(text)
		if got := fmt.Sprint(pieces(text)); got == "" {
			t.Error("no pieces")
		}
		newTemplate(text, text)
	})
}

// TestTranslateTurnsBack: what a format made is known again, whatever stood in it.
func TestTranslateTurnsBack(t *testing.T) {
	s := from([]map[string]string{{"%s has no %q: write %d of %s": "%[4]s|%[3]d|%[2]q|%[1]s"}})
	if err := quick.Check(func(who, name string, n int, what string) bool {
		who, what = plain(who), plain(what)
		english := fmt.Sprintf("%s has no %q: write %d of %s", who, name, n, what)
		return s.Translate(english) == fmt.Sprintf("%s|%d|%q|%s", what, n, name, who)
	}, nil); err != nil {
		t.Error(err)
	}
}

// plain is text that is no part of a format.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || r > 'Z' {
			return -1
		}
		return r
	}, text)
}

// BenchmarkBook is what Chinese costs at the start of a tool, and what the first text
// that is taken apart costs.
func BenchmarkBook(b *testing.B) {
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			In(Chinese)
		}
	})
	b.Run("first text", func(b *testing.B) {
		for b.Loop() {
			In(Chinese).Translate(`site.toml:25:8: there is no zone "birth-1": correct the name, or write a [[zone]] with it`)
		}
	})
	s := In(Chinese)
	b.Run("next text", func(b *testing.B) {
		for b.Loop() {
			s.Translate(`site.toml:25:8: there is no zone "birth-1": correct the name, or write a [[zone]] with it`)
		}
	})
	hostile := strings.Repeat("a: b, c; ", 400)
	b.Run("hostile text", func(b *testing.B) {
		for b.Loop() {
			s.Translate(hostile)
		}
	})
}
