package instrument

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustBytes(t testing.TB, written string) []byte {
	t.Helper()
	b, err := ParseBytes(written, 1)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// framings are one of each kind.
func framings(t testing.TB) map[string]*framing {
	pattern := func(s string) pattern {
		p, err := parsePattern(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	sum := func(over string, at int) *check {
		s, err := parseSpan(over)
		if err != nil {
			t.Fatal(err)
		}
		return &check{kind: "sum8", over: s, at: at}
	}
	return map[string]*framing{
		"start and length":     {start: []byte("S"), length: &length{bytes: 5}, check: sum("0..3", 4)},
		"start and end":        {start: []byte("S"), end: []byte("\r")},
		"long start and end":   {start: []byte("SS"), end: []byte("\r\n")},
		"end":                  {end: []byte("\r"), skip: []byte("\n")},
		"end and check":        {end: []byte("\r"), check: sum("0..-3", -2)},
		"start, end, length":   {start: []byte("S"), end: []byte("E"), length: &length{bytes: 4}},
		"length field":         {start: []byte("SA"), length: &length{at: 2, field: number{kind: "u8"}, plus: 3}},
		"long length field":    {start: []byte("S"), length: &length{at: 1, field: number{kind: "u16"}, plus: 3}, check: sum("0..-2", -1)},
		"length and check":     {length: &length{bytes: 3}, check: sum("0..1", 2)},
		"sender":               {start: []byte("S"), length: &length{bytes: 3}, expectAt: 1, expect: pattern("{address}")},
		"gap":                  {gap: 20 * time.Millisecond},
		"gap, start and check": {gap: 20 * time.Millisecond, start: []byte("S"), check: sum("0..-2", -1)},
		"gap and length":       {gap: 20 * time.Millisecond, length: &length{bytes: 3}},
	}
}

// cutUp feeds bytes in pieces and writes what was found, a refused frame as
// "!".
func cutUp(rules *framing, b []byte, piece func() int) []string {
	f := newFramer(rules, 1, 0)
	at := time.Unix(0, 0)
	found := []string{}
	note := func(cuts []cut) {
		for _, c := range cuts {
			if c.refused {
				found = append(found, "!")
			} else {
				found = append(found, string(c.frame))
			}
		}
	}
	for len(b) > 0 {
		n := min(piece(), len(b))
		note(f.feed(at, b[:n]))
		b = b[n:]
	}
	note(f.close())
	return found
}

func always(n int) func() int { return func() int { return n } }

// TestFrames: frames are found where they are, and a false one costs a byte,
// not the true one behind it.
func TestFrames(t *testing.T) {
	t.Parallel()
	all := framings(t)
	for _, c := range []struct {
		rules, heard string
		want         []string
	}{
		{"start and length", "'Sabc' 79 'Sabc' 79", []string{"Sabc\x79", "Sabc\x79"}},
		{"start and length", "'xxSabc' 79", []string{"Sabc\x79"}},
		{"start and length", "'Sabc' D8 'Sabc' 79", []string{"!", "Sabc\x79"}},
		{"start and length", "'SSabc' 79", []string{"!", "Sabc\x79"}},     // a start too many
		{"start and length", "'SaSabc' 79", []string{"!", "Sabc\x79"}},    // a frame cut short
		{"start and length", "'SSSabSabc' 79", []string{"!", "Sabc\x79"}}, // debris of one refused frame is told once
		{"start and length", "'Sabc'", []string{}},
		{"start and end", "'Sab' 0D 'Sc' 0D", []string{"Sab\r", "Sc\r"}},
		{"start and end", "'Sab' 'Scd' 0D", []string{"Scd\r"}}, // the last start before the end
		{"start and end", "'ab' 0D 'Scd' 0D", []string{"Scd\r"}},
		{"start and end", "'S' 0D", []string{"S\r"}},
		{"long start and end", "'SSS' 0D 0A", []string{"SS\r\n"}},
		{"long start and end", "'S SSab' 0D 'cd' 0D 0A", []string{"SSab\rcd\r\n"}},
		{"end", "'ab' 0D 0A 'cd' 0D 0A", []string{"ab\r", "cd\r"}},
		{"end and check", "'xab' C3 0D 'ab' C3 0D", []string{"!", "ab\xc3\r", "ab\xc3\r"}},
		{"start, end, length", "'SabESxxxSabE'", []string{"SabE", "!", "SabE"}},
		{"length field", "'SA' 02 'abSA' 00 'SA' 01 'c'", []string{"SA\x02ab", "SA\x00", "SA\x01c"}},
		{"long length field", "'S' FF FF 'S' 00 02 'S' 00 02 'a' B6", []string{"!", "!", "S\x00\x02a\xb6"}},
		{"length and check", "'abcab' C3", []string{"!", "ab\xc3"}},
		{"sender", "'S' 02 'aS' 01 'b'", []string{"S\x01b"}},
		{"gap", "'abc'", []string{"abc"}},
		{"gap, start and check", "'xySa' B4", []string{"Sa\xb4"}},
		{"gap, start and check", "'SSa' B4", []string{"!", "Sa\xb4"}},
		{"gap and length", "'abcde'", []string{"abc"}},
	} {
		heard := mustBytes(t, c.heard)
		if diff := cmp.Diff(c.want, cutUp(all[c.rules], heard, always(len(heard)))); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", c.rules, c.heard, diff)
		}
	}
}

// TestPiecesMakeNoDifference: however what is heard is cut into pieces, the
// frames and the refusals are the same; also where frames are too long.
func TestPiecesMakeNoDifference(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	letters := []byte("SSSAAE\r\n\x00\x01\x02\x53\xb4")
	for name, rules := range framings(t) {
		for round := range 300 {
			heard := make([]byte, 1+random.IntN(400))
			if round%50 == 0 {
				heard = make([]byte, 3*maxFrame)
			}
			for i := range heard {
				heard[i] = letters[random.IntN(len(letters))]
				if round%50 == 0 && random.IntN(400) > 0 {
					heard[i] = 'x' // few starts and ends
				}
			}
			want := cutUp(rules, heard, always(len(heard)))
			if diff := cmp.Diff(want, cutUp(rules, heard, always(1))); diff != "" {
				t.Fatalf("%s: %q one byte at a time (-at once +slowly):\n%s", name, heard, diff)
			}
			if diff := cmp.Diff(want, cutUp(rules, heard, func() int { return 1 + random.IntN(40) })); diff != "" {
				t.Fatalf("%s: %q in pieces (-at once +in pieces):\n%s", name, heard, diff)
			}
		}
	}
}

// TestPauses: a pause ends a frame that nothing else ends, throws a half one
// away that something else should have ended, and is measured from byte to
// byte, not from the ends of pieces.
func TestPauses(t *testing.T) {
	t.Parallel()
	all := framings(t)
	for _, c := range []struct {
		rules string
		want  string
	}{
		{"gap", "[abcd]"},
		{"gap and length", "[]"},
	} {
		f := newFramer(all[c.rules], 1, time.Millisecond)
		at := time.Unix(0, 0)
		got := []string{}
		for _, step := range []struct {
			after time.Duration
			bytes string
		}{{0, "ab"}, {21 * time.Millisecond, "cd"}, {30 * time.Millisecond, "e"}} {
			if c.rules == "gap and length" && step.bytes == "cd" {
				step.after = 30 * time.Millisecond
			}
			at = at.Add(step.after) // of the last byte: "c" came 20 ms after "b"
			for _, cut := range f.feed(at, []byte(step.bytes)) {
				got = append(got, string(cut.frame))
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, want %s", c.rules, got, c.want)
		}
	}
}

// TestFramerIsBounded: noise without end costs no memory.
func TestFramerIsBounded(t *testing.T) {
	t.Parallel()
	for name, rules := range framings(t) {
		f := newFramer(rules, 1, 0)
		for range 100 {
			f.feed(time.Unix(0, 0), bytes.Repeat([]byte("S"), 1000))
		}
		if len(f.buf) > maxFrame || cap(f.room) > 8*maxFrame {
			t.Errorf("%s: keeps %d bytes in %d", name, len(f.buf), cap(f.room))
		}
	}
}
