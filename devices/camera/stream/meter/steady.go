package meter

import (
	"math"
	"time"
)

// smallFrame is how many bytes of a picture are next to nothing: under VBR a
// frame in which something moves has thousands.
const smallFrame = 200

// A sizes counts the frames between key frames, and the small ones of them.
type sizes struct{ frames, small int }

func (z *sizes) add(bytes int) {
	z.frames++
	if bytes < smallFrame {
		z.small++
	}
}

// share is that of the small frames, nil without frames.
func (z sizes) share() *float64 {
	if z.frames == 0 {
		return nil
	}
	return Figure(float64(z.small)/float64(z.frames), 4)
}

// What a rate mode rests on, and where it parts.
const (
	fewSeconds   = 8
	fewStretches = 4
	steadyBelow  = 0.1 // coefficient of variation
)

// A steady finds out whether an encoder keeps its rate. It takes the bytes of a
// second as the mean over whole GOPs, because the second with the key frame is
// the biggest under CBR too, by far where the GOP is long, and CBR encoders
// balance over a GOP or less:
//
//	key            key            key   key   key
//	 ▼              ▼              ▼     ▼     ▼
//	 █▄▄▄▄▄▄▄▄▄▄▄▄▄▄█▄▄▄▄▄▄▄▄▄▄▄▄▄▄█▄▄▄▄▄█▄▄▄▄▄█
//	 |  a stretch   |  a stretch   | a stretch |   a second at least
//
// Each second of a stretch weighs the same. The rate is constant (cbr) if the
// coefficient of variation of all seconds is below 0.1.
//
// What it cannot tell is why: a picture in which nothing changes has a constant
// rate under VBR too. So small frames alone are no sign of anything: an encoder
// that must keep a rate would fill them if it could.
type steady struct {
	from  time.Time // the key frame at which the stretch began; zero: none yet
	last  time.Time // the frame before
	bytes int64     // of the stretch

	stretches   int // of the window, as all below
	seconds     float64
	sum, square float64 // of the bytes of all seconds
}

// frame takes a frame that is complete.
func (y *steady) frame(at time.Time, bytes int64, key bool) {
	if at.Sub(y.last) > time.Second {
		y.drop() // a stall tells of the way here, not of the encoder
	}
	y.last = at
	if took := at.Sub(y.from); key && !y.from.IsZero() && took >= time.Second*9/10 { // a GOP of a second may come a bit fast
		y.end(took.Seconds())
	}
	if key && y.from.IsZero() {
		y.from, y.bytes = at, 0
	}
	y.bytes += bytes
}

// end adds the stretch to the window.
func (y *steady) end(took float64) {
	y.stretches++
	y.seconds += took
	y.sum += float64(y.bytes)
	y.square += float64(y.bytes) * float64(y.bytes) / took
	y.drop()
}

// drop forgets the stretch.
func (y *steady) drop() { y.from = time.Time{} }

// renew begins a window. The stretch goes on.
func (y *steady) renew() { y.stretches, y.seconds, y.sum, y.square = 0, 0, 0, 0 }

// mode is "cbr" or "vbr", "" if that cannot be said.
func (y *steady) mode(z sizes) string {
	if y.stretches < fewStretches || math.Round(y.seconds) < fewSeconds {
		return ""
	}
	mean := y.sum / y.seconds
	switch deviation := math.Sqrt(max(0, y.square/y.seconds-mean*mean)); {
	case deviation >= steadyBelow*mean:
		return "vbr"
	case 2*z.small > z.frames:
		return ""
	}
	return "cbr"
}
