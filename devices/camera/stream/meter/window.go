package meter

import (
	"time"

	"sitepost/devices"
)

// A window is the part of a stream that the figures are of: all of a visit, or
// what came since the figures before. Rates are reckoned from exactly where
// those of the window before ended, so that nothing is left out between two
// windows or counted in both.
type window struct {
	frames, keys int           // that came before it
	from         mark          // where the frame rate begins; n 0: at the first frame
	bitsFrom     mark          // where the bit rate begins; n 0: at the first key frame
	gap          time.Duration // between frames, in the window before
}

// Renew ends the window and begins the next: Fill then counts only what comes
// from now on. What is under way, a frame, a GOP, the busiest second, goes on.
func (m *Meter) Renew(at time.Time) {
	next := window{frames: m.frames, keys: m.keys, from: m.window.from, bitsFrom: m.window.bitsFrom, gap: m.gap()}
	if frames, bits := m.spans(at); frames.took() > 0 {
		next.from, next.bitsFrom = frames.to, bits.to
	}
	m.window = next
	m.seq.renew()
	m.peak.renew(at)
	m.jitter.renew()
	m.rule.renew()
	m.steady.renew()
	m.sizes, m.gop, m.reports = sizes{}, gop{}, 0
}

// gap is the mean time between two frames, 0 if unknown: in this window, or in
// the one before as long as too few came.
func (m *Meter) gap() time.Duration {
	from := m.window.from
	if from.n == 0 {
		from = m.first
	}
	if n := m.last.n - from.n; n > 0 {
		return m.last.at.Sub(from.at) / time.Duration(n)
	}
	return m.window.gap
}

// Fill writes the figures of the window, as they stood at until, into s.
func (m *Meter) Fill(s *devices.Stream, until time.Time) {
	if !m.sets.understood {
		m.sets.settle(m.Codec)
	}
	m.sets.fill(s)
	if m.seq.expected > 0 {
		s.Packets, s.Loss = m.seq.expected, Figure(m.seq.loss(), 6)
	}
	s.Duplicates, s.Resets = m.seq.duplicates, m.seq.resets
	s.PeakBPS = m.peak.bps(until)
	frames, bits := m.spans(until)
	s.BitrateBPS = per(float64(bits.to.bytes-bits.from.bytes)*8, bits.took(), 0)
	if gop := m.gop; gop.frames > 0 {
		s.GOPFrames, s.KeySeconds = &gop.frames, Figure(gop.took.Seconds(), 3)
	}
	if m.reports > 0 {
		s.ClockErrorMS, s.SenderReports = Figure(float64(m.ahead)/1e6, 1), m.reports
	}
	if m.Codec == Multiplex {
		return
	}
	s.Frames = m.frames - m.window.frames
	s.KeyFrames = min(m.keys-m.window.keys, s.Frames) // a frame may turn out to be a key frame behind the border
	s.FPS = per(float64(frames.to.n-frames.from.n), frames.took(), 3)
	s.JitterMS = m.jitter.ms(m.Clock)
	if conform := !m.rule.broken; m.Codec.looked() && s.Frames > 0 {
		s.Conform = &conform
	}
	s.RateMode, s.SmallFrames, s.InterFrames = m.steady.mode(m.sizes), m.sizes.share(), m.sizes.frames
}

// A span is what a rate is reckoned over.
type span struct{ from, to mark }

func (s span) took() time.Duration { return s.to.at.Sub(s.from.at) }

// spans says over what frame and bit rate are reckoned: from the first to the
// last frame, whose own length is not known, and from the first to the last key
// frame where there are two. A stream that fell silent is reckoned to the end of
// the window, so that silence does not flatter it.
func (m *Meter) spans(until time.Time) (frames, bits span) {
	if m.frames < 2 {
		return span{}, span{}
	}
	frames, bits = span{m.window.from, m.last}, span{m.window.bitsFrom, m.last}
	if frames.from.n == 0 {
		frames.from = m.first
	}
	silent := until.Sub(m.last.at) > max(time.Second, 3*m.gap())
	switch {
	case bits.from.n != 0:
	case !silent && m.lastKey.n > m.firstKey.n:
		bits.from = m.firstKey
	default:
		bits.from = m.first
	}
	switch {
	case silent:
		frames.to = mark{at: until, bytes: m.bytes, n: m.frames + 1}
		bits.to = frames.to
	case m.lastKey.at.After(bits.from.at):
		bits.to = m.lastKey
	}
	return frames, bits
}

// per is v per second over d, nil where no time passed.
func per(v float64, d time.Duration, decimals int) *float64 {
	if d <= 0 {
		return nil
	}
	return Figure(v/d.Seconds(), decimals)
}
