package config

import (
	"strings"
	"testing"
	"time"
)

// TestHostile holds that no file of the size we read holds anybody up.
func TestHostile(t *testing.T) {
	t.Parallel()
	fill := func(s string) string { return strings.Repeat(s, maxFile/4/len(s)) }
	many := "version = 1\n[site]\nname = \"a\"\n"
	for name, text := range map[string]string{
		"tabs in one line":      fill("\t"),
		"tabs in many lines":    fill("\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\n"),
		"full-width lines":      fill("＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝＝\n"),
		"quotes":                fill("“"),
		"deep lists":            "a = " + fill("[\n"),
		"deep tables":           "a = " + fill("{a=\n"),
		"long key":              fill("a."),
		"tables":                many + fill("[[camera]]\n"),
		"unknown zones":         many + fill("[[camera]]\nzone = \"abcdefghijklmnopqrstuvwxyz\"\n")[:maxFile/4-200],
		"unknown keys":          many + fill("abcdefghijklmnopqrstuvwxyz.a = 1\n")[:maxFile/4-200],
		"GBK":                   fill("\xd0\xc7\xb8\xdb\n"),
		"not UTF-8":             fill("\xff\xff\n"),
		"UTF-16":                "\xff\xfe" + fill("a\x00\n\x00")[:maxFile/4-4],
		"secrets":               fill("password = \"passwordpasswordpasswordpasswordpasswordpasswordpassword\"\n"),
		"1000 of everything":    many + strings.Repeat("[[zone]]\nname=\"z\"\n[[line]]\nname=\"l\"\n[[instrument]]\nname=\"i\"\nline=\"l\"\n[[camera]]\nname=\"c\"\nzone=\"y\"\n", 999),
		"one line of long text": "a = \"" + fill("x")[:maxFile/4-10] + "\"",
	} {
		start := time.Now()
		c, findings := Parse("a.toml", []byte(text), Env{Profiles: shelf{}})
		if took := time.Since(start); c != nil || len(findings) == 0 || took > time.Minute {
			t.Errorf("%s: got config %v, %d findings after %v, want findings at once", name, c != nil, len(findings), took)
		} else {
			t.Logf("%s: %d findings, %v", name, len(findings), took.Round(time.Millisecond))
		}
	}
}
