package metadata

import "time"

// How much of a track is read. Frames come with every picture where a camera wants
// it so; events are few, unless it tells anew how everything stands.
const (
	frameEach, framesAtOnce   = 100 * time.Millisecond, 10 // documents for their frames
	eventEach, eventsAtOnce   = 20 * time.Millisecond, 50  // documents for their events
	noticeEach, noticesAtOnce = 10 * time.Millisecond, 1000
)

// paces are the three buckets. Each has its own, so that no flood of frames takes
// anything from the events.
type paces struct{ frame, event, notice bucket }

func (p *paces) frames(now time.Time) bool  { return p.frame.spend(now, frameEach, framesAtOnce) }
func (p *paces) events(now time.Time) bool  { return p.event.spend(now, eventEach, eventsAtOnce) }
func (p *paces) notices(now time.Time) bool { return p.notice.spend(now, noticeEach, noticesAtOnce) }

// A bucket is full to begin with, and gets one more each so often.
type bucket struct{ full time.Time }

// spend takes one out of it, if there is one.
func (b *bucket) spend(now time.Time, each time.Duration, most int) bool {
	whole := each * time.Duration(most)
	if b.full.Before(now) || b.full.Sub(now) > whole { // full, or the clock was set back
		b.full = now
	}
	if b.full.Add(each).Sub(now) > whole {
		return false
	}
	b.full = b.full.Add(each)
	return true
}
