package meter

import "sitepost/devices"

// A sets keeps the parameter sets that came in band, and what they say. Of each
// kind it takes the first before a key frame: a stream may have several, in a
// fixed order, and a new one counts only from a key frame on. So a set costs at
// most one reading per key frame.
type sets struct {
	vps, sps       []byte
	hasVPS, hasSPS bool // came since the last key frame
	fresh          bool // one of them was not read yet
	says           meaning
	understood     bool // says is what a set said
	other          bool // and it was not what the one before said
}

// take notes the sets of a packet.
func (x *sets) take(s *sight) {
	if s.vps != nil && !x.hasVPS {
		x.hasVPS = true
		x.keep(&x.vps, s.vps)
	}
	if s.sps != nil && !x.hasSPS {
		x.hasSPS = true
		x.keep(&x.sps, s.sps)
	}
}

func (x *sets) keep(old *[]byte, set []byte) {
	if len(set) <= maxSet && string(*old) != string(set) {
		*old = append((*old)[:0], set...)
		x.fresh = true
	}
}

// next is called at a key frame: the sets after it are the next picture's.
func (x *sets) next() { x.hasVPS, x.hasSPS = false, false }

// settle reads the sets when a picture follows them and they are complete. Sets
// that cannot be read change nothing.
func (x *sets) settle(c Codec) {
	if !x.fresh {
		return
	}
	x.fresh = false
	says, ok := c.read(x.vps, x.sps)
	if !ok {
		return
	}
	x.other = x.other || x.understood && says != x.says
	x.says, x.understood = says, true
}

// fill writes what the sets say into s, and with it clears what a description
// says, which may be of another day.
func (x *sets) fill(s *devices.Stream) {
	s.Parameters = "description"
	if x.understood {
		s.Parameters = "stream"
		x.says.tell(s)
	}
}

// Changed says once after each change that the parameter sets in the stream say
// something else than before. Other bytes with the same meaning are no change.
func (m *Meter) Changed() bool {
	was := m.sets.other
	m.sets.other = false
	return was
}
