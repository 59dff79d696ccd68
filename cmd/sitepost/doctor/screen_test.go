package doctor

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/words"
)

var update = flag.Bool("update", false, "write testdata anew: read the difference")

// report has a row of each kind, and one from an enemy.
func report() Report {
	return Report{Rows: []Row{
		{Area: "host", State: Good, Text: "mains, battery 97 %, 51 °C"},
		{Area: "disk", State: Look, Code: "disk.low", Place: "/var/lib/sitepost", Text: "5 % of the disk are free", Next: "make room: du -xhd1 /var shows who takes it"},
		{Area: "line", State: Wrong, Code: "line.held", Place: "bus-a", Text: `/dev/ttyUSB2 is held by process 812 (minicom)`, Next: "stop it: systemctl stop minicom, or kill 812"},
		{Area: "city", State: Wrong, Code: "broker.tls", Place: "city-a", Layer: "tls", Text: `its certificate is signed by "some root", which uplink.ca does not contain`, Next: "ask the city for the certificate of its authority, and put it into uplink.ca"},
		{Area: "store", State: Unseen, Code: "unseen", Text: "only a running sitepost knows how its store does", Next: "start it; or read all of it: sitepost store verify"},
	}}
}

// TestWords: the report as a person reads it, in both languages and on a terminal that
// knows only ASCII.
func TestWords(t *testing.T) {
	t.Parallel()
	for name, style := range map[string]Style{"en": {}, "zh": {Speaker: words.In(words.Chinese)}, "ascii": {ASCII: true}} {
		path := filepath.Join("testdata", "report."+name+".txt")
		got := report().Words(style)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestHostile: what a device, a broker or a certificate says cannot move the cursor, turn
// the writing round, or fill the screen.
func TestHostile(t *testing.T) {
	t.Parallel()
	enemy := "\x1b[2J\x1b]0;owned\a\r\nfake: good\u202e\u0085" + strings.Repeat("名", 1<<20) + "\xff"
	r := Report{Rows: []Row{{Area: "city", State: Wrong, Code: "broker.tls", Place: enemy, Layer: "tls", Text: enemy, Next: enemy}}}
	for _, speaker := range []*words.Speaker{nil, words.In(words.Chinese)} {
		got := r.Words(Style{Speaker: speaker})
		if n := strings.Count(got, "\n"); n != 5 {
			t.Errorf("got %d lines, want 5", n)
		}
		for _, c := range got {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Fatalf("%U reaches the terminal", c)
			}
		}
		if !utf8.ValidString(got) || len(got) > 8<<10 {
			t.Errorf("%d bytes reach the terminal", len(got))
		}
	}
}
