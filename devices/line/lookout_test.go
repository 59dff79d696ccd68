package line

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// FuzzLookout: a question that comes twice is found however it is cut; what is kept is bounded;
// what is shown as a question is one, and is not our own echo.
func FuzzLookout(f *testing.F) {
	f.Add([]byte("noise?ab!noise"), uint8(7), []byte("q"))
	f.Add(append(bytes.Repeat([]byte("?"), 300), "ab!"...), uint8(1), []byte("??"))
	f.Add([]byte("?ab!?cd!"), uint8(3), []byte("?ab!"))
	foreign := func(heard []byte) bool {
		for i := range heard {
			if heard[i] == '?' && len(heard) > i+3 && heard[i+3] == '!' {
				return true
			}
		}
		return false
	}
	hears := func(t *testing.T, once []byte, size int, ours []byte) bool {
		now := time.Unix(1000, 0)
		o := lookout{foreign: foreign, view: alone}
		o.asks(ours, now)
		for heard := slices.Concat(once, once); len(heard) > 0; {
			if len(heard) == len(once) {
				now = now.Add(time.Second) // what comes now is no echo any more
				ours = nil
			}
			n := min(size, 1+(len(heard)-1)%len(once))
			if q := o.hear(heard[:n], now); q != nil {
				if len(q) != 4 || !foreign(q) || bytes.Equal(q, ours) {
					t.Errorf("got %q for a question; ours is %q", q, ours)
				}
			}
			if len(o.tail) > maxTail {
				t.Fatalf("%d bytes are kept", len(o.tail))
			}
			heard = heard[n:]
		}
		return o.view == second
	}
	f.Fuzz(func(t *testing.T, heard []byte, size uint8, ours []byte) {
		hears(t, heard, int(size)+1, ours)
		if got := hears(t, heard, int(size)+1, nil); got != foreign(heard) {
			t.Errorf("%q in pieces of %d: got %v, want %v", heard, int(size)+1, got, foreign(heard))
		}
	})
}
