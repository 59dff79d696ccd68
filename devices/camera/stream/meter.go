package stream

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// rtpHeader is what is counted for the header of a packet.
const rtpHeader = 12

// A meter turns RTP packets and RTCP sender reports of one video track, each
// with its time of arrival, into figures. It has one writer, does arithmetic
// only, keeps a fixed amount of memory and knows no network.
//
//	packet ─► sequence ─► bytes, peak ─► see ─► frame ─► key frame
//	          again: out                 SPS    first packet: jitter
//	                                            late: out
type meter struct {
	codec codec
	clock int           // RTP clock in Hz, 0 if unknown
	trip  time.Duration // round trip to the camera, 0 if unknown

	seq    sequence
	bytes  int64
	peak   peak
	jitter jitter
	sps    []byte // the last one that came in band

	ts       uint32 // of the current frame
	frame    mark   // the current frame; n is 0 until it is seen to be a picture
	tail     time.Time
	isKey    bool
	frames   int
	keys     int
	gop      int  // frames between the last two key frames without a jump between
	gopFrom  mark // the key frame at which the current GOP began; n 0 if unknown
	first    mark
	last     mark
	firstKey mark
	lastKey  mark

	pictureAt time.Time // when the first picture that can be shown was complete
	ahead     *time.Duration
}

// A mark is a point in the stream: the beginning of a frame.
type mark struct {
	at    time.Time
	bytes int64 // that came before it
	n     int   // number of the frame, from 1
}

// packet takes an RTP packet of the track.
func (m *meter) packet(p *rtp.Packet, at time.Time) {
	where := m.seq.take(p.SequenceNumber)
	if where == again {
		return
	}
	before := m.bytes
	size := len(p.Payload) + rtpHeader
	m.bytes += int64(size)
	m.peak.add(size, at)

	s := m.codec.see(p.Payload)
	if s.sps != nil && len(s.sps) <= maxSPS && string(s.sps) != string(m.sps) {
		m.sps = append(m.sps[:0], s.sps...)
	}
	switch where {
	case late:
		return
	case jump:
		m.gopFrom, m.jitter.began = mark{}, false
	}
	if m.frame.at.IsZero() || p.Timestamp != m.ts {
		m.endFrame(m.tail)
		m.ts, m.isKey = p.Timestamp, false
		m.frame = mark{at: at, bytes: before}
	}
	m.tail = at
	m.look(s)
	if p.Marker {
		m.endFrame(at)
	}
}

// look notes what a packet adds to the current frame.
func (m *meter) look(s sight) {
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
	if m.gopFrom.n != 0 {
		m.gop = m.frame.n - m.gopFrom.n
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

// enough says whether a whole GOP was seen within at least a second.
func (m *meter) enough(now time.Time) bool {
	return m.gop > 0 && now.Sub(m.first.at) >= time.Second
}

// ntpEpoch is 1 January 1970 in NTP's seconds since 1900 (RFC 5905, figure 4).
const ntpEpoch = 2208988800

// report takes an RTCP sender report. Its NTP time has the seconds in the upper
// and their fraction in the lower 32 bits:
//
//	SSSSSSSS FFFFFFFF    F of 2^32 is a second
//
// The seconds wrap in February 2036: small ones are believed where that makes
// them a date near ours, and else are a camera counting from switch-on.
func (m *meter) report(r *rtcp.SenderReport, at time.Time) {
	seconds, fraction := int64(r.NTPTime>>32), int64(r.NTPTime&0xffffffff)
	if seconds < ntpEpoch {
		seconds += 1 << 32
		if d := seconds - ntpEpoch - at.Unix(); d > 366*86400 || d < -366*86400 {
			return
		}
	}
	told := time.Unix(seconds-ntpEpoch, fraction*int64(time.Second)>>32)
	ahead := told.Sub(at) + m.trip/2
	m.ahead = &ahead
}

// quiet is how long no picture had begun at until; without any picture it
// counts from since.
func (m *meter) quiet(since, until time.Time) time.Duration {
	if m.last.n == 0 {
		return until.Sub(since)
	}
	return until.Sub(m.last.at)
}

// gap is the mean time between two frames, 0 if unknown.
func (m *meter) gap() time.Duration {
	if m.frames < 2 {
		return 0
	}
	return m.last.at.Sub(m.first.at) / time.Duration(m.frames-1)
}

// fill writes the figures, as they stood at until, into s.
func (m *meter) fill(s *devices.Stream, until time.Time) {
	m.codec.describe(m.sps, s)
	if m.seq.expected > 0 {
		s.Packets, s.Loss = m.seq.expected, figure(m.seq.loss(), 6)
	}
	s.Duplicates, s.Resets = m.seq.duplicates, m.seq.resets
	s.Frames, s.KeyFrames = m.frames, m.keys
	s.JitterMS = m.jitter.ms(m.clock)
	s.PeakBPS = m.peak.bps(until)
	if gop := m.gop; gop > 0 {
		s.GOPFrames = &gop
	}
	if m.ahead != nil {
		s.ClockErrorMS = figure(float64(*m.ahead)/1e6, 1)
	}
	m.fillRates(s, until)
}

// fillRates reckons frame and bit rate from the first to the last frame, whose
// own length is not known. A stream that fell silent is reckoned to the end of
// the visit, so that silence does not flatter it.
func (m *meter) fillRates(s *devices.Stream, until time.Time) {
	if m.frames < 2 {
		return
	}
	from, to := m.first, m.last
	silent := until.Sub(to.at) > max(time.Second, 3*m.gap())
	if silent {
		to = mark{at: until, bytes: m.bytes, n: m.frames + 1}
	}
	s.FPS = per(float64(to.n-from.n), to.at.Sub(from.at), 3)
	if !silent && m.lastKey.n > m.firstKey.n {
		from, to = m.firstKey, m.lastKey
	}
	s.BitrateBPS = per(float64(to.bytes-from.bytes)*8, to.at.Sub(from.at), 0)
}

// per is v per second over d, nil where no time passed.
func per(v float64, d time.Duration, decimals int) *float64 {
	if d <= 0 {
		return nil
	}
	return figure(v/d.Seconds(), decimals)
}
