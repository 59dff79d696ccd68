package notes

import (
	"strings"
	"testing"
)

// TestHeadings keeps every note in the one order in which a technician looks.
func TestHeadings(t *testing.T) {
	if len(Names()) == 0 {
		t.Fatal("got no notes at all")
	}
	for _, name := range Names() {
		text, ok := Read(name)
		if !ok {
			t.Errorf("%s: cannot be read", name)
		}
		at := 0
		for _, h := range Headings() {
			i := strings.Index(text[at:], "\n## "+h+"\n")
			if i < 0 {
				t.Errorf("%s: heading %q is missing or out of order", name, h)
				continue
			}
			at += i + 1
		}
	}
}

// TestNoSuchNote refuses what is no note, the README and paths out of the folder.
func TestNoSuchNote(t *testing.T) {
	for _, name := range []string{"", "README", "../go.mod", "no-such"} {
		if _, ok := Read(name); ok {
			t.Errorf("got a note for %q, want none", name)
		}
	}
}
