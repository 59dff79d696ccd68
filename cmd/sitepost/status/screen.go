package status

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
)

const (
	// mostWrong is how many lines of what is wrong fit on a screen with the rest.
	mostWrong = 10
	// longestLine bounds one line, whatever a device or a broker says: some lines of a
	// terminal.
	longestLine = 400
	// headWidth is that of the column on the left.
	headWidth = 9
)

// A screen is what is shown of a snapshot, in one language.
type screen struct {
	*Snapshot
	*words.Speaker
	out strings.Builder
}

// line adds one line. What stands in it may come from a device, or from a broker.
func (s *screen) line(head, format string, args ...any) {
	text := s.Sprintf(format, args...)
	s.out.WriteString(words.Plain(words.Pad(head, headWidth)+" "+text, longestLine) + "\n")
}

// Words is one screen: what is wrong first.
func (s *Snapshot) Words(speaker *words.Speaker) string {
	screen := &screen{Snapshot: s, Speaker: speaker}
	screen.line(s.Site, "sitepost %s, up %s, %s", s.Version, screen.ago(s.Time.Sub(s.Started)), screen.Translate(s.Cause))
	for i, f := range s.Findings {
		if i == mostWrong {
			screen.line("", "… and %d more: --json lists all", len(s.Findings)-i)
			break
		}
		screen.line(screen.Sprintf("wrong"), "%s", screen.finding(f)+code(f))
	}
	if len(s.Findings) == 0 {
		screen.line("", "all is well")
	}
	screen.city()
	screen.store()
	screen.box()
	screen.line(screen.Sprintf("devices"), "%s", screen.byState(s.Devices))
	screen.line(screen.Sprintf("lines"), "%s", screen.byState(s.Lines))
	return screen.out.String()
}

// finding is one line: whose, what, since when, and what to do.
func (s *screen) finding(f Finding) string {
	text := join(s.Sprintf(": "), f.Name, s.textOf(f))
	if !f.Since.IsZero() {
		text = s.Sprintf("%s, since %s", text, s.ago(s.Time.Sub(f.Since)))
	}
	return join(s.Sprintf("; "), text, s.Translate(f.Next))
}

// code is what a person asks `sitepost explain` for, where the next step does not name it.
func code(f Finding) string {
	if strings.Contains(f.Next, f.Code) {
		return ""
	}
	return "  [" + f.Code + "]"
}

// textOf says what a finding is. A code has its words in the dictionary.
func (s *screen) textOf(f Finding) string {
	m, known := devices.Code(f.Code).Meaning()
	if more, is := strings.CutPrefix(f.Text, m.English); known && is && s.Language() == words.Chinese {
		return s.Translate(m.Chinese + more)
	}
	return s.Translate(f.Text)
}

func (s *screen) city() {
	u, head := s.Uplink, s.Sprintf("city")
	switch {
	case u == nil:
		s.line(head, "none")
	case u.Up:
		s.line(head, "%s, up since %s, %s sent, %d in flight, %s",
			u.Broker, s.ago(s.Time.Sub(u.Since)), s.count(u.Sent, "message"), u.InFlight, s.count(u.Connects, "connection"))
	default:
		s.line(head, "away, %s sent, %s", s.count(u.Sent, "message"), s.count(u.Connects, "connection"))
	}
}

func (s *screen) store() {
	text := s.Sprintf("%s of %s, %s written a day", size(s.Store.Bytes), size(s.Store.Size), size(int64(s.Wear.Day)))
	for _, d := range s.Store.Dropped {
		text += s.Sprintf(", %s of lane %s missing (%s)", s.count(d.Records, "record"), s.Translate(string(d.Lane)), s.Translate(d.Why))
	}
	s.line(s.Sprintf("store"), "%s", text)
	for _, name := range lanes {
		l := s.Store.Lanes[name]
		text := s.Sprintf("%d accepted, %d sent, %d received", l.Last, l.Sent, l.Received)
		if l.Waiting > 0 {
			text += s.Sprintf(", %d waiting", l.Waiting)
		}
		if !l.Oldest.IsZero() {
			text += s.Sprintf(" since %s", s.ago(s.Time.Sub(l.Oldest)))
		}
		s.line("  "+s.Translate(string(name)), "%s", text)
	}
}

func (s *screen) box() {
	text := s.Sprintf("not synchronised")
	if s.Clock.Synced {
		text = s.Sprintf("synchronised (%s)", s.Clock.Source)
	}
	if s.Clock.Jumps > 0 {
		text += s.Sprintf(", set %s, the last by %+g s", s.count(uint64(s.Clock.Jumps), "time"), s.Clock.JumpedBy)
	}
	for _, c := range s.Clock.Compared {
		switch {
		case c.At.IsZero():
			text += s.Sprintf(", %s", join(s.Sprintf(": "), c.Server, s.Translate(cmp.Or(c.Failed, "not asked yet"))))
		default:
			text += s.Sprintf(", %s", fmt.Sprintf("%s: %+.3f s ± %.3f", c.Server, -c.Offset, c.Delay/2))
		}
	}
	s.line(s.Sprintf("clock"), "%s", text)
	if s.Before != "" {
		s.line(s.Sprintf("before"), "%s", s.Translate(s.Before))
	}
	if s.Power.Supplies == 0 {
		return
	}
	text = s.Sprintf("no mains")
	if s.Power.Mains {
		text = s.Sprintf("mains")
	}
	if s.Power.Battery != nil {
		text += s.Sprintf(", battery %d %%", *s.Power.Battery)
	}
	s.line(s.Sprintf("power"), "%s", text)
}

// states is the order in which they are counted.
var states = []string{"online", "silent", "offline", "faulty", "maintenance", "disabled", Unknown}

func (s *screen) byState(all []Device) string {
	n := devicesByState(all)
	var parts []string
	for _, state := range states {
		if n[state] > 0 {
			parts = append(parts, s.Sprintf("%d %s", n[state], s.Translate(state)))
		}
	}
	return cmp.Or(strings.Join(parts, s.Sprintf(", ")), s.Sprintf("none"))
}

// ago is how long, as a person says it.
func (s *screen) ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return s.Sprintf("%d s", max(0, int(d/time.Second)))
	case d < time.Hour:
		return s.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return s.Sprintf("%d h %d min", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return s.Sprintf("%d days", int(d/(24*time.Hour)))
}

// count says how many there are of something: "1 file", "2 files".
func (s *screen) count(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return s.Sprintf("%d "+what, n)
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
