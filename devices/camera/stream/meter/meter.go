// Package meter measures a video stream from its RTP packets and RTCP sender reports
// without decoding a picture: codec and size from the parameter sets, frame rate,
// bit rate, key frames, loss, jitter, and the error of the camera's clock.
//
// Its rules:
//
//   - Measured, never declared. A figure that was not observed is absent, a
//     figure is finite, and beside it stands the sample it rests on.
//   - A frame is a distinct RTP time stamp that carries a slice. FPS counts
//     frames by arrival. Mean bit rate is taken from key frame to key frame
//     where two were seen, else from first to last frame, so that half a GOP
//     does not tilt it; the peak is the busiest second in steps of 0.1 s.
//     Both count RTP payload and the 12 bytes of the RTP header.
//   - Of a codec that is not looked into (MJPEG, MPEG-4, VP8, SVAC and others) every
//     time stamp is a frame, and none a key frame. In an MPEG transport or program
//     stream over RTP (MP2T, MP2P, MP1S) time stamps are not those of frames: there
//     are no frames, no rate of them and no jitter, and its packets say whether it
//     lives.
//   - GOPFrames and KeySeconds are of the last whole GOP, from key frame to key frame
//     without a jump of the sequence between.
//   - Packets is how many packets should have come, Loss the share of them that
//     did not. A sequence that jumps by more than 1,000 is a reset, not a loss.
//   - Jitter is RFC 3550 6.4.1 over the first packet of each frame. Where frames
//     are not sent in the order of their time stamps (B frames) there is none.
//   - Conform says that every frame has one time stamp and each its own. What breaks
//     the rule is seen in two neighbouring packets only, so that no loss accuses a
//     camera; halves of a frame may share one.
//   - RateMode is cbr if the seconds of whole GOPs differ in bytes by less than a
//     tenth (coefficient of variation), and vbr if not; it takes four stretches of
//     8 s in all, and says nothing of a steady stream of small frames.
//   - SmallFrames is the share of frames between key frames, whole ones, that hold
//     less than 200 bytes: nothing moves, or there is no picture.
//   - Parameters says where profile, level, size and nominal rate are from. The sets
//     in the stream count from their key frame on, and clear all that a description
//     said; other bytes with the same meaning are no change.
//   - ClockErrorMS is the NTP time of the last RTCP sender report minus its
//     arrival, corrected by half a round trip. A camera that has no time of day
//     (NTP zero, or counting from switch-on) has no figure.
//   - All that comes is hostile: memory is fixed, work per packet is bounded, and no
//     bytes panic.
//
// It knows no network, no RTSP and no clock of its own: time comes with the packet.
// It does not know sessions, thresholds, how long to look, or what a state is called.
package meter

import (
	"time"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// HeaderSize is what is counted for the header of a packet.
const HeaderSize = 12

// A Meter turns RTP packets and RTCP sender reports of one video track, each
// with its time of arrival, into figures. It has one writer, does arithmetic
// only, keeps a fixed amount of memory and knows no network.
//
//	packet ─► sequence ─► bytes, peak ─► see ──────► frame ─────► key frame ─► GOP
//	          again: out  late: out      sets, rule  jitter       sets
//	                                                 complete: sizes, steady
type Meter struct {
	Codec Codec         // before the first packet
	Clock int           // RTP clock in Hz, 0 if unknown; likewise
	Trip  time.Duration // round trip to the camera, 0 if unknown

	fps    float64 // by the description, 0 if unknown
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

// Describe takes the parameter sets of a description, of which any may be nil, and
// writes what they say into s. Those in the stream are believed more, see Fill.
func (m *Meter) Describe(vps, sps []byte, s *devices.Stream) {
	m.Codec.describe(sps, s)
	m.Codec.describeVPS(vps, s)
	if s.FPSNominal != nil {
		m.fps = *s.FPSNominal
	}
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

// Packet takes an RTP packet of the track.
func (m *Meter) Packet(p *rtp.Packet, at time.Time) {
	where := m.seq.take(p.SequenceNumber)
	if where == again {
		return
	}
	if m.firstPacketAt.IsZero() {
		m.firstPacketAt = at
	}
	before := m.bytes
	size := len(p.Payload) + HeaderSize
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
	s.see(m.Codec, p.Payload)
	m.sets.take(&s)
	m.isTorn = m.isTorn || !m.rule.follows(p) // also the frame before: its end may be missing
	if m.frame.at.IsZero() || p.Timestamp != m.ts || m.Codec == Multiplex {
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
func (m *Meter) look(s *sight) {
	if s.slice {
		m.sets.settle(m.Codec)
	}
	if s.slice && m.frame.n == 0 {
		m.frames++
		m.frame.n = m.frames
		m.jitter.frame(m.ts, m.frame.at, m.Clock)
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
func (m *Meter) endFrame(at time.Time) {
	if m.pictureAt.IsZero() && m.frame.n != 0 && (m.isKey || m.Codec == Other) {
		m.pictureAt = at
	}
}

// weigh takes the size of the frame before, which is known when the next one
// begins. before is how many bytes came until then.
func (m *Meter) weigh(before int64) {
	if m.frame.at.IsZero() || !m.Codec.looked() {
		return
	}
	if m.frame.n != 0 && !m.isKey && !m.isTorn {
		m.sizes.add(m.payload)
	}
	m.steady.frame(m.frame.at, before-m.frame.bytes, m.isKey)
}

// mayBeFields says whether two pictures of the stream may be halves of a frame.
// Those of H.265 never are: each field is a picture with a time of its own.
func (m *Meter) mayBeFields() bool {
	return m.Codec == H264 && (!m.sets.understood || m.sets.says.fields)
}
