package meter

import "time"

// What of a stream is known at any time, between two windows: what a watcher needs
// to say whether it lives, and when a window may end.

// FirstPacket is when the first packet came, zero if none did.
func (m *Meter) FirstPacket() time.Time { return m.firstPacketAt }

// FirstFrame is when the first frame began, zero if none did.
func (m *Meter) FirstFrame() time.Time { return m.first.at }

// FirstPicture is when the first picture that can be shown was complete, zero if
// none was.
func (m *Meter) FirstPicture() time.Time { return m.pictureAt }

// Dark says whether a picture that can be shown is still waited for.
func (m *Meter) Dark() bool { return m.pictureAt.IsZero() && m.Codec != Multiplex }

// Once says whether one frame came and nobody knows how far the next is.
func (m *Meter) Once() bool { return m.last.n > 0 && m.gap() == 0 }

// Whole says whether a whole GOP was seen in this window.
func (m *Meter) Whole() bool { return m.gop.frames > 0 }

// Quiet is how long no frame had begun at until; without any frame it counts from
// since.
func (m *Meter) Quiet(since, until time.Time) time.Duration {
	if m.last.n == 0 {
		return until.Sub(since)
	}
	return until.Sub(m.last.at)
}

// Pace is the mean time between two frames, and before two came what the parameter
// sets say of it; 0 if unknown.
func (m *Meter) Pace() time.Duration {
	if gap := m.gap(); gap > 0 {
		return gap
	}
	fps := m.fps
	if m.sets.understood {
		fps = m.sets.says.fps
	}
	if fps <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / fps)
}
