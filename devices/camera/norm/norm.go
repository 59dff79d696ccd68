// Package norm says what a camera's stream should be, and whether what was
// measured is that: one visit by [Judge], a camera over time by a [Pool].
//
// Its rules:
//
//   - A figure that is absent, not finite or without its sample does not count.
//     Nothing is accused that was not measured.
//   - Figures of several visits are pooled: lost packets by the packets that should
//     have come; jitter, frame and bit rate and the time to the first picture by the
//     median, so that one odd visit accuses nobody.
//   - A frame or bit rate is too low below 95 % of its limit: a camera set to 25
//     never sends 25.000.
//   - A loss needs so many packets that the limit would be five lost ones, and
//     5,000 at least: 1 packet of 1,500 proves nothing. It is proven sooner only
//     where more are lost already than the limit allows in so many.
//   - A camera that is set to 12 frames a second, one that slows down in the dark
//     and one that saves bits while nothing moves are accused like all others: the
//     limit is what the site wants to see. What to do about it tells them apart,
//     and for a camera that does so on purpose it is another limit.
//   - Who is accused over time is acquitted only well within the limit.
//   - Every finding says what was measured, what is wanted, on which sample, and
//     what a technician does about it.
//
// It is arithmetic on [devices.Stream] and dials nobody. It does not know how
// figures are measured, how often a camera is visited, which visits belong
// together, or which finding becomes which event.
package norm

import "time"

// Limits say what a stream should be. A zero is not judged.
type Limits struct {
	Loss       float64       // share of packets, 0 to 1, at most
	Jitter     time.Duration // at most
	FPS        float64       // at least
	Bitrate    int64         // bit/s, at least
	Clock      time.Duration // the camera's clock ahead or behind, at most
	FirstFrame time.Duration // from dialling to the first picture, at most

	HDWidth, HDHeight int     // pixels, at least; upright pictures are as good
	HDFPS             float64 // at least
}

// Defaults are the figures of GB/T 28181-2016 chapter 5 for loss, jitter, and the
// frame and bit rate of important places. The clock and the first picture are our
// own: no norm was found for them. What is HD only a site can say.
func Defaults() Limits {
	return Limits{
		Loss: 1e-3, Jitter: 50 * time.Millisecond, FPS: 25, Bitrate: 2e6,
		Clock: 5 * time.Second, FirstFrame: 5 * time.Second,
	}
}

// What a [Finding] is about.
const (
	Loss       = "loss"
	Jitter     = "jitter"
	FPS        = "fps"
	Bitrate    = "bitrate"
	FirstFrame = "first_frame"
	Clock      = "clock"
	HD         = "hd"
	Timestamps = "timestamps"   // one RTP time stamp per frame
	NoKeyFrame = "no key frame" // nobody who begins to look sees a picture
	Static     = "static"       // a hint: the picture does not move, or is none
)

// Subjects lists all that [Judge] looks at, in its order.
func Subjects() []string {
	return []string{Loss, Jitter, FPS, Bitrate, FirstFrame, Timestamps, NoKeyFrame, Clock, HD, Static}
}

// A Finding is one thing that is not as it should be.
type Finding struct {
	About  string `json:"about"`               // one of the words above
	Text   string `json:"text"`                // measured, limit and sample in one short clause
	Next   string `json:"next_step,omitempty"` // what a technician does at the camera or the network
	Source string `json:"source,omitempty"`    // where the limit is from

	// Open is true where nothing is accused, because nothing was measured, the
	// sample is too small, or there is no limit: Text says which.
	Open bool `json:"-"`
}

// Where limits are from.
const (
	norm2016 = "GB/T 28181-2016, chapter 5"
	norm2022 = "GB/T 28181-2022"
	ownLimit = "sitepost's own default"
	siteSays = "the site's [stream]"
	siteHD   = "the site's [hd]"
)

// source says where a limit is from: from is true of the default only.
func source[T comparable](limit, byDefault T, from string) string {
	if limit == byDefault {
		return from
	}
	return siteSays
}
