package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// TestReferenceInChinese: both manuals are the same site, and say the same of the same
// key line by line: only the comments differ, and the Chinese ones are Chinese.
func TestReferenceInChinese(t *testing.T) {
	english, chinese := lines(Reference()), lines(ReferenceChinese())
	if len(english) != len(chinese) {
		t.Fatalf("site.toml has %d lines and site.zh.toml %d: each comment has its place", len(english), len(chinese))
	}
	for i := range english {
		code, comment := apart(english[i])
		codeZH, commentZH := apart(chinese[i])
		switch {
		case code != codeZH:
			t.Errorf("line %d: site.toml has\n%s\nand site.zh.toml\n%s", i+1, code, codeZH)
		case (comment == "") != (commentZH == ""):
			t.Errorf("line %d: one has a comment and the other none: %q and %q", i+1, comment, commentZH)
		case comment == commentZH && sentence.MatchString(comment) && !isHan(comment):
			t.Errorf("line %d: %q is not Chinese", i+1, comment)
		}
	}
	want, found := Parse("site.toml", Reference(), Env{Profiles: shelf{}})
	got, foundZH := Parse("site.toml", ReferenceChinese(), Env{Profiles: shelf{}})
	if want == nil || got == nil {
		t.Fatalf("not read:\n%s%s", found, foundZH)
	}
	want.Path, want.Hash, got.Path, got.Hash = "", "", "", ""
	if diff := cmp.Diff(want, got, allFields); diff != "" {
		t.Errorf("-site.toml +site.zh.toml:\n%s", diff)
	}
}

// allFields compares also what rooms do not see; only what a Config remembers of the text
// that it came from is another.
var allFields = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.String() != "" && unicode.IsLower(rune(p.String()[0])) }, cmp.Ignore()),
}

func lines(text []byte) []string { return strings.Split(string(text), "\n") }

var (
	// kept is a key that is commented out: it stays as it is.
	kept     = regexp.MustCompile(`^# (?:\w+ = (?:"[^"]*"|\[[^\]]*\]|\{[^}]*\}|\w+))`)
	sentence = regexp.MustCompile(`[a-z]{3,} [a-z]{2,}`)
)

// apart takes a line into what TOML reads, with a key that is commented out, and the
// comment.
func apart(line string) (code, comment string) {
	if key := kept.FindString(line); key != "" {
		return key, strings.TrimLeft(strings.TrimPrefix(line, key), " #")
	}
	inQuotes := false
	for i, r := range line {
		switch {
		case r == '"':
			inQuotes = !inQuotes
		case r == '#' && !inQuotes:
			return strings.TrimRight(line[:i], " "), strings.TrimLeft(line[i:], "# ")
		}
	}
	return line, ""
}

func isHan(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= 0x4E00 && r <= 0x9FFF })
}
