package instrument

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestLesson: the profiles that the lesson in firmware-notes ends with are
// profiles, and prove themselves; and the manual's own rule for the check fails
// as the lesson says.
func TestLesson(t *testing.T) {
	t.Parallel()
	lesson, err := os.ReadFile("../../firmware-notes/README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)\n```toml\n(.*?)```\n").FindAllStringSubmatch(string(lesson), -1)
	named := regexp.MustCompile(`^profile  = "(\w+)"`)
	var names []string
	for _, b := range blocks {
		text := b[1]
		name := named.FindStringSubmatch(text)
		if name == nil {
			t.Fatalf("a block is no profile:\n%s", text)
		}
		names = append(names, name[1])
		p, err := Parse(name[1], []byte(text))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, v := range append(p.Prove(), p.ProveHard()...) {
			if !v.OK {
				t.Errorf("%s:%d %s: %v", p.Name, v.Line, v.Way, v)
			}
		}
		if err := p.Unproven(); err != nil {
			t.Error(err)
		}
		if name[1] != "k4" {
			if q := fmt.Sprintf("question `% X`", p.Asks()[0].Bytes); !strings.Contains(string(lesson), q) {
				t.Errorf("the manual's page has another %s", q)
			}
			continue
		}
		wrong, err := Parse("k4", []byte(strings.Replace(text, `"xor8"`, `"sum8"`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if says := wrong.Prove()[0].String(); !strings.Contains(string(lesson), "    "+says+"\n") {
			t.Errorf("the lesson does not say what try says: %s", says)
		}
	}
	if got := strings.Join(names, " "); got != "g2 k4" {
		t.Errorf("the lesson holds %q, want g2 and k4", got)
	}
}
