package notice

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/onvif"
)

// pulled is an answer to PullMessages, as whoever pulls would decode it.
type pulled struct {
	Body struct{ PullMessagesResponse struct{ Messages } }
}

func readAnswer(t testing.TB, document []byte) []Notification {
	t.Helper()
	var p pulled
	if err := onvif.Decode(document, &p); err != nil {
		t.Fatal(err)
	}
	return p.Body.PullMessagesResponse.Read()
}

// writeAnswer says message by message what an answer means.
func writeAnswer(all []Notification) string {
	var b strings.Builder
	for _, n := range all {
		b.WriteString(strings.TrimSpace(n.Raw+" "+head(n)) + "\n")
		said := n.Say()
		if len(said) == 0 {
			b.WriteString("    -\n")
		}
		for _, s := range said {
			b.WriteString("    " + s.write() + "\n")
		}
	}
	return b.String()
}

// TestAnswers promises that the answers of several makes, written after their
// documents and the trackers' recordings, say what stands beside them. What a
// message says is in brackets after the topic as the camera wrote it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	answers, err := filepath.Glob("testdata/answers/*.xml")
	if err != nil || len(answers) == 0 {
		t.Fatalf("no answers (%v)", err)
	}
	for _, name := range answers {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			document, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := writeAnswer(readAnswer(t, document))
			golden := strings.TrimSuffix(name, ".xml") + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
