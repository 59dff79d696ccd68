package camera

import (
	"math"
	"time"

	"sitepost/devices/camera/onvif"
)

const day = 24 * time.Hour

// aheadAllowed is how far the oldest recording may lie in the future: what a
// recorder that keeps local time for UTC is wrong by.
const aheadAllowed = day

// Retention judges the recordings of one channel against the days that the site
// must keep. now is that of the recorder's own clock, which dated them.
//
// A day that has begun counts: recorders delete by the day or the hour, and one
// that is set to 90 days has rarely all of the ninetieth. known is false if no
// recording of the channel tells when it begins.
//
// A recorder or disk that is younger than keepDays is short as well: the city
// cannot be shown what is not there, whatever the reason.
func Retention(keepDays int, recordings []onvif.Recording, channel int, now time.Time) (oldestDays int, short, known bool) {
	oldest, known := oldestOf(recordings, channel)
	age := now.Sub(oldest)
	if !known || age < -aheadAllowed {
		return 0, false, false
	}
	oldestDays = int(math.Ceil(max(age, 0).Hours() / day.Hours()))
	return oldestDays, oldestDays < keepDays, true
}

// oldestOf is when the oldest recording of a channel begins.
func oldestOf(recordings []onvif.Recording, channel int) (oldest time.Time, known bool) {
	for _, r := range recordings {
		if r.Channel != channel || r.Earliest.IsZero() {
			continue
		}
		if !known || r.Earliest.Before(oldest) {
			oldest, known = r.Earliest, true
		}
	}
	return oldest, known
}
