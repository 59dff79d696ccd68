package line

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadCapture reads what a person wrote down, and names the row of what
// cannot be read.
func TestReadCapture(t *testing.T) {
	t.Parallel()
	begin := time.Unix(0, 0)
	got, err := ReadCapture(strings.NewReader("# two frames\n\n+0.000  7F 01\n+0.250 FF\n"), begin)
	if err != nil {
		t.Fatal(err)
	}
	want := []Chunk{
		{Bytes: []byte{0x7F, 1}, At: begin, Fresh: true},
		{Bytes: []byte{0xFF}, At: begin.Add(250 * time.Millisecond)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for text, want := range map[string]string{
		"+0 7F\nsoon 01":     `2: "soon" is no time`,
		"+0 7F 0":            `1: "7F 0" are no bytes`,
		"+1":                 `1: "" are no bytes`,
		"+2 7F\n+1 7F":       `2: time goes back from +2.000 to +1.000`,
		"NaN 7F":             `1: "NaN" is no time`,
		"+99999999999999 7F": `1: "+99999999999999" is no time`,
	} {
		_, err := ReadCapture(strings.NewReader(text), begin)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s…", text, err, want)
		}
	}
}

// FuzzReadCapture gives an error or rising times, whatever the text.
func FuzzReadCapture(f *testing.F) {
	f.Add("# x\n+0.000 7F\n+1 01 02\n")
	f.Add("+1e308 00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadCapture(strings.NewReader(text), time.Unix(0, 0))
		if err != nil && got != nil {
			t.Errorf("got chunks and %v", err)
		}
		for i := 1; i < len(got); i++ {
			if got[i].At.Before(got[i-1].At) {
				t.Errorf("time goes back at %d", i)
			}
		}
	})
}
