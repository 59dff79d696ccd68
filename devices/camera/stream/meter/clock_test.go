package meter

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sitepost/devices"
)

// TestClockError reads the NTP time of a sender report to the millisecond, and
// knows a camera without a time of day.
func TestClockError(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 22, 40, 0, 900e6, time.UTC)
	after2036 := time.Date(2036, 2, 8, 0, 0, 0, 0, time.UTC)
	ntp := func(t time.Time) uint64 {
		return uint64(uint32(t.Unix()+ntpEpoch))<<32 | uint64(t.Nanosecond())<<32/1e9
	}
	for _, c := range []struct {
		name string
		ntp  uint64
		at   time.Time
		want string
	}{
		{"right", ntp(at), at, "5"}, // half a round trip of 10 ms
		{"fraction .9, 1.2 s ahead", ntp(at.Add(1200 * time.Millisecond)), at, "1205"},
		{"40 s behind", ntp(at.Add(-40 * time.Second)), at, "-39995"},
		{"a clock that starts in 2000", ntp(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), at, "-848616000895"},
		{"zero", 0, at, "absent"},
		{"counting from switch-on", 86400 << 32, at, "absent"},
		{"after the seconds have wrapped", ntp(after2036), after2036, "5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := Meter{Trip: 10 * time.Millisecond}
			m.Report(&rtcp.SenderReport{NTPTime: c.ntp}, c.at)
			var s devices.Stream
			m.Fill(&s, c.at)
			got := "absent"
			if s.ClockErrorMS != nil {
				got = fmt.Sprintf("%.0f", *s.ClockErrorMS)
			}
			if got != c.want || (s.SenderReports == 1) != (c.want != "absent") {
				t.Errorf("got %s of %d reports, want %s", got, s.SenderReports, c.want)
			}
		})
	}
}

// TestReportsAreOfTheWindow counts the usable sender reports of a window; the
// last of them says the clock error.
func TestReportsAreOfTheWindow(t *testing.T) {
	t.Parallel()
	var m Meter
	at := func(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }
	report := func(told, came time.Time) {
		m.Report(&rtcp.SenderReport{NTPTime: uint64(uint32(told.Unix()+ntpEpoch)) << 32}, came)
	}
	report(at(3), at(0))
	report(at(7), at(5))
	m.Report(&rtcp.SenderReport{NTPTime: 5 << 32}, at(6)) // of no use
	for i, want := range []struct {
		reports int
		ms      float64
	}{{2, 2000}, {0, -1}, {1, -1000}} {
		var s devices.Stream
		m.Fill(&s, at(10))
		m.Renew(at(10))
		got := -1.0
		if s.ClockErrorMS != nil {
			got = *s.ClockErrorMS
		}
		if s.SenderReports != want.reports || got != want.ms {
			t.Errorf("window %d: got %v ms of %d reports, want %v of %d", i, got, s.SenderReports, want.ms, want.reports)
		}
		if i == 1 {
			report(at(11), at(12))
		}
	}
}
