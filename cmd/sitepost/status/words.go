package status

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sitepost/cmd/sitepost/box"
)

// All words of the screen stand in this file, so that another language is another
// file.
const (
	textStoreFails = "the disk refuses what is written"
	nextStoreFails = "look at the disk: is it full, read-only or broken?"
	nextSetAside   = "look at disk and power supply; at the second time replace the disk. Then move the folder damaged/ away"
	textNoCity     = "no broker is configured: everything stays on disk"
	nextNoCity     = "add [[uplink.broker]] to the site file"
	textUnanswered = "the broker does not acknowledge what it is sent"
	textTakenOver  = "another box uses our name at the broker"
	nextTakenOver  = "find the other box that is configured as this site, or runs a copy of its disk"
	textRefuses    = "this broker refuses the box"
	nextRefuses    = "ask the city whether user, password, certificate and rights of this box are as it expects"
	nextSpare      = "see why this one cannot be reached; it is used again when it has answered for 10 minutes"
	nextTolerated  = "set the clock, and see that it stays set: chrony or systemd-timesyncd"
	textNoMains    = "the box has no mains"
	textUnsynced   = "the clock is not synchronised"
	nextUnsynced   = "check chrony or systemd-timesyncd"

	nextRefused   = "correct it, then say `sitepost reload`"
	nextAtRestart = "restart sitepost when that suits the site"

	wordWrong   = "wrong"
	wordAllWell = "all is well"
	wordMore    = "… and %d more: --json lists all"
)

func textAway(why string) string {
	return "the city is away: " + cmp.Or(why, "not connected yet")
}

func textRefused(why, inForce string) string {
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

// mostWrong is how many lines of what is wrong fit on a screen with the rest.
const mostWrong = 10

// Words is one screen: what is wrong first.
func (s *Snapshot) Words() string {
	var out strings.Builder
	line := func(head, format string, args ...any) {
		fmt.Fprintf(&out, "%-9s %s\n", head, fmt.Sprintf(format, args...))
	}
	line(s.Site, "sitepost %s, up %s, %s", s.Version, ago(s.Time.Sub(s.Started)), s.Cause)
	for i, f := range s.Findings {
		if i == mostWrong {
			line("", wordMore, len(s.Findings)-i)
			break
		}
		line(wordWrong, "%s", s.finding(f))
	}
	if len(s.Findings) == 0 {
		line("", wordAllWell)
	}
	s.cityWords(line)
	s.storeWords(line)
	s.boxWords(line)
	line("devices", "%s", byState(s.Devices))
	line("lines", "%s", byState(s.Lines))
	return out.String()
}

// finding is one line: whose, what, since when, and what to do.
func (s *Snapshot) finding(f Finding) string {
	text := join(": ", f.Name, f.Text)
	if !f.Since.IsZero() {
		text += ", since " + ago(s.Time.Sub(f.Since))
	}
	return join("; ", text, f.Next)
}

func (s *Snapshot) cityWords(line func(string, string, ...any)) {
	u := s.Uplink
	switch {
	case u == nil:
		line("city", "none")
	case u.Up:
		line("city", "%s, up since %s, %s sent, %d in flight, %s",
			u.Broker, ago(s.Time.Sub(u.Since)), count(u.Sent, "message"), u.InFlight, count(u.Connects, "connection"))
	default:
		line("city", "away, %s sent, %s", count(u.Sent, "message"), count(u.Connects, "connection"))
	}
}

func (s *Snapshot) storeWords(line func(string, string, ...any)) {
	text := fmt.Sprintf("%s of %s, %s written a day", size(s.Store.Bytes), size(s.Store.Size), size(int64(s.Wear.Day)))
	for _, d := range s.Store.Dropped {
		text += fmt.Sprintf(", %s of lane %s missing (%s)", count(d.Records, "record"), d.Lane, d.Why)
	}
	line("store", "%s", text)
	for _, name := range lanes {
		l := s.Store.Lanes[name]
		text := fmt.Sprintf("%d accepted, %d sent, %d received", l.Last, l.Sent, l.Received)
		if l.Waiting > 0 {
			text += fmt.Sprintf(", %d waiting", l.Waiting)
		}
		if !l.Oldest.IsZero() {
			text += " since " + ago(s.Time.Sub(l.Oldest))
		}
		line("  "+string(name), "%s", text)
	}
}

func (s *Snapshot) boxWords(line func(string, string, ...any)) {
	text := "not synchronised"
	if s.Clock.Synced {
		text = "synchronised (" + s.Clock.Source + ")"
	}
	if s.Clock.Jumps > 0 {
		text += fmt.Sprintf(", set %s, the last by %+g s", count(uint64(s.Clock.Jumps), "time"), s.Clock.JumpedBy)
	}
	for _, c := range s.Clock.Compared {
		switch {
		case c.At.IsZero():
			text += join(": ", ", "+c.Server, cmp.Or(c.Failed, "not asked yet"))
		default:
			text += fmt.Sprintf(", %s: %+.3f s ± %.3f", c.Server, -c.Offset, c.Delay/2)
		}
	}
	line("clock", "%s", text)
	if s.Before != "" {
		line("before", "%s", s.Before)
	}
	if s.Power.Supplies == 0 {
		return
	}
	text = "no mains"
	if s.Power.Mains {
		text = "mains"
	}
	if s.Power.Battery != nil {
		text += fmt.Sprintf(", battery %d %%", *s.Power.Battery)
	}
	line("power", "%s", text)
}

// states is the order in which they are counted.
var states = []string{"online", "silent", "offline", "faulty", "maintenance", "disabled", Unknown}

func byState(all []Device) string {
	n := devicesByState(all)
	var parts []string
	for _, state := range states {
		if n[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[state], state))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

// ago is how long, as a person says it.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d/time.Second)))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

func count(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatUint(n, 10) + " " + what
}

func size(bytes int64) string {
	f, unit := float64(bytes), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
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
