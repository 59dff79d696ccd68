package status

import (
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// unansweredFor is how long the oldest message may wait for its receipt. With the
// time until something is sent it stays below the 20 s within which a city that is
// gone must be seen.
const unansweredFor = 10 * time.Second

// A Finding is one thing that is wrong.
type Finding struct {
	What  string    `json:"what"` // city, store, device, line, clock, power, wear, open
	Name  string    `json:"name,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Text  string    `json:"text"`
	Next  string    `json:"next_step,omitempty"`
}

// Judge fills in what is wrong, the worst first.
func (s *Snapshot) Judge() {
	s.Findings = []Finding{}
	s.judgeStore()
	s.judgeCity()
	s.judgeOpen()
	for _, d := range s.Lines {
		s.judgeDevice("line", d)
	}
	for _, d := range s.Devices {
		s.judgeDevice("device", d)
	}
	s.judgeBox()
	s.judgePage()
}

func (s *Snapshot) find(f Finding) { s.Findings = append(s.Findings, f) }

func (s *Snapshot) judgeStore() {
	if s.Store.Failing {
		s.find(Finding{What: "store", Text: textStoreFails, Next: nextStoreFails})
	}
	if files := s.Store.SetAside; len(files) > 0 {
		s.find(Finding{What: "store", Text: textSetAside(files), Next: nextSetAside})
	}
}

func (s *Snapshot) judgeCity() {
	u := s.Uplink
	switch {
	case u == nil:
		s.find(Finding{What: "city", Text: textNoCity, Next: nextNoCity})
	case !u.Up:
		since := u.Since
		if since.IsZero() { // not once since the start
			since = s.Started
		}
		away := Finding{What: "city", Name: u.Broker, Since: since, Text: textAway(u.Why), Next: u.Next}
		if u.TakenOver {
			away.Next = "" // it stands below
		}
		s.find(away)
	case !u.Unanswered.IsZero() && s.Time.Sub(u.Unanswered) >= unansweredFor:
		s.find(Finding{What: "city", Name: u.Broker, Since: u.Unanswered, Text: textUnanswered})
	}
	if u != nil {
		s.judgeBrokers(u)
	}
}

// judgeBrokers finds what is wrong beside the link, which may be up for all that.
func (s *Snapshot) judgeBrokers(u *Uplink) {
	if u.TakenOver {
		s.find(Finding{What: "city", Name: u.Broker, Text: textTakenOver, Next: nextTakenOver})
	}
	for _, broker := range u.RefusedBy {
		if u.Up || broker != u.Broker { // else it stands above
			s.find(Finding{What: "city", Name: broker, Text: textRefuses, Next: nextRefuses})
		}
	}
	if u.Up && u.Broker != u.Preferred && u.Preferred != "" && !slices.Contains(u.RefusedBy, u.Preferred) {
		s.find(Finding{What: "city", Name: u.Preferred, Text: textSpare(u.Broker), Next: nextSpare})
	}
	if !u.ClockTolerated.IsZero() {
		s.find(Finding{What: "clock", Name: u.Broker, Text: textTolerated(u.ClockTolerated), Next: nextTolerated})
	}
}

// shownElsewhere are conditions of which something else here tells more.
var shownElsewhere = []string{"device.", "line.", "uplink.", "clock.", "power.", "store.wear", "store.full"}

func (s *Snapshot) judgeOpen() {
	for _, o := range s.Open {
		if slices.ContainsFunc(shownElsewhere, func(room string) bool { return strings.HasPrefix(string(o.Type), room) }) {
			continue
		}
		s.find(Finding{What: "open", Name: o.Device, Since: o.Since, Text: textOpen(o)})
	}
}

// wrong are the states of a device that somebody must do something about.
var wrong = []string{"silent", "offline", "faulty"}

func (s *Snapshot) judgeDevice(what string, d Device) {
	if slices.Contains(wrong, d.State) {
		s.find(Finding{What: what, Name: d.Name, Since: d.Since, Text: textDevice(d), Next: d.Next})
	}
}

func (s *Snapshot) judgeBox() {
	if s.Power.Supplies > 0 && !s.Power.Mains {
		s.find(Finding{What: "power", Text: textNoMains})
	}
	if s.Power.Low {
		s.find(Finding{What: "power", Text: textBattery(s.Power.Battery)})
	}
	if !s.Clock.Synced {
		s.find(Finding{What: "clock", Text: textUnsynced, Next: nextUnsynced})
	}
	for _, c := range s.Clock.Compared {
		if c.Off {
			s.find(Finding{What: "clock", Name: c.Server, Since: c.At, Text: textOff(c), Next: nextUnsynced})
		}
	}
	if s.Wear.High {
		s.find(Finding{What: "wear", Text: textWear(s.Wear.Day)})
	}
}

// devicesByState counts devices.
func devicesByState(all []Device) map[string]int {
	n := map[string]int{}
	for _, d := range all {
		n[d.State]++
	}
	return n
}

// openBySeverity counts open conditions.
func openBySeverity(all []Open) map[devices.Severity]int {
	n := map[devices.Severity]int{}
	for _, o := range all {
		n[o.Severity]++
	}
	return n
}
