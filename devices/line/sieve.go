package line

import "bytes"

// A sieve takes every whole preamble out of a stream that comes in pieces. An
// empty preamble lets all through.
type sieve struct {
	preamble []byte
	held     []byte // the end of the stream so far, if it may be the beginning of a preamble
}

// sift appends to dst what certainly is not preamble.
func (s *sieve) sift(dst, piece []byte) []byte {
	if len(s.preamble) == 0 {
		return append(dst, piece...)
	}
	rest := append(s.held, piece...)
	for {
		if at := bytes.Index(rest, s.preamble); at >= 0 {
			dst = append(dst, rest[:at]...)
			rest = rest[at+len(s.preamble):]
			continue
		}
		keep := s.beginning(rest)
		dst = append(dst, rest[:len(rest)-keep]...)
		s.held = bytes.Clone(rest[len(rest)-keep:])
		return dst
	}
}

// beginning returns how many bytes at the end of rest may begin a preamble.
func (s *sieve) beginning(rest []byte) int {
	for n := min(len(s.preamble)-1, len(rest)); n > 0; n-- {
		if bytes.HasSuffix(rest, s.preamble[:n]) {
			return n
		}
	}
	return 0
}

// holds says whether something is kept back.
func (s *sieve) holds() bool { return len(s.held) > 0 }

// release appends what was kept back: nothing followed, so it was no preamble.
func (s *sieve) release(dst []byte) []byte {
	dst = append(dst, s.held...)
	s.held = s.held[:0]
	return dst
}
