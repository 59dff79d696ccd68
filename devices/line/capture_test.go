package line

import (
	"bytes"
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
	got, err := ReadCapture(strings.NewReader("# two frames\n\n+0.000  7F 01\n+1.001 FF\n"), begin)
	if err != nil {
		t.Fatal(err)
	}
	want := []Chunk{
		{Bytes: []byte{0x7F, 1}, At: begin, Fresh: true},
		{Bytes: []byte{0xFF}, At: begin.Add(1001 * time.Millisecond)},
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

// TestCapture: what is written can be read again, whatever the clock does;
// where something is missing is a remark.
func TestCapture(t *testing.T) {
	t.Parallel()
	begin := time.Unix(1000, 0)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	long := bytes.Repeat([]byte{0xA5}, 5000)
	var text strings.Builder
	c := NewCapture(&text, begin)
	for _, chunk := range []Chunk{
		{Bytes: []byte{0x7F, 1}, At: at(-5), Fresh: true},
		{Bytes: []byte{0x7E, 0}, At: at(1250), Sent: true},
		{At: at(1300)},
		{Bytes: []byte{0x7F, 2}, At: at(1001)},
		{Bytes: []byte{0x7F, 3}, At: at(86399999), Fresh: true},
		{Bytes: long, At: at(86400000)},
	} {
		if err := c.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	want := "+0.000  7F 01\n+1.250 > 7E 00\n+1.250  7F 02\n# +86399.999 something may be missing here\n+86399.999  7F 03\n"
	if got, _, _ := strings.Cut(text.String(), "+86400.000"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got, err := ReadCapture(strings.NewReader(text.String()), begin)
	if err != nil {
		t.Fatal(err)
	}
	heard := []Chunk{
		{Bytes: []byte{0x7F, 1}, At: at(0), Fresh: true},
		{Bytes: []byte{0x7E, 0}, At: at(1250), Sent: true},
		{Bytes: []byte{0x7F, 2}, At: at(1250)},
		{Bytes: []byte{0x7F, 3}, At: at(86399999)},
		{Bytes: long[:4096], At: at(86400000)},
		{Bytes: long[4096:], At: at(86400000)},
	}
	if diff := cmp.Diff(heard, got); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
	wantErr := "capture: full after 7 rows and 8784h0m0s: begin another one"
	if err := c.Write(Chunk{Bytes: long[:1], At: begin.Add(longest)}); err == nil || err.Error() != wantErr {
		t.Errorf("after a year: got %v, want %s", err, wantErr)
	}
}

// FuzzReadCapture gives an error or rising times, whatever the text, and what
// was read says the same when it is written and read again.
func FuzzReadCapture(f *testing.F) {
	f.Add("# x\n+0.000 7F\n+1 01 02\n")
	f.Add("+1e308 00")
	f.Add("+0.250 > 7E 00\n+1.001 7F\n+31622399.9999 7F")
	f.Fuzz(func(t *testing.T, text string) {
		begin := time.Unix(0, 0)
		got, err := ReadCapture(strings.NewReader(text), begin)
		if err != nil && got != nil {
			t.Errorf("got chunks and %v", err)
		}
		var written strings.Builder
		capture := NewCapture(&written, begin)
		full := false
		for i, chunk := range got {
			if i > 0 && chunk.At.Before(got[i-1].At) {
				t.Errorf("time goes back at %d", i)
			}
			full = full || capture.Write(chunk) != nil // rounded up to a year
		}
		again, err := ReadCapture(strings.NewReader(written.String()), begin)
		if err != nil {
			t.Fatal(err)
		}
		if !full && !bytes.Equal(together(got), together(again)) {
			t.Errorf("got % X, written % X", together(got), together(again))
		}
	})
}

func together(chunks []Chunk) []byte {
	var all []byte
	for _, c := range chunks {
		all = append(all, c.Bytes...)
	}
	return all
}

// FuzzCapture: whatever is heard and whenever, what is written can be read.
func FuzzCapture(f *testing.F) {
	f.Add([]byte{1, 2}, int64(5), []byte{3}, int64(-5))
	f.Fuzz(func(t *testing.T, one []byte, first int64, two []byte, second int64) {
		var text strings.Builder
		begin := time.Unix(0, 0)
		c := NewCapture(&text, begin)
		var want []byte
		for _, chunk := range []Chunk{
			{Bytes: one, At: begin.Add(time.Duration(first))},
			{Bytes: two, At: begin.Add(time.Duration(second)), Sent: true},
			{Bytes: two, At: begin.Add(time.Duration(second)), Fresh: true},
		} {
			if err := c.Write(chunk); err == nil {
				want = append(want, chunk.Bytes...)
			}
		}
		got, err := ReadCapture(strings.NewReader(text.String()), begin)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(together(got), want) {
			t.Errorf("got % X, want % X", together(got), want)
		}
	})
}
