package stream

import "time"

// renew begins a new window: the next fill counts from here. It stands in until
// the meter can do it properly.
func (m *meter) renew(time.Time) {
	m.seq.expected, m.seq.came, m.seq.duplicates, m.seq.resets = 0, 0, 0, 0
	m.frames, m.keys, m.gop, m.gopFrom = 0, 0, 0, mark{}
	m.frame.n = 0
	m.first, m.last, m.firstKey, m.lastKey = mark{}, mark{}, mark{}, mark{}
	m.peak, m.jitter, m.ahead = peak{}, jitter{}, nil
}

// changed says, once for each change, that the parameter set differs from the
// one before. It stands in until the meter knows.
func (m *meter) changed() bool { return false }
