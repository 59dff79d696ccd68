package config

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// invented are steps of a format that never was: in version 2 the site is called
// place, and version 3 has nothing new to write.
var invented = []step{
	{1, func(text []byte) ([]byte, error) {
		return bytes.Replace(text, []byte("[site]"), []byte("[place]"), 1), nil
	}},
	{2, func(text []byte) ([]byte, error) { return text, nil }},
}

// TestMigrate: a file is raised step by step; comments, order and line ends stay.
// Answers complaint 35 and complaint 39.
func TestMigrate(t *testing.T) {
	t.Parallel()
	old := "# 我们的站点\r\nversion  =  1   # the format\r\n\r\n[site] # 名称\r\nname = \"demo\"\r\n"
	want := "# 我们的站点\r\nversion  =  3   # the format\r\n\r\n[place] # 名称\r\nname = \"demo\"\r\n"
	m, found := migrate("site.toml", []byte(old), 3, invented)
	if len(found) > 0 {
		t.Fatal(found)
	}
	if diff := cmp.Diff(want, string(m.Text)); diff != "" || m.From != 1 || m.To != 3 {
		t.Errorf("from %d to %d (-want +got)\n%s", m.From, m.To, diff)
	}
	again, found := migrate("site.toml", m.Text, 3, invented)
	if len(found) > 0 || again.From != again.To || !bytes.Equal(again.Text, m.Text) {
		t.Errorf("once more: got %+v, %v", again, found)
	}
}

// TestMigrateRefused: what cannot be raised is said, with the next step, and nothing
// is made of it.
func TestMigrateRefused(t *testing.T) {
	t.Parallel()
	broken := []step{{1, func([]byte) ([]byte, error) { return nil, errors.New("bus-a has no port") }}}
	spoils := []step{{1, func(text []byte) ([]byte, error) { return append(text, "[[["...), nil }}}
	for _, c := range []struct {
		name, text string
		steps      []step
		want       string
	}{
		{"from the future", "version = 7\nnew = 1\n", invented, "site.toml:1:11: the file is of version 7, and this sitepost is older than the file: it reads version 3 (install the sitepost that the file was written for)"},
		{"from nowhere", "version = 0\n", invented, "site.toml:1:11: from version 0 to 1: no sitepost has ever read such a file: write version = 1"},
		{"a step fails", "version = 1\n", broken, "site.toml:1:11: from version 1 to 2: bus-a has no port"},
		{"a step spoils it", "version = 1\n", spoils, "site.toml:2:3: a key of small letters"},
		{"no version", "[site]\n", invented, `site.toml:1:1: the file has no "version": write version = 1`},
		{"a text", "version = \"1\"\n", invented, "site.toml:1:11: the version is a plain number: write version = 1"},
		{"sixteen", "version = 0x1\n", invented, "site.toml:1:11: the version is a plain number: write version = 1"},
		{"syntax", "version = 1\n[site\n", invented, "site.toml:2:6: a bracket is missing"},
		{"too large", strings.Repeat("#", maxFile+1), invented, "site.toml:1:1: " + tooLarge},
	} {
		m, found := migrate("site.toml", []byte(c.text), 3, c.steps)
		if got := found.Brief(); !strings.HasPrefix(got, c.want) || string(m.Text) == "" || m.Text[0] != c.text[0] {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestMigrateNow: version 1 is the newest one, and there is nothing to do.
func TestMigrateNow(t *testing.T) {
	t.Parallel()
	m, found := Migrate("site.toml", Reference())
	if len(found) > 0 || m.From != 1 || m.To != 1 || !bytes.Equal(m.Text, Reference()) {
		t.Errorf("got from %d to %d, %v", m.From, m.To, found)
	}
	for n, s := range steps {
		if s.from != n+1 || newest != len(steps)+1 {
			t.Errorf("step %d is from version %d, and the newest is %d: the steps must lead there without a gap", n+1, s.from, newest)
		}
	}
}

// TestBrief: the first mistake and how many more; what is no mistake does not count.
func TestBrief(t *testing.T) {
	t.Parallel()
	note, mistake := Finding{File: "site.toml", Line: 3, Column: 1, Kind: Note, Text: "soon"}, Finding{File: "site.toml", Line: 41, Column: 2, Kind: Language, Text: "unknown key"}
	for _, c := range []struct {
		all  Findings
		want string
	}{
		{nil, ""},
		{Findings{note}, ""},
		{Findings{note, mistake}, "site.toml:41:2: unknown key"},
		{Findings{mistake, note, mistake, mistake}, "site.toml:41:2: unknown key (and 2 more)"},
		{Findings{{File: "site.toml", Kind: Unopened, Text: "permission denied"}}, "site.toml: permission denied"},
	} {
		if got := c.all.Brief(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestText: what was read can be had again, byte for byte.
func TestText(t *testing.T) {
	t.Parallel()
	text := "version = 1\r\n[site]\nname = \"demo\" # 渡口"
	c, found := Parse("site.toml", []byte(text), Env{})
	if c == nil {
		t.Fatal(found)
	}
	if got := string(c.Text()); got != text || c.Hash == "" {
		t.Errorf("got %q, want %q", got, text)
	}
	if got := new(Config).Text(); got != nil {
		t.Errorf("of nothing: got %q", got)
	}
}
