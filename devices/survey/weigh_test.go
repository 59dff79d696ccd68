package survey

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/instrument"
	"sitepost/devices/line"
)

// TestTail: the chances are those of the textbook.
func TestTail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    int
		mean float64
		want float64
	}{
		{1, 0.5, 1 - math.Exp(-0.5)},
		{3, 2, 1 - 5*math.Exp(-2)},
		{10, 0.001, 2.7530e-37}, // mean^n/n!
		{0, 1, 1},
	} {
		if got := tail(c.n, c.mean); math.Abs(got-c.want) > c.want/500 {
			t.Errorf("%d or more of %g: got %g, want %g", c.n, c.mean, got, c.want)
		}
	}
}

// TestJudge: at the borders of each word.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		frames, refused int
		share, p        float64
		want            Sure
	}{
		{3, 0, 0.5, 1e-7, Certain},
		{3, 2, 0.5, 1e-7, Certain},
		{3, 3, 0.5, 1e-7, Likely}, // as many were refused
		{3, 0, 0.4, 1e-7, Likely}, // most is something else
		{2, 0, 0.5, 1e-7, Likely},
		{1, 0, 0.5, 1e-3, Likely},
		{2, 0, 0.4, 1e-5, Possible},
		{1, 0, 0.4, 1e-5, ""},
		{2, 0, 0.4, 1e-3, ""},
		{9, 0, 1, 0.1, ""}, // chance makes as many
	} {
		if got := judge(tally{frames: c.frames, refused: c.refused}, c.share, c.p); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// TestVerdicts: the surer one comes first, then a device before its letters,
// then the one that explains more, its own settings, the commoner settings; and
// each kind once per baud.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	n1, n2, fast := Usual()[0], Usual()[11], Usual()[1]
	heard := func(what string, s line.Settings, sure Sure, share float64, factory bool, order int) opinion {
		return opinion{Verdict{Settings: s, What: what, Frames: 5, Bytes: 50, Sure: sure, Why: what}, share, factory, order}
	}
	got := verdicts([]opinion{
		heard(text, n1, Likely, 1, false, 0),
		heard("a", fast, Possible, 1, true, 1),
		heard("b", n1, Likely, 0.6, true, 0),
		heard("c", n1, Likely, 0.9, false, 0),
		heard("d", n1, Certain, 0.9, false, 0),
		heard("d", n2, Certain, 0.9, true, 11),
		heard("d", fast, Certain, 0.9, false, 1),
	})
	verdict := func(what string, s line.Settings, sure Sure, more string) Verdict {
		return Verdict{Settings: s, What: what, Frames: 5, Bytes: 50, Sure: sure, Why: what + more}
	}
	want := []Verdict{
		verdict("d", n2, Certain, "; the same at 9600 8N1: parity and stop bits cannot always be seen from here, the label says them"),
		verdict("d", fast, Certain, ""),
		verdict("c", n1, Likely, "; what cannot be told from it: b"),
		verdict("b", n1, Likely, ""),
		verdict(text, n1, Likely, ""),
		verdict("a", fast, Possible, ""),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// FuzzWeigh: whatever is heard, in whatever pieces, every verdict names what was
// searched for and says no more than was heard.
func FuzzWeigh(f *testing.F) {
	search := Search{}
	for _, name := range instrument.Shipped() {
		p, err := instrument.Load(name, "")
		if err != nil {
			f.Fatal(err)
		}
		search.Profiles = append(search.Profiles, p)
		if frame, err := p.Speak(nil, 1); err == nil {
			f.Add(frame, 3)
		}
	}
	f.Add([]byte("\x01\x03\x00\x6B\x00\x03\x74\x17\x01\x03\x06\x02\x2B\x00\x00\x00\x64\x05\x7A"), 1)
	f.Add([]byte("ZONE 1 QUIET\r\nZONE 2 QUIET\r\n"), 100)
	f.Fuzz(func(t *testing.T, all []byte, size int) {
		var heard []line.Chunk
		at := time.Unix(1_800_000_000, 0)
		for rest := all; len(rest) > 0; {
			n := min(len(rest), max(1, size))
			at = at.Add(10 * time.Millisecond)
			heard = append(heard, line.Chunk{Bytes: rest[:n:n], At: at})
			rest = rest[n:]
		}
		var opinions []opinion
		if len(all) > 0 {
			opinions = weighAll(search, Usual()[0], heard)
		}
		for _, v := range verdicts(opinions) {
			if v.Frames < 1 || v.Frames > len(all) || v.Bytes != len(all) || v.Sure == "" || v.What == "" || v.Why == "" {
				t.Errorf("%+v of % X", v, all)
			}
		}
	})
}

// BenchmarkWeigh is the most that can be heard at one settings, all of it noise.
func BenchmarkWeigh(b *testing.B) {
	search := Search{}
	for _, name := range instrument.Shipped() {
		p, err := instrument.Load(name, "")
		if err != nil {
			b.Fatal(err)
		}
		search.Profiles = append(search.Profiles, p)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var heard []line.Chunk
	for range maxHeard / 64 {
		c := line.Chunk{Bytes: make([]byte, 64)}
		for i := range c.Bytes {
			c.Bytes[i] = byte(random.Uint32())
		}
		heard = append(heard, c)
	}
	for b.Loop() {
		weighAll(search, Usual()[0], heard)
	}
}
