package stream

import (
	"time"

	"github.com/pion/rtp"
)

// rtpHeader is what is counted for the header of a packet.
const rtpHeader = 12

// A meter turns RTP packets and RTCP sender reports of one video track, each
// with its time of arrival, into figures. It has one writer, does arithmetic
// only, keeps a fixed amount of memory and knows no network.
//
//	packet ─► sequence ─► bytes, peak ─► see ──────► frame ─────► key frame ─► GOP
//	          again: out  late: out      sets, rule  jitter       sets
//	                                                 complete: sizes, steady
type meter struct {
	codec codec
	clock int           // RTP clock in Hz, 0 if unknown
	fps   float64       // by the description, 0 if unknown
	trip  time.Duration // round trip to the camera, 0 if unknown

	seq    sequence
	bytes  int64
	peak   peak
	jitter jitter
	sets   sets
	rule   conform
	sizes  sizes
	steady steady

	ts       uint32 // of the current frame
	frame    mark   // the current frame; n is 0 until it is seen to be a picture
	tail     time.Time
	isKey    bool
	isTorn   bool // something of it is missing, or may be
	payload  int  // bytes of its packets that are of a picture
	frames   int  // of a multiplex: packets
	keys     int
	gop      gop  // the last whole one of this window
	gopFrom  mark // the key frame at which the current GOP began; n 0 if unknown
	first    mark
	last     mark
	firstKey mark
	lastKey  mark

	firstPacketAt time.Time
	pictureAt     time.Time // when the first picture that can be shown was complete
	reports       int       // usable sender reports of this window
	ahead         time.Duration
	window        window
}

// A mark is a point in the stream: the beginning of a frame.
type mark struct {
	at    time.Time
	bytes int64 // that came before it
	n     int   // number of the frame, from 1
}

// A gop is the way from one key frame to the next without a jump between.
type gop struct {
	frames int // 0 if none was seen
	took   time.Duration
}

// packet takes an RTP packet of the track.
func (m *meter) packet(p *rtp.Packet, at time.Time) {
	where := m.seq.take(p.SequenceNumber)
	if where == again {
		return
	}
	if m.firstPacketAt.IsZero() {
		m.firstPacketAt = at
	}
	before := m.bytes
	size := len(p.Payload) + rtpHeader
	m.bytes += int64(size)
	m.peak.add(size, at)

	switch where {
	case late:
		return
	case jump:
		m.gopFrom, m.jitter.began = mark{}, false
		m.rule.jump()
		m.steady.drop()
	}
	var s sight
	s.see(m.codec, p.Payload)
	m.sets.take(&s)
	m.isTorn = m.isTorn || !m.rule.follows(p) // also the frame before: its end may be missing
	if m.frame.at.IsZero() || p.Timestamp != m.ts || m.codec == multiplex {
		m.endFrame(m.tail)
		m.weigh(before)
		m.ts, m.isKey, m.isTorn, m.payload = p.Timestamp, false, !m.rule.follows(p), 0
		m.frame = mark{at: at, bytes: before}
	}
	m.tail = at
	m.look(&s)
	if s.slice {
		m.payload += len(p.Payload)
	}
	m.rule.packet(p, &s, m.mayBeFields())
	if p.Marker {
		m.endFrame(at)
	}
}

// look notes what a packet adds to the current frame.
func (m *meter) look(s *sight) {
	if s.slice {
		m.sets.settle(m.codec)
	}
	if s.slice && m.frame.n == 0 {
		m.frames++
		m.frame.n = m.frames
		m.jitter.frame(m.ts, m.frame.at, m.clock)
		m.last = m.frame
		if m.first.n == 0 {
			m.first = m.frame
		}
	}
	if !s.key || m.isKey {
		return
	}
	m.isKey = true
	m.keys++
	m.sets.next()
	if m.gopFrom.n != 0 {
		m.gop = gop{m.frame.n - m.gopFrom.n, m.frame.at.Sub(m.gopFrom.at)}
	}
	m.gopFrom, m.lastKey = m.frame, m.frame
	if m.firstKey.n == 0 {
		m.firstKey = m.frame
	}
}

// endFrame is called when the current frame is complete, and may be called
// again: by its marker, and by the next time stamp for cameras whose markers
// cannot be trusted.
func (m *meter) endFrame(at time.Time) {
	if m.pictureAt.IsZero() && m.frame.n != 0 && (m.isKey || m.codec == other) {
		m.pictureAt = at
	}
}

// weigh takes the size of the frame before, which is known when the next one
// begins. before is how many bytes came until then.
func (m *meter) weigh(before int64) {
	if m.frame.at.IsZero() || !m.codec.looked() {
		return
	}
	if m.frame.n != 0 && !m.isKey && !m.isTorn {
		m.sizes.add(m.payload)
	}
	m.steady.frame(m.frame.at, before-m.frame.bytes, m.isKey)
}

// mayBeFields says whether two pictures of the stream may be halves of a frame.
// Those of H.265 never are: each field is a picture with a time of its own.
func (m *meter) mayBeFields() bool {
	return m.codec == h264Codec && (!m.sets.understood || m.sets.says.fields)
}
