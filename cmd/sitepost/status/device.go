package status

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
)

// A View is all that a snapshot tells of one device or line.
type View struct {
	Device   Device    `json:"device"`
	Open     []Open    `json:"open"`
	Findings []Finding `json:"findings"`

	at   time.Time
	zone *time.Location
}

// View returns what is known of one device or line; false where there is none of this
// name.
func (s *Snapshot) View(name string) (View, bool) {
	of := func(all []Device) int { return slices.IndexFunc(all, func(d Device) bool { return d.Name == name }) }
	v := View{Open: []Open{}, Findings: []Finding{}, at: s.Time, zone: s.Time.Location()}
	switch d, l := of(s.Devices), of(s.Lines); {
	case d >= 0:
		v.Device = s.Devices[d]
	case l >= 0:
		v.Device = s.Lines[l]
	default:
		return View{}, false
	}
	for _, o := range s.Open {
		if o.Device == name {
			v.Open = append(v.Open, o)
		}
	}
	for _, f := range s.Findings {
		if f.Name == name && slices.Contains([]string{"device", "line", "open"}, f.What) {
			v.Findings = append(v.Findings, f)
		}
	}
	return v, true
}

// Names lists all devices and lines.
func (s *Snapshot) Names() (all []string) {
	for _, d := range slices.Concat(s.Devices, s.Lines) {
		all = append(all, d.Name)
	}
	return all
}

// mostToday is how many codes of a day are shown.
const mostToday = 40

// Words is the device in full, one thing in a row.
func (v View) Words(speaker *words.Speaker) string {
	s, d := &screen{Snapshot: &Snapshot{Time: v.at}, Speaker: speaker}, v.Device
	var rows [][]string
	add := func(head, text string) {
		if text != "" {
			rows = append(rows, []string{words.Plain(s.Translate(head), longestLine), words.Plain(text, longestLine)})
		}
	}
	add("device", join("  ", d.Name, d.Title, string(d.Kind)))
	add("state", s.Translate(d.State))
	add("since", v.when(s, d.Since))
	add("why", s.Translate(d.Why))
	add("next step", s.Translate(d.Next))
	add("last said", v.when(s, d.Heard))
	for _, o := range v.Open {
		add("not ended", s.Sprintf("%s, since %s", join("  ", string(o.Type), s.textOf(Finding{Code: string(o.Type), Text: textOpen(o)})), s.ago(v.at.Sub(o.Since))))
	}
	add("line", d.Line)
	add("address", d.Address)
	if d.Today != nil {
		add("today", s.Sprintf("heard %d times, away for %s", d.Today.Heard, s.ago(time.Duration(d.Today.AwayS)*time.Second)))
		for i, code := range slices.SortedFunc(maps.Keys(d.Today.Counts), byCount(d.Today.Counts)) {
			if i == mostToday {
				break
			}
			text := s.Sprintf("%d × %s", d.Today.Counts[code], join("  ", string(code), meaning(s, code)))
			rows = append(rows, []string{"", words.Plain(text, longestLine)})
		}
	}
	return words.Columns(rows)
}

// when is a moment and how long ago it was.
func (v View) when(s *screen, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return s.Sprintf("%s (%s ago)", at.In(v.zone).Format("2006-01-02 15:04:05"), s.ago(v.at.Sub(at)))
}

// meaning says a code in words.
func meaning(s *screen, code devices.Code) string {
	m, _ := code.Meaning()
	if s.Language() == words.Chinese {
		return m.Chinese
	}
	return m.English
}

// byCount puts what happened most often first.
func byCount(n map[devices.Code]uint64) func(a, b devices.Code) int {
	return func(a, b devices.Code) int {
		if n[a] != n[b] {
			if n[a] > n[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a), string(b))
	}
}

// Gist is what must change before somebody who watches is told again: not the ages,
// nor figures that always move.
func (s *Snapshot) Gist() string {
	var all []string
	for _, f := range s.Findings {
		all = append(all, f.Code+"\x00"+f.Name+"\x00"+f.Text+"\x00"+f.Since.String())
	}
	for _, d := range slices.Concat(s.Devices, s.Lines) {
		all = append(all, d.Name+"\x00"+d.State+"\x00"+d.Since.String())
	}
	if s.Uplink != nil {
		all = append(all, s.Uplink.Broker, s.Uplink.Since.String())
	}
	return strings.Join(append(all, s.Config, s.Started.String()), "\x01")
}
