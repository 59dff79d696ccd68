package instrument

import (
	"bytes"
	"time"
)

// maxFrame bounds a frame and what is kept of an unfinished one.
const maxFrame = 4096

// A framing says where a frame begins and ends and how it proves itself. It
// has a length, an end or a gap; a length also has a start, an end, a gap or a
// check, else its frames could not be found again after noise.
type framing struct {
	start, end []byte
	skip       []byte // bytes that may stand between frames, in any order
	length     *length
	gap        time.Duration // a pause that ends a frame
	check      *check
	expectAt   int
	expect     pattern // nil: the frame does not name its sender
	anonymous  bool
}

// A length is a number of bytes or a field of the frame that says it.
type length struct {
	bytes int // fixed, 0 for a field
	at    int
	field number
	plus  int // field + plus is the length of the whole frame
}

// byGap says whether nothing but a pause ends a frame.
func (f *framing) byGap() bool { return f.length == nil && f.end == nil }

// A cut is what the framer found: a frame, or one that was refused.
type cut struct {
	frame   []byte // until the next feed
	refused bool
	empty   bool  // it held nothing that the profile reads
	at      int64 // place of its first byte in all that was heard
}

// A framer cuts what is heard into frames.
//
//	heard ─► seek a start ─► find the extent ─► end, check ─► sender ─► frame
//	             ▲                  │ too long     │ bad        │ another's
//	             └── one byte goes ◄┴──────────────┘            └─► the frame goes
//
// Where the pieces of what is heard are cut makes no difference to the frames.
type framer struct {
	*framing
	sender    []byte        // expect, with the address put in
	character time.Duration // time that one character takes on the wire

	room      []byte // what buf lies in
	buf       []byte
	position  int64 // of buf[0]
	searched  int   // so much of buf holds no end
	refusedTo int64 // frames that are refused before here are debris of one that was told
	noiseTo   int64 // what begins before here is a proof's noise
	last      time.Time
	closing   bool // a pause came: what is there is all there is
}

func newFramer(rules *framing, address int, character time.Duration) *framer {
	return &framer{framing: rules, sender: rules.expect.fill(address), character: character}
}

// feed takes what was heard, the last byte at the time given.
func (f *framer) feed(at time.Time, heard []byte) []cut {
	var cuts []cut
	if pause := at.Sub(f.last) - f.character*time.Duration(len(heard)); f.gap > 0 && pause >= f.gap {
		cuts = f.close()
	}
	if len(heard) > 0 {
		f.last = at
	}
	kept := copy(f.room[:cap(f.room)], f.buf)
	f.room = append(f.room[:kept], heard...)
	f.buf = f.room
	return f.cuts(cuts)
}

// close ends a frame by a pause.
func (f *framer) close() []cut {
	if len(f.buf) == 0 {
		return nil
	}
	var cuts []cut
	if f.byGap() {
		f.closing = true
		cuts = f.cuts(nil)
		f.closing = false
		for i := range cuts { // the room is about to be used again
			cuts[i].frame = bytes.Clone(cuts[i].frame)
		}
	}
	f.drop(len(f.buf))
	return cuts
}

// forget drops a half-heard frame.
func (f *framer) forget() { f.drop(len(f.buf)) }

// cuts appends all frames that can be had now.
func (f *framer) cuts(to []cut) []cut {
	for f.seek() {
		n, whole := f.extent()
		switch {
		case n == 0:
			return to
		case whole && f.good(f.buf[:n]):
			if f.ours(f.buf[:n]) {
				to = append(to, cut{frame: f.buf[:n:n], at: f.position})
			}
			f.drop(n)
		default:
			if f.position >= f.refusedTo {
				to = append(to, cut{refused: true, at: f.position})
				f.refusedTo = f.debris(int64(n))
			}
			f.drop(1)
		}
	}
	return to
}

// debris returns where what belongs to a refused frame of n bytes ends. Noise
// has none in what is heard behind it.
func (f *framer) debris(n int64) int64 {
	if f.position < f.noiseTo {
		return min(f.position+n, f.noiseTo)
	}
	return f.position + n
}

// seek drops what cannot begin a frame and says whether something is left.
func (f *framer) seek() bool {
	n := 0
	for n < len(f.buf) && bytes.IndexByte(f.skip, f.buf[n]) >= 0 {
		n++
	}
	f.drop(n)
	if i := bytes.Index(f.buf, f.start); i >= 0 {
		f.drop(i)
		return len(f.buf) > 0
	}
	f.drop(max(0, len(f.buf)-len(f.start)+1)) // a start may have begun
	return false
}

// extent returns how long the frame is that buf begins with: 0 is not known
// yet. One that is not whole can never become a frame.
func (f *framer) extent() (n int, whole bool) {
	switch {
	case f.length != nil && f.length.bytes > 0:
		n = f.length.bytes
	case f.length != nil:
		head := f.length.at + f.length.field.width()
		if len(f.buf) < head {
			return 0, false
		}
		n = int(f.length.field.bits(f.buf[f.length.at:head])) + f.length.plus
		if n < head || n > maxFrame {
			return 1, false
		}
	case f.end != nil:
		return f.toEnd()
	case len(f.buf) > maxFrame:
		return maxFrame, false
	case f.closing:
		n = len(f.buf)
	default:
		return 0, false
	}
	if len(f.buf) < n {
		return 0, false
	}
	return n, true
}

// toEnd looks for the end of the frame, and for the last start before it.
func (f *framer) toEnd() (n int, whole bool) {
	window := f.buf[:min(len(f.buf), maxFrame)]
	from := min(max(len(f.start), f.searched-len(f.end)+1), len(window))
	i := bytes.Index(window[from:], f.end)
	if i < 0 {
		f.searched = len(window)
		if len(window) == maxFrame {
			return maxFrame, false
		}
		return 0, false
	}
	i += from
	f.searched = i
	n = i + len(f.end)
	if begin := bytes.LastIndex(window[:i], f.start); begin > 0 && len(f.start) > 0 {
		f.drop(begin)
		n -= begin
	}
	return n, true
}

// good says whether a frame ends as it should and bears its check.
func (f *framer) good(frame []byte) bool {
	return bytes.HasSuffix(frame, f.end) && (f.check == nil || f.check.good(frame))
}

// ours says whether a frame names the sender that was asked.
func (f *framer) ours(frame []byte) bool {
	at := fromEnd(f.expectAt, len(frame))
	return at >= 0 && at <= len(frame) && bytes.HasPrefix(frame[at:], f.sender)
}

// drop takes bytes off the front.
func (f *framer) drop(n int) {
	f.buf = f.buf[n:]
	f.position += int64(n)
	f.searched = max(0, f.searched-n)
}
