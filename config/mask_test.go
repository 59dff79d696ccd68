package config

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// TestMaskedText: a secret that stands in a file, in whatever form, is not shown; all else
// is, line by line.
func TestMaskedText(t *testing.T) {
	t.Parallel()
	text := `version = 1
# password = "geheim-1"
[[login]]
user = "onvif"
password = "geheim-2" # a note
pasword = """
geheim-3
geheim-4"""
user = "next"
secret = [
  "geheim-5",
]
broker = {url = "mqtts://box:geheim-6@city", x = 1}
token = '''geheim-7'''
password = "file:/etc/sitepost/secrets/cameras"
# 现场密码：geheim-8
card_key = "geheim-9"
title = "渡口	x"` + "\x1b[2J\r\n"
	want := `version = 1
# password = ***
[[login]]
user = "onvif"
password = ***
pasword = """
***
***
user = "next"
secret = ***
***
***
broker = {url = "mqtts://***@city", x = 1}
token = ***
password = "file:/etc/sitepost/secrets/cameras"
# 现场密码：***
card_key = ***
title = "渡口	x"` + "?[2J\r\n"
	if diff := cmp.Diff(want, string(Masked([]byte(text)))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, manual := range [][]byte{Reference(), ReferenceChinese()} {
		if diff := cmp.Diff(string(manual), string(Masked(manual))); diff != "" {
			t.Errorf("the manual holds no secret (-want +got)\n%s", diff)
		}
	}
	if got := Masked([]byte(strings.Repeat("password = [\n", 1000))); strings.Count(string(got), "\n") != 1000 {
		t.Errorf("%d lines are left of 1,000", strings.Count(string(got), "\n"))
	}
}

// TestFindingsHideSecrets: the line that a finding draws is often the one with the
// mistake in the secret itself, and what is printed ends in the journal.
func TestFindingsHideSecrets(t *testing.T) {
	t.Parallel()
	const head = "version = 1\n[site]\nname = \"demo\"\n[[login]]\nname = \"a\"\nuser = \"b\"\n"
	for name, login := range map[string]string{
		"an escape in a text of several lines": "password = \"\"\"\nge\\qheim\"\"\"\n",
		"a list that is not closed":            "password = [\n\"geheim\"\n\"geheim\"\n",
		"a table of several lines":             "password = {\nx = geheim\n",
		"a key that we do not know":            "api_key = \"geheim\"\n",
		"a word of a comment, and a tab":       "\tuser = \"b\" # 密码：geheim\n",
	} {
		_, found := Parse("site.toml", []byte(head+login), Env{})
		if text := found.String(); len(found) == 0 || strings.Contains(text, "heim") {
			t.Errorf("%s: got %d findings\n%s", name, len(found), text)
		}
	}
}

// TestFindingsMoveNoCursor: whatever stands in a file, what is printed of it is lines
// of characters that can be seen.
func TestFindingsMoveNoCursor(t *testing.T) {
	t.Parallel()
	const head = "version = 1\n[site]\nname = \"demo\"\n"
	for name, text := range map[string]string{
		"the line ends of an old Macintosh": "version = 1\r[site]\rname = \"demo\"\r",
		"a line to write over the finding":  head + "adress = 1 # x\rsite.toml: good",
		"next line":                         head + "adress = 1 # x\u0085y\u2028z\v\f",
		"turned round":                      head + "adress = 1 # \u202ex\u2066",
		"a key with an escape":              head + "\"a\\u001b[2J\".b = 1\n[\"a\\u001b[2J\"]\n",
		"an unknown key with one":           head + "\"a\\u001b[2J\" = 1\n",
		"NUL":                               head + "adress = \"\x00\"\n",
	} {
		_, found := Parse("site.toml", []byte(text), Env{})
		moves := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }
		if shown := found.String(); len(found) == 0 || strings.ContainsFunc(shown, moves) || strings.Contains(shown, "not allowed") {
			t.Errorf("%s: got %d findings, %q", name, len(found), shown)
		}
	}
}
