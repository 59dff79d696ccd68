package meter

import (
	"time"

	"github.com/pion/rtcp"
)

// ntpEpoch is 1 January 1970 in NTP's seconds since 1900 (RFC 5905, figure 4).
const ntpEpoch = 2208988800

// Report takes an RTCP sender report. Its NTP time has the seconds in the upper
// and their fraction in the lower 32 bits:
//
//	SSSSSSSS FFFFFFFF    F of 2^32 is a second
//
// The seconds wrap in February 2036: small ones are believed where that makes
// them a date near ours, and else are a camera counting from switch-on.
func (m *Meter) Report(r *rtcp.SenderReport, at time.Time) {
	seconds, fraction := int64(r.NTPTime>>32), int64(r.NTPTime&0xffffffff)
	if seconds < ntpEpoch {
		seconds += 1 << 32
		if d := seconds - ntpEpoch - at.Unix(); d > 366*86400 || d < -366*86400 {
			return
		}
	}
	told := time.Unix(seconds-ntpEpoch, fraction*int64(time.Second)>>32)
	m.reports++
	m.ahead = told.Sub(at) + m.Trip/2
}
