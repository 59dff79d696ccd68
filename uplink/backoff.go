package uplink

import "time"

// How long the link waits before it dials again. The pause is drawn evenly from
// zero to a ceiling that doubles ("full jitter"): after an outage thousands of
// sites come back at once, and nothing else keeps them apart.
const (
	firstPause   = time.Second
	longestPause = time.Minute
	refusedPause = time.Minute      // a broker that refused us is not asked again sooner
	steadyAfter  = 30 * time.Second // a connection that held so long was a good one
)

// pause returns the wait after the given number of failures in a row, counted
// from 0. roll is a random number from 0 to 1.
func pause(failures int, roll float64) time.Duration {
	ceiling := longestPause
	if failures < 6 { // 1 s, 2 s, 4 s … 32 s
		ceiling = firstPause << failures
	}
	return time.Duration(roll * float64(ceiling))
}
