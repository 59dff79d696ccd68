package meter

// vpsRate is the frame rate of a video parameter set (H.265 7.3.2.1), 0 if it
// says none:
//
//	NAL header 16 · id 4 · base layer 2 · layers 6 · sub-layers 3 · nesting 1 · ones 16
//	general profile 88, level 8
//	if there are sub-layers: what each says 2, for 8 in all; then its profile 88, level 8
//	ordering for all 1; for each sub-layer, or the last: 3 numbers
//	highest layer 6 · layer sets number; for each but the first: layers 1 each
//	timing 1 · units in tick 32 · time scale 32
func vpsRate(vps []byte) float64 {
	if len(vps) < 2 || len(vps) > maxSet || vps[0]>>1&0x3f != 32 {
		return 0
	}
	r := bits{b: vps}
	r.skip(16 + 4 + 2 + 6)
	below := int(r.read(3)) // sub-layers below the highest
	r.skip(1 + 16 + 88 + 8)
	r.skip(subLayers(&r, below))
	each := below
	if r.read(1) == 1 {
		each = 0
	}
	for ; each <= below; each++ {
		r.number()
		r.number()
		r.number()
	}
	layers := int(r.read(6)) + 1
	more := r.number()
	if more > 1023 { // 7.4.3.1
		return 0
	}
	r.skip(int(more) * layers)
	if r.read(1) == 0 {
		return 0
	}
	tick, scale := r.read(32), r.read(32)
	if r.short || tick == 0 {
		return 0
	}
	return believedRate(float64(scale) / float64(tick))
}

// subLayers reads what the sub-layers of a profile (7.3.3) say and returns how
// many bits of theirs follow.
func subLayers(r *bits, below int) (follow int) {
	if below == 0 {
		return 0
	}
	for range below {
		follow += 88 * int(r.read(1))
		follow += 8 * int(r.read(1))
	}
	r.skip(2 * (8 - below))
	return follow
}

// A bits reads a NAL unit bit by bit, without the 3 that stands behind two
// zeros so that no start code arises (7.4.2). At the end come zeros only, and
// short is set.
type bits struct {
	b     []byte
	now   byte // the byte under way
	left  int  // its bits that were not read
	zeros int  // bytes of zero before it, with it
	short bool
}

func (r *bits) bit() uint32 {
	if r.left == 0 && !r.load() {
		return 0
	}
	r.left--
	return uint32(r.now>>r.left) & 1
}

// load takes the next byte.
func (r *bits) load() bool {
	if r.zeros >= 2 && len(r.b) > 0 && r.b[0] == 3 {
		r.b, r.zeros = r.b[1:], 0
	}
	if len(r.b) == 0 {
		r.short = true
		return false
	}
	r.now, r.b, r.left = r.b[0], r.b[1:], 8
	r.zeros++
	if r.now != 0 {
		r.zeros = 0
	}
	return true
}

// read reads up to 32 bits.
func (r *bits) read(n int) (v uint32) {
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

func (r *bits) skip(n int) {
	for ; n > 0 && !r.short; n-- {
		r.bit()
	}
}

// number reads an Exp-Golomb number (9.2): so many zeros, a one, so many bits.
func (r *bits) number() uint32 {
	n := 0
	for r.bit() == 0 {
		if n++; n > 31 || r.short {
			r.short = true
			return 0
		}
	}
	return 1<<n - 1 + r.read(n)
}
