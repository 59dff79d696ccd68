package meter

// reach is how far a sequence number may be off and still belong to the same
// run of numbers.
const reach = 1000

// A sequence counts packets by their RTP sequence numbers: which should have
// come, which came, which came twice. It works on 16 bit differences, so the
// wrap at 65,535 is nothing special. The counts are those of a window.
type sequence struct {
	began      bool
	last       uint16
	seen       [1024 / 64]uint64 // ring: bit n%1024 says whether n came; more than reach
	expected   int
	came       int
	duplicates int
	resets     int
}

// A place is where in its sequence a packet stands.
type place byte

const (
	ahead place = iota // newer than all before
	late               // older, and it was missing
	again              // came before
	jump               // a new run of numbers begins
)

// take counts the packet with number n.
func (s *sequence) take(n uint16) place {
	d := int(int16(n - s.last))
	switch {
	case !s.began:
		s.start(n)
		return ahead
	case d > reach || d < -reach:
		s.resets++
		s.start(n)
		return jump
	case d > 0:
		s.miss(s.last+1, n)
		s.mark(n, true)
		s.last = n
		s.expected += d
		s.came++
		return ahead
	case s.has(n):
		s.duplicates++
		return again
	default:
		s.mark(n, true)
		if int(s.last-n) < s.expected {
			s.came++ // else it was told as lost in the window before, and stays so
		}
		return late
	}
}

// renew begins a window: the counts begin anew, the run of numbers goes on.
func (s *sequence) renew() { s.expected, s.came, s.duplicates, s.resets = 0, 0, 0, 0 }

func (s *sequence) start(n uint16) {
	s.began, s.last = true, n
	for i := range s.seen {
		s.seen[i] = ^uint64(0) // what was before the start is nobody's loss: seen
	}
	s.expected++
	s.came++
}

func (s *sequence) mark(n uint16, came bool) {
	word, bit := &s.seen[n%1024/64], uint64(1)<<(n%64)
	if came {
		*word |= bit
	} else {
		*word &^= bit
	}
}

// miss marks those from first to before next as not come, by the word where that is
// possible: a hostile sequence jumps with every packet.
func (s *sequence) miss(first, next uint16) {
	for k := first; k != next; {
		if k%64 == 0 && next-k >= 64 {
			s.seen[k%1024/64] = 0
			k += 64
			continue
		}
		s.mark(k, false)
		k++
	}
}

func (s *sequence) has(n uint16) bool { return s.seen[n%1024/64]>>(n%64)&1 == 1 }

// loss is the share of the expected packets that did not come, 0 to 1.
func (s *sequence) loss() float64 { return float64(s.expected-s.came) / float64(s.expected) }
