package line_test

import (
	"testing"
	"time"

	"sitepost/devices/line"
)

// TestSettings: what stands on a label is read, written back the same, and
// gives the time of a character; what does not is refused with the part that
// is wrong.
func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want line.Settings
		wire time.Duration // of 100 characters
	}{
		{"9600 8N1", line.Settings{Baud: 9600, DataBits: 8, Parity: 'N', StopBits: 1}, 104166666},
		{"19200 8E1", line.Settings{Baud: 19200, DataBits: 8, Parity: 'E', StopBits: 1}, 57291666},
		{"1200 7O2", line.Settings{Baud: 1200, DataBits: 7, Parity: 'O', StopBits: 2}, 916666666},
		{"12345 5M1", line.Settings{Baud: 12345, DataBits: 5, Parity: 'M', StopBits: 1}, 64803564},
		{"4000000 8S2", line.Settings{Baud: 4000000, DataBits: 8, Parity: 'S', StopBits: 2}, 300 * time.Microsecond},
	} {
		got, err := line.ParseSettings(c.text)
		if err != nil || got != c.want || got.String() != c.text || got.Wire(100) != c.wire {
			t.Errorf("%q: got %+v, %q, %d ns, %v, want %+v, %d ns", c.text, got, got, got.Wire(100), err, c.want, c.wire)
		}
	}
	const shape = `: want baud, one space, then data bits, parity and stop bits, as in "9600 8N1"`
	for text, want := range map[string]string{
		"":             `settings ""` + shape,
		"9600":         `settings "9600"` + shape,
		"9600,8,N,1":   `settings "9600,8,N,1"` + shape,
		"9600 8N1 ":    `settings "9600 8N1 "` + shape,
		"9600 8N1.5":   `settings "9600 8N1.5"` + shape,
		"fast 8N1":     `settings "fast 8N1": baud "fast" is not a number from 50 to 4000000`,
		" 8N1":         `settings " 8N1": baud "" is not a number from 50 to 4000000`,
		"09600 8N1":    `settings "09600 8N1": baud "09600" is not a number from 50 to 4000000`,
		"49 8N1":       `settings "49 8N1": baud "49" is not a number from 50 to 4000000`,
		"99999999 8N1": `settings "99999999 8N1": baud "99999999" is not a number from 50 to 4000000`,
		"9600 9N1":     `settings "9600 9N1": data bits '9': want 5, 6, 7 or 8`,
		"9600 8n1":     `settings "9600 8n1": parity 'n': want N (none), E (even), O (odd), M (mark) or S (space), in capitals`,
		"9600 8N3":     `settings "9600 8N3": stop bits '3': want 1 or 2`,
	} {
		if got, err := line.ParseSettings(text); err == nil || err.Error() != want || got != (line.Settings{}) {
			t.Errorf("%q: got %+v, %v, want %s", text, got, err, want)
		}
	}
	if s := (line.Settings{}); s.String() != "" || s.Wire(100) != 0 {
		t.Errorf("settings that are not known: got %q and %v", s, s.Wire(100))
	}
}

// FuzzSettings: any text is either refused or is what String writes.
func FuzzSettings(f *testing.F) {
	f.Add("9600 8N1")
	f.Add(" 8N1")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := line.ParseSettings(text); err == nil && s.String() != text {
			t.Errorf("%q: got %q", text, s)
		}
	})
}
