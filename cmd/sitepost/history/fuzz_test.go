package history

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/words"
)

// FuzzEntry: whatever lies in the place of an entry is read as the text that was kept
// under this number, or refused; and what is kept is read again.
func FuzzEntry(f *testing.F) {
	const number = 17
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{"version = 1\n", "", "\n\n", "# accepted by sitepost: {}\n", strings.Repeat("x", 3000)} {
		file, err := encode(newEntry(number, []byte(text), "root (uid 0)", at, true), []byte(text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Add([]byte(sign + `{"number":17,"hash":"` + hashOf(nil) + `","who":"\u001b[2J\n","at":"0001-01-01T00:00:00Z"}` + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		e, text, err := decode(number, file)
		if err != nil {
			if text != nil || e != (Entry{}) {
				t.Errorf("an error, and %+v, %q", e, text)
			}
			return
		}
		if e.Number != number || e.Hash != hashOf(text) || !bytes.HasSuffix(file, text) || words.Plain(e.Who, maxWho) != e.Who {
			t.Errorf("got %+v of %q", e, file)
		}
		again, err := encode(e, text)
		if err != nil {
			t.Fatal(err)
		}
		if f, same, err := decode(number, again); err != nil || !bytes.Equal(same, text) || f.Who != e.Who || !f.At.Equal(e.At) {
			t.Errorf("kept %+v, and read %+v, %v", e, f, err)
		}
	})
}

// TestLongestWho: the first line of an entry is never longer than one that is read.
func TestLongestWho(t *testing.T) {
	for _, who := range []string{strings.Repeat("<", 500), strings.Repeat("𠀀", 500), strings.Repeat(`"`, 500), strings.Repeat("\x1b", 500), strings.Repeat("\xff", 500)} {
		file, err := encode(newEntry(highest, []byte("x"), who, time.Date(2026, 11, 26, 12, 0, 0, 999999999, time.UTC), false), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := decode(highest, file); err != nil {
			t.Errorf("who %.10q: %v", who, err)
		}
	}
}
