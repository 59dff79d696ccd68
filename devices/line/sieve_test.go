package line

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestSieve: a heartbeat goes out of the stream wherever it stands and however
// the stream is cut; nothing else does.
func TestSieve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ preamble, in, want string }{
		{"", "AAB", "AAB"},
		{"HB", "HB", ""},
		{"HB", "xHBy", "xy"},
		{"HB", "HHBB", "HB"},
		{"HB", "HxHBHBHyH", "HxHyH"},
		{"AAB", "AAAAB", "AA"},
		{"ABAB", "xABABABy", "xABy"},
		{"A", "ABA", "B"},
	} {
		for cut := range len(c.in) + 1 {
			s := sieve{preamble: []byte(c.preamble)}
			got := s.sift(nil, []byte(c.in[:cut]))
			got = s.release(s.sift(got, []byte(c.in[cut:])))
			if string(got) != c.want {
				t.Errorf("%q without %q, cut at %d: got %q, want %q", c.in, c.preamble, cut, got, c.want)
			}
		}
	}
}

// FuzzSieve: cut anywhere, a stream loses what it loses whole, and only whole
// preambles.
func FuzzSieve(f *testing.F) {
	f.Add([]byte("HB"), []byte("xHBHyH"), uint8(3))
	f.Fuzz(func(t *testing.T, preamble, in []byte, cut uint8) {
		whole := sieve{preamble: preamble}
		want := whole.release(whole.sift(nil, in))
		pieces := sieve{preamble: preamble}
		n := min(int(cut), len(in))
		got := pieces.sift(nil, in[:n])
		got = pieces.release(pieces.sift(got, in[n:]))
		if !bytes.Equal(got, want) {
			t.Errorf("cut at %d: got %q, whole %q", n, got, want)
		}
		if len(preamble) > 0 && string(want) != strings.ReplaceAll(string(in), string(preamble), "") {
			t.Errorf("got %q", want)
		}
	})
}

// TestPreamble: on a connection, a heartbeat is taken out also when it comes
// in two segments, before or after a Discard; what only begins like one is read
// 20 ms later.
func TestPreamble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		p := newTCP(near, []byte("+HB+"))
		defer p.Close()
		written := make(chan struct{}, 1)
		say := func(text string) {
			go func() {
				_, _ = io.WriteString(far, text)
				written <- struct{}{}
			}()
		}
		hear := func(want string, after time.Duration) {
			t.Helper()
			buf := make([]byte, 64)
			began := time.Now()
			var got []byte
			for len(got) < len(want) {
				n, err := p.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, buf[:n]...)
			}
			if took := time.Since(began); string(got) != want || took != after {
				t.Errorf("got %q after %v, want %q after %v", got, took, want, after)
			}
		}
		say("+HB+a+HB+b")
		hear("ab", 0)
		<-written
		say("1+H")
		hear("1+H", followWithin)
		<-written
		say("c+H")
		hear("c", 0)
		<-written
		if err := p.Discard(); err != nil {
			t.Fatal(err)
		}
		say("B+d")
		hear("d", 0)
		<-written
		say("thrown away, with the beginning of +HB")
		if err := p.Discard(); err != nil {
			t.Fatal(err)
		}
		<-written
		say("+e")
		hear("e", 0)
		<-written
	})
}
