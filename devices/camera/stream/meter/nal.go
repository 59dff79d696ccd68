package meter

import "encoding/binary"

// A Codec is what the meter knows of a video codec: where its key frames and
// parameter sets are. Of other codecs it counts packets and frames only, and of
// a multiplex, in which time stamps are not those of frames, packets only.
type Codec byte

const (
	Other     Codec = iota // not looked into
	H264                   // or AVC
	H265                   // or HEVC
	Multiplex              // pictures and sound in one, as an MPEG transport stream
)

// looked says whether the meter looks into the packets of a codec.
func (c Codec) looked() bool { return c == H264 || c == H265 }

// A sight is what one RTP payload holds.
type sight struct {
	slice  bool   // part of a picture, not only parameters or messages
	key    bool   // part of a picture that needs no other
	firsts int    // slices that are the first of a picture
	goes   bool   // it goes on with a unit that an earlier payload began
	open   bool   // a later payload goes on with its unit
	vps    []byte // the first video parameter set, in the payload's memory; nil if none
	sps    []byte // the first sequence parameter set, likewise
}

// see looks into an RTP payload.
//
// H.264 (RFC 6184 5.2 to 5.8)            H.265 (RFC 7798 4.4)
//
//	0 1 2 3 4 5 6 7                        0 1 2 3 4 5 6 7 8 9 A B C D E F
//	F NRI   type                           F type        layer       tid
//
//	24 [size size NAL] …                   48 __ [size size NAL] …   several
//	25 DON DON [size size NAL] …                                     several
//	28 S E R type(5) …                     49 __ S E type(6) …       a part
//	29 the same, then DON DON                                        a part
func (s *sight) see(c Codec, p []byte) {
	switch {
	case !c.looked():
		s.slice = true
	case c == H264 && len(p) > 1:
		s.h264(p)
	case c == H265 && len(p) > 2:
		s.h265(p)
	}
}

func (s *sight) h264(p []byte) {
	switch kind := p[0] & 0x1f; kind {
	case 24:
		eachUnit(p[1:], func(nal []byte) { s.h264Unit(nal[0]&0x1f, nal, nal[1:]) })
	case 25:
		eachUnit(p[min(3, len(p)):], func(nal []byte) { s.h264Unit(nal[0]&0x1f, nal, nal[1:]) })
	case 28:
		s.h264Unit(p[1]&0x1f, nil, s.part(p[1], p[2:]))
	case 29:
		s.h264Unit(p[1]&0x1f, nil, s.part(p[1], p[min(4, len(p)):]))
	default:
		s.h264Unit(kind, p, p[1:])
	}
}

// h264Unit notes a NAL unit by its type (H.264 table 7-1): 1 to 5 are slices, 5
// is IDR, 7 the SPS. whole is nil for a part of a unit, and body is what follows
// its header, empty if that is elsewhere. 1, 2 and 5 begin with the number of
// the slice's first macroblock, of which 0 is written as a single bit (7.3.3).
func (s *sight) h264Unit(kind byte, whole, body []byte) {
	switch {
	case kind >= 1 && kind <= 5:
		s.slice = true
		s.key = s.key || kind == 5
		if kind != 3 && kind != 4 {
			s.begin(body)
		}
	case kind == 7 && whole != nil && s.sps == nil:
		s.sps = whole
	}
}

func (s *sight) h265(p []byte) {
	switch kind := p[0] >> 1 & 0x3f; kind {
	case 48:
		eachUnit(p[2:], func(nal []byte) { s.h265Unit(nal[0]>>1&0x3f, nal, nal[min(2, len(nal)):]) })
	case 49:
		s.h265Unit(p[2]&0x3f, nil, s.part(p[2], p[3:]))
	default:
		s.h265Unit(kind, p, p[2:])
	}
	if p[0]&1 != 0 || p[1]>>3 != 0 {
		s.firsts = 0 // of another layer, which has pictures of the same time
	}
}

// h265Unit notes a NAL unit by its type (H.265 table 7-1): 0 to 31 are slices,
// 16 to 21 start without another picture, 32 is the VPS, 33 the SPS. Slices begin
// with a bit that says whether they are the first of their picture (7.3.6.1).
func (s *sight) h265Unit(kind byte, whole, body []byte) {
	switch {
	case kind <= 31:
		s.slice = true
		s.key = s.key || kind >= 16 && kind <= 21
		s.begin(body)
	case kind == 32 && whole != nil && s.vps == nil:
		s.vps = whole
	case kind == 33 && whole != nil && s.sps == nil:
		s.sps = whole
	}
}

// part notes which part of a unit the payload is, from the S and E bits, and
// returns the body if it is the first.
func (s *sight) part(header byte, body []byte) []byte {
	s.goes, s.open = header&0x80 == 0, header&0x40 == 0
	if s.goes {
		return nil
	}
	return body
}

// begin notes the beginning of a slice.
func (s *sight) begin(body []byte) {
	if len(body) > 0 && body[0]&0x80 != 0 {
		s.firsts++
	}
}

// eachUnit walks the units of an aggregation packet, each behind its size, and
// stops at the first that is empty or reaches beyond the packet.
func eachUnit(p []byte, visit func(nal []byte)) {
	for len(p) > 2 {
		size := int(binary.BigEndian.Uint16(p))
		if size == 0 || size > len(p)-2 {
			return
		}
		visit(p[2 : 2+size])
		p = p[2+size:]
	}
}
