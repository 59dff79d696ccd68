package notice

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var updateNote = flag.Bool("update-note", false, "write the table of topics into the firmware note; a person reads the difference")

// TestNote promises that the page a technician reads has the table that is used.
func TestNote(t *testing.T) {
	t.Parallel()
	const page, begin, end = "../../../firmware-notes/onvif.md", "<!-- topics -->\n", "<!-- /topics -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)" + begin + ".*?" + end)
	want := begin + topics() + end
	if *updateNote {
		if err := os.WriteFile(page, block.ReplaceAllLiteral(text, []byte(want)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(block.Find(text))); diff != "" {
		t.Errorf("run with -update-note and read the difference (-want +page):\n%s", diff)
	}
}

// topics is the table of topics as Markdown, one row for each code.
func topics() string {
	var codes []string
	byCode := map[string][]string{}
	for _, r := range Table() {
		word := "`" + string(r.Code) + "`"
		if r.Silent() {
			word = "nothing: known and left out"
		}
		if byCode[word] == nil {
			codes = append(codes, word)
		}
		topic := "`" + r.Topic + "`"
		if r.Lasts > 0 {
			topic = fmt.Sprintf("%s (%s)", topic, minutes(r.Lasts))
		}
		byCode[word] = append(byCode[word], topic)
	}
	var b strings.Builder
	b.WriteString("| means | topics that end so (ended by a timer after) |\n|---|---|\n")
	for _, word := range codes {
		fmt.Fprintf(&b, "| %s | %s |\n", word, strings.Join(byCode[word], " · "))
	}
	return b.String()
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d min", int(d.Minutes())) }
