package box

import (
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/ingest/store"
)

// timesyncFile exists once systemd-timesyncd has set the clock.
const timesyncFile = "/run/systemd/timesync/synchronized"

// ReadClock says how far the box's clock can be trusted now. The kernel's own
// word counts (adjtimex, read only), or timesyncd's where a hardened unit
// forbids that call. sitepost never sets a clock.
func ReadClock() store.Clock {
	c := store.Clock{Source: "none", Boot: bootID()}
	var up unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) == nil {
		c.UptimeMS = time.Duration(up.Nano()).Milliseconds()
	}
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	switch {
	case err == nil && state != unix.TIME_ERROR && tx.Status&unix.STA_UNSYNC == 0:
		c.Source, c.Synced = "ntp", true
	case err != nil: // the kernel does not tell us
		if _, err := os.Stat(timesyncFile); err == nil {
			c.Source, c.Synced = "ntp", true
		}
	}
	return c
}

// bootID is the kernel's name for this boot, the same until the next one.
var bootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
})
