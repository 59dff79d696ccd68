package status

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sitepost/cmd/sitepost/box"
)

// What findings say, in English, as it goes into the document. The screen says it in
// the language of the person who reads (screen.go).
const (
	textStoreFails  = "the disk refuses what is written"
	nextStoreFails  = "look at the disk: is it full, read-only or broken?"
	nextSetAside    = "look at disk and power supply; at the second time replace the disk. Then move the folder damaged/ away"
	textNoCity      = "no broker is configured: everything stays on disk"
	nextNoCity      = "add [[uplink.broker]] to the site file"
	textUnanswered  = "the broker does not acknowledge what it is sent"
	textTakenOver   = "another box uses our name at the broker"
	nextTakenOver   = "find the other box that is configured as this site, or runs a copy of its disk"
	textRefuses     = "this broker refuses the box"
	nextRefuses     = "ask the city whether user, password, certificate and rights of this box are as it expects"
	nextSpare       = "see why this one cannot be reached; it is used again when it has answered for 10 minutes"
	nextTolerated   = "set the clock, and see that it stays set: chrony or systemd-timesyncd"
	textNoMains     = "the box has no mains"
	textUnsynced    = "the clock is not synchronised"
	nextUnsynced    = "check chrony or systemd-timesyncd"
	nextNotAccepted = "correct it, then say `sitepost reload`"
	nextAtRestart   = "restart sitepost when that suits the site"
	textStoreFull   = "the store is full: what is more than readings is being dropped"
	nextOverloaded  = "`sitepost check --rounds` says who takes how much of its time: move instruments to another line, or raise its baud rate"
	nextStoreFull   = "look at the disk and at size in [store]; bring the city back, so that what waits can go"
)

func textAway(why string) string {
	return "the city is away: " + cmp.Or(why, "not connected yet")
}

func textRejected(why, inForce string) string {
	return fmt.Sprintf("the site file is not accepted, and the last one that was, %.12s, is in force: %s", inForce, why)
}

func textAtRestart(keys []string) string {
	return "of the site file this counts only from the next restart on: " + strings.Join(keys, ", ")
}

// textSpare says that another broker has the link.
func textSpare(broker string) string {
	return "the preferred broker is away, and " + broker + " has the link"
}

func textTolerated(from time.Time) string {
	return "its certificate begins only on " + from.UTC().Format("2006-01-02 15:04 UTC") + ", and was taken because the clock is not set"
}

func textOpen(o Open) string {
	text := string(o.Type)
	if m, known := o.Type.Meaning(); known {
		text = m.English
	}
	if o.Subject != "" {
		text += " at " + o.Subject
	}
	if o.Unconfirmed {
		text += ", not confirmed"
	}
	return text
}

func textDevice(d Device) string { return join(": ", d.State, d.Why) }

func textBattery(percent *int) string {
	if percent == nil {
		return "the battery is low"
	}
	return fmt.Sprintf("the battery is low: %d %%", *percent)
}

func textOff(c box.Compared) string {
	way, off := "ahead of", -c.Offset
	if off < 0 {
		way, off = "behind", -off
	}
	return fmt.Sprintf("the clock is %.3f s %s that of this server", off, way)
}

func textSetAside(files []string) string {
	return fmt.Sprintf("%s of the store: damaged and replaced, now in damaged/ (%s)", count(uint64(len(files)), "file"), strings.Join(files, ", "))
}

func textWear(day float64) string {
	return fmt.Sprintf("%.1f GB a day are written: storage wears out", day/1e9)
}

func count(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatUint(n, 10) + " " + what
}

// join joins what is not empty.
func join(with string, parts ...string) string {
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, with)
}
