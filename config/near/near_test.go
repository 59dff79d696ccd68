package near

import (
	"strings"
	"testing"
)

// TestWord holds that one slip of the finger is understood and that words which
// are not alike are left alone. (users ask for "hsot" → "host")
func TestWord(t *testing.T) {
	t.Parallel()
	words := []string{"host", "login", "zone", "honeywell-xcd", "send_pictures"}
	for word, want := range map[string]string{
		"hsot": "host", "hosts": "host", "HOST": "host", "logon": "login", "honeywel-xcd": "honeywell-xcd", "sendpicture": "send_pictures",
		"x": "", "": "", "channel": "", "host": "", strings.Repeat("h", 100): "",
	} {
		if got := Word(word, words); got != want {
			t.Errorf("got %q for %q, want %q", got, word, want)
		}
	}
}
