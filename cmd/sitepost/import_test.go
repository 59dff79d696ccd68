package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/simplifiedchinese"

	"sitepost/cmd/sitepost/points"
	"sitepost/config"
	"sitepost/devices/camera/find"
)

// writeGBK is the command `gbk FROM TO` of scripts: it writes a file as Excel in China
// does.
func writeGBK(ts *testscript.TestScript, _ bool, args []string) {
	text, err := simplifiedchinese.GBK.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.ReplaceAll(text, "\n", "\r\n")), 0o600))
}

// TestPatch: lines come where they belong, in the file's own line ends, and a diff tells
// them apart from what stays.
func TestPatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, want, diff string
		puts                   []put
	}{
		{"behind an unfinished line", "a\nb", "a\nb\n\nc\nd\n", "--- f\n+++ f\n@@ -1,2 +1,5 @@\n a\n-b\n\\ No newline at end of file\n+b\n+\n+c\n+d\n", []put{{3, 0, "\nc\nd\n"}}},
		{"far apart", "1\n2\n3\n4\n5\n6\n7\n8\n", "1\nx\n2\n3\n4\n5\n6\n7\ny\ny\n8\n",
			"--- f\n+++ f\n@@ -1,4 +1,5 @@\n 1\n+x\n 2\n 3\n 4\n@@ -5,4 +6,6 @@\n 5\n 6\n 7\n+y\n+y\n 8\n", []put{{14, 0, "y\ny\n"}, {2, 0, "x\n"}}},
		{"in the place of a line, Windows", "a\r\n# code\r\nb\r\n", "a\r\ncode\r\nb\r\n", "--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\r\n-# code\r\n+code\r\n b\r\n", []put{{3, 8, "code\n"}}},
		{"beside a secret", "# password: geheim\n", "a\n# password: geheim\n", "--- f\n+++ f\n@@ -1,1 +1,2 @@\n+a\n # password: ***\n", []put{{0, 0, "a\n"}}},
		{"into nothing", "", "a\n", "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n", []put{{0, 0, "a\n"}}},
	} {
		p := patch{text: []byte(c.text)}
		for _, q := range c.puts {
			p.put(q.at, q.drop, q.lines)
		}
		if got := string(p.applied()); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if got := (&tool{}).difference(p.change("f")); got != c.diff {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.diff)
		}
	}
}

// TestImportHostile: what a table says cannot write more into the site file than its own
// tables, whatever stands in its cells.
func TestImportHostile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site, table := filepath.Join(dir, "site.toml"), filepath.Join(dir, "evil \n[[login]] # .csv")
	const evil = "\"x\"\"\n[[login]]\r\nname = 'y' # \\ \x01\u2028\""
	text := "name,address,ip,zone,serial\n" + evil + "," + evil + ",127.0.0.9," + evil + "," + evil + "\n"
	for path, text := range map[string]string{site: smallSite, table: text} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if code := run([]string{"import", "--config", site, "--control", filepath.Join(dir, "none"), "--write", table}, &out, &out); code != exitGood {
		t.Fatal(code, out.String())
	}
	c, found := config.Load(site, config.Env{})
	if c == nil || len(c.Logins) != 1 || len(c.Cameras) != 1 || len(c.Zones) != 2 {
		t.Fatalf("%v %+v", found, c)
	}
	const shown = "x\" [[login]] name = 'y' # \\"
	if k := c.Cameras[0]; k.Title != shown || k.Serial != shown || c.Zones[1].Title != shown {
		t.Errorf("%+v %+v", k, c.Zones)
	}
}

// TestImportAsksTheDaemon: a camera that moved and has no code yet is known by the MAC
// address that the running daemon learnt of it.
func TestImportAsksTheDaemon(t *testing.T) {
	t.Parallel()
	site, found := config.Parse("site.toml", []byte(smallSite+"[[camera]]\nname = \"gate\"\nzone = \"hall\"\nlogin = \"cameras\"\nhost = \"127.0.0.9\"\n"), config.Env{})
	if site == nil {
		t.Fatal(found)
	}
	table := points.Read("t.csv", []byte("code,ip,mac\n34020000001320000001,127.0.0.7,44-19-B6-01-02-03\n"))
	p := &plan{
		importing: &importing{tool: &tool{config: "site.toml"}, site: site, prefix: "cam"}, table: table, patch: &patch{}, rows: map[string]int{},
		known: []find.Known{{Name: "gate", Host: "127.0.0.9", MACs: []string{"44:19:b6:01:02:03"}}},
	}
	if err := p.make(); err != nil {
		t.Fatal(err)
	}
	if len(p.changes) != 1 || p.changes[0].Name != "gate" || p.changes[0].New {
		t.Errorf("got %+v", p.changes)
	}
	if got := table.Sorted(); len(got) != 1 || !got[0].Note || !strings.Contains(got[0].Text, `camera "gate" is at 127.0.0.9 in the site file`) {
		t.Errorf("got %+v", got)
	}
}

// TestEmptyLine: only a line that discover left in this very table is written over.
func TestEmptyLine(t *testing.T) {
	t.Parallel()
	const mark = "# code = \"…\"  # later\n"
	for text, drops := range map[string]bool{
		mark + "host = \"x\"\n":                    true,
		"zone = \"hall\"\n# mine\n" + mark:         true,
		"\n" + mark:                                false,
		"zone = \"hall\"\n[[camera]]\n" + mark:     false,
		"title = \"\"\"\n" + mark + "\"\"\"\n":     false,
		"also_sees = [\n" + mark + "\"hall\"\n]\n": false,
		"  " + mark: false,
	} {
		whole := "n\n" + text
		at, drop := emptyLine([]byte(whole), 2, "code")
		if took := whole[at : at+drop]; drops && took != mark || !drops && (at != 2 || took != "") {
			t.Errorf("%q: at %d, %d bytes go", text, at, drop)
		}
	}
}

// TestImportCodeOfOther: a code that belongs to something else of the site is given to no
// camera, known or new.
func TestImportCodeOfOther(t *testing.T) {
	t.Parallel()
	const code = "34020000001320000077"
	site, found := config.Parse("site.toml", []byte(smallSite+"[[camera]]\nname = \"gate\"\nzone = \"hall\"\nlogin = \"cameras\"\nhost = \"127.0.0.9\"\n"+
		"[[recorder]]\nname = \"nvr\"\nlogin = \"cameras\"\nhost = \"127.0.0.5\"\nkeep_days = 90\ncode = \""+code+"\"\n"), config.Env{})
	if site == nil {
		t.Fatal(found)
	}
	for _, host := range []string{"127.0.0.9", "127.0.0.7"} {
		table := points.Read("t.csv", []byte("code,ip\n"+code+","+host+"\n"))
		p := &plan{
			importing: &importing{tool: &tool{config: "site.toml"}, site: site, prefix: "cam"}, table: table, patch: &patch{}, rows: map[string]int{},
		}
		if err := p.make(); err != nil {
			t.Fatal(err)
		}
		want := points.Findings{{File: "t.csv", Row: 2, Column: 1, Text: "the code " + code + " is that of recorder \"nvr\" in the site file: copy each as the city gave it"}}
		if diff := cmp.Diff(want, table.Sorted()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", host, diff)
		}
	}
}

// TestImportManyAreas: a table in which each point has an area of its own is planned in a
// moment, and no two areas get one name.
func TestImportManyAreas(t *testing.T) {
	t.Parallel()
	site, found := config.Parse("site.toml", []byte(smallSite+"[[zone]]\nname = \"zone-002\"\nclass = \"screened\"\n"), config.Env{})
	if site == nil {
		t.Fatal(found)
	}
	var text strings.Builder
	text.WriteString("name,ip,zone\n")
	for i := range points.MaxRows - 1 {
		fmt.Fprintf(&text, "p,127.%d.%d.1,area %d\n", 1+i/250, i%250, i)
	}
	began := time.Now()
	p := (&importing{tool: &tool{config: "site.toml", control: filepath.Join(t.TempDir(), "none")}, site: site, prefix: "cam"}).newPlan(t.Context(), points.Read("t.csv", []byte(text.String())), []byte(smallSite))
	if err := p.make(); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"zone-002": true}
	for _, z := range p.zones {
		if names[z.Name] {
			t.Fatalf("the name %q twice", z.Name)
		}
		names[z.Name] = true
	}
	if took := time.Since(began); len(p.zones) != points.MaxRows-1 || p.zones[0].Name != "zone-001" || p.zones[1].Name != "zone-003" || took > 25*time.Second { // it was 38 s of a processor
		t.Errorf("%d areas in %v", len(p.zones), took)
	}
}
