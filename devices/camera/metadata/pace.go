package metadata

import "time"

// How much of a track is read. Frames come with every picture where a camera wants
// it so; events are few, unless it tells anew how everything stands. A large document
// counts for several: of frames half a MiB a second is read, of events a MiB, and a
// MiB of nothing but tags costs a quarter of a second of a processor.
const (
	frameEach, framesAtOnce, frameSize = 100 * time.Millisecond, 10, 50 << 10 // documents for their frames
	eventEach, eventsAtOnce, eventSize = 20 * time.Millisecond, 50, 20 << 10  // documents for their events
	noticeEach, noticesAtOnce          = 10 * time.Millisecond, 1000
)

// How much is unpacked, a MiB of text a second: a few bytes unpack to a whole
// document. What is in a document beyond that nobody knows, also not whether there is
// an event in it.
const (
	unpackEach, unpackAtOnce, unpackSize = 4 * time.Millisecond, 512, 4 << 10
	unpackMost                           = 1 + maxDocument/unpackSize + 1 // for one try
)

// paces are the three buckets. Each has its own, so that no flood of frames takes
// anything from the events.
type paces struct{ frame, event, notice bucket }

func (p *paces) frames(now time.Time, size int) bool {
	return p.frame.spend(now, frameEach, framesAtOnce, 1+size/frameSize)
}

func (p *paces) events(now time.Time, size int) bool {
	return p.event.spend(now, eventEach, eventsAtOnce, 1+size/eventSize)
}

func (p *paces) notices(now time.Time) bool {
	return p.notice.spend(now, noticeEach, noticesAtOnce, 1)
}

// A bucket is full to begin with, and gets one more each so often.
type bucket struct{ full time.Time }

// spend takes n out of it, if there are as many.
func (b *bucket) spend(now time.Time, each time.Duration, most, n int) bool {
	whole, cost := each*time.Duration(most), each*time.Duration(n)
	if b.full.Before(now) || b.full.Sub(now) > whole { // full, or the clock was set back
		b.full = now
	}
	if b.full.Add(cost).Sub(now) > whole {
		return false
	}
	b.full = b.full.Add(cost)
	return true
}

// giveBack puts n back that were spent and not used.
func (b *bucket) giveBack(each time.Duration, n int) { b.full = b.full.Add(-each * time.Duration(n)) }
