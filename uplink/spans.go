package uplink

import "slices"

// A span is the numbers of a lane from first to last, both included.
type span struct{ first, last uint64 }

func (s span) count() uint64 { return s.last - s.first + 1 }

// spans are a set of numbers: ascending, apart, none empty.
type spans []span

// with returns the set with the numbers of one more span.
func (s spans) with(x span) spans {
	if x.first > x.last {
		return s
	}
	// Neighbours that touch x melt into it.
	from, _ := slices.BinarySearchFunc(s, x.first, func(o span, first uint64) int {
		if o.last < first && o.last+1 < first {
			return -1
		}
		return 1
	})
	upto := from
	for upto < len(s) && (s[upto].first <= x.last || s[upto].first == x.last+1) {
		x = span{min(x.first, s[upto].first), max(x.last, s[upto].last)}
		upto++
	}
	return slices.Concat(s[:from], spans{x}, s[upto:])
}

// without returns the set without the numbers of another.
func (s spans) without(others ...span) spans {
	for _, x := range others {
		var left spans
		for _, o := range s {
			if o.last < x.first || o.first > x.last {
				left = append(left, o)
				continue
			}
			if o.first < x.first {
				left = append(left, span{o.first, x.first - 1})
			}
			if o.last > x.last {
				left = append(left, span{x.last + 1, o.last})
			}
		}
		s = left
	}
	return s
}

// union returns the numbers of both sets.
func (s spans) union(other spans) spans {
	for _, x := range other {
		s = s.with(x)
	}
	return s
}

// count is how many numbers there are.
func (s spans) count() (n uint64) {
	for _, o := range s {
		n += o.count()
	}
	return n
}

// above returns the last number of the run of the set that goes on behind a
// number without a gap: that number itself if its successor is not in the set.
func (s spans) above(n uint64) uint64 {
	for _, o := range s {
		if o.first <= n+1 && o.last > n {
			n = o.last
		}
	}
	return n
}
