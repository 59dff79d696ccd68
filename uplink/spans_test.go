package uplink

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSpans: a set of spans is the set of its numbers, through a thousand changes.
func TestSpans(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	var got spans
	numbers := map[uint64]bool{}
	for range 1000 {
		x := span{first: dice.Uint64N(40) + 1}
		x.last = x.first + dice.Uint64N(6)
		add := dice.IntN(2) == 0
		for n := x.first; n <= x.last; n++ {
			numbers[n] = add
		}
		if add {
			got = got.with(x)
		} else {
			got = got.without(x)
		}
		var want spans
		for n := uint64(1); n < 60; n++ {
			switch {
			case !numbers[n]:
			case numbers[n-1]:
				want[len(want)-1].last = n
			default:
				want = append(want, span{n, n})
			}
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
			t.Fatalf("after %v, added %t (-want +got):\n%s", x, add, diff)
		}
	}
	if got := (spans{{2, 4}, {6, 9}}); got.above(1) != 4 || got.above(5) != 9 || got.above(4) != 4 || got.above(9) != 9 {
		t.Errorf("above 1, 5, 4, 9 in %v: got %d %d %d %d", got, got.above(1), got.above(5), got.above(4), got.above(9))
	}
}
