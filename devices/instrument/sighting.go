package instrument

import (
	"bytes"
	"time"
)

// A sighting is what is known at one moment: one frame, or one block of
// registers, or what a [[try]] says of several.
type sighting struct {
	at   time.Time
	read bool // something that the profile reads was in it

	frame    []byte
	end      []byte // of the frame
	encoding *encoding
	text     string // of the frame without its end, once asked for
	lined    bool

	runs []run // of registers
}

// register returns the place of a register's value, nil where it is not known.
func (s *sighting) register(n int) *uint16 {
	for _, r := range s.runs {
		if at := n - r.first; at >= 0 && at < len(r.values) {
			return &r.values[at]
		}
	}
	return nil
}

// line returns the frame as a match sees it: with its start, without its end.
func (s *sighting) line() string {
	if !s.lined {
		s.lined = true
		s.text = s.encoding.decode(bytes.TrimSuffix(s.frame, s.end))
	}
	return s.text
}

// bytes returns the bytes that a read stands on, false where they are not in
// this frame or block. A register is two bytes, the higher one first; a number
// that does not fill its registers lies in the lower bytes, a text in the
// first ones.
func (s *sighting) bytes(r *read) ([]byte, bool) {
	n := r.bytesTaken()
	if r.place == inFrame {
		at := fromEnd(r.at, len(s.frame))
		if s.frame == nil || at < 0 || at+n > len(s.frame) {
			return nil, false
		}
		return s.frame[at : at+n], true
	}
	count := r.registersTaken()
	b := make([]byte, 0, 2*count)
	for i := range count {
		v := s.register(r.register + i)
		if v == nil {
			return nil, false
		}
		b = append(b, byte(*v>>8), byte(*v))
	}
	if r.width() > 0 {
		return b[len(b)-n:], true
	}
	return b[:n], true
}
