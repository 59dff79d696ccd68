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

func judgeFailing(s *Snapshot) []Finding {
	return found(s.Store.Failing, Finding{Text: textStoreFails, Next: nextStoreFails})
}

// judgeFull tells of the store that drops more than readings. While the disk
// refuses everything, that stands above.
func judgeFull(s *Snapshot) (all []Finding) {
	for _, o := range s.Open {
		if o.Type == devices.StoreFull && !s.Store.Failing {
			all = append(all, Finding{Since: o.Since, Text: textStoreFull, Next: nextStoreFull})
		}
	}
	return all
}

func judgeSetAside(s *Snapshot) []Finding {
	files := s.Store.SetAside
	return found(len(files) > 0, Finding{Text: textSetAside(files), Next: nextSetAside})
}

func judgeRejected(s *Snapshot) []Finding {
	r := s.Refused
	if r == nil {
		return nil
	}
	return []Finding{{Since: r.At, Text: textRejected(r.Why, s.Config), Next: nextNotAccepted}}
}

func judgeAtRestart(s *Snapshot) []Finding {
	return found(len(s.AtRestart) > 0, Finding{Text: textAtRestart(s.AtRestart), Next: nextAtRestart})
}

func judgeNoCity(s *Snapshot) []Finding {
	return found(s.Uplink == nil, Finding{Text: textNoCity, Next: nextNoCity})
}

func judgeAway(s *Snapshot) []Finding {
	u := s.Uplink
	if u == nil || u.Up {
		return nil
	}
	away := Finding{Name: u.Broker, Since: u.Since, Text: textAway(u.Why), Next: u.Next}
	if u.Since.IsZero() { // not once since the start
		away.Since = s.Started
	}
	if u.TakenOver {
		away.Next = "" // it stands below
	}
	return []Finding{away}
}

func judgeUnanswered(s *Snapshot) []Finding {
	u := s.Uplink
	if u == nil || !u.Up {
		return nil
	}
	late := !u.Unanswered.IsZero() && s.Time.Sub(u.Unanswered) >= unansweredFor
	return found(late, Finding{Name: u.Broker, Since: u.Unanswered, Text: textUnanswered})
}

func judgeTakenOver(s *Snapshot) []Finding {
	u := s.Uplink
	if u == nil {
		return nil
	}
	return found(u.TakenOver, Finding{Name: u.Broker, Text: textTakenOver, Next: nextTakenOver})
}

func judgeRefused(s *Snapshot) (all []Finding) {
	u := s.Uplink
	if u == nil {
		return nil
	}
	for _, broker := range u.RefusedBy {
		if u.Up || broker != u.Broker { // else it stands above
			all = append(all, Finding{Name: broker, Text: textRefuses, Next: nextRefuses})
		}
	}
	return all
}

// judgeSpare tells of a preferred broker that is away while another has the link.
func judgeSpare(s *Snapshot) []Finding {
	u := s.Uplink
	if u == nil {
		return nil
	}
	spare := u.Up && u.Broker != u.Preferred && u.Preferred != "" && !slices.Contains(u.RefusedBy, u.Preferred)
	return found(spare, Finding{Name: u.Preferred, Text: textSpare(u.Broker), Next: nextSpare})
}

func judgeTolerated(s *Snapshot) []Finding {
	u := s.Uplink
	if u == nil {
		return nil
	}
	return found(!u.ClockTolerated.IsZero(), Finding{Name: u.Broker, Text: textTolerated(u.ClockTolerated), Next: nextTolerated})
}

// shownElsewhere are conditions of which another check tells more.
var shownElsewhere = []string{"device.", "line.", "uplink.", "clock.", "power.", "store.wear", "store.full", "config."}

func judgeOpen(s *Snapshot) (all []Finding) {
	for _, o := range s.Open {
		room := func(begin string) bool { return strings.HasPrefix(string(o.Type), begin) }
		if slices.ContainsFunc(shownElsewhere, room) || o.Type == devices.CameraLogin && s.stateOf(o.Device) == "faulty" {
			continue
		}
		f := Finding{Name: o.Device, Since: o.Since, Text: textOpen(o)}
		if _, known := o.Type.Meaning(); known {
			f.Code = string(o.Type)
		}
		all = append(all, f)
	}
	return all
}

// stateOf is the state of a device, "" for one that is not there.
func (s *Snapshot) stateOf(device string) string {
	for _, d := range s.Devices {
		if d.Name == device {
			return d.State
		}
	}
	return ""
}

// wrong are the states of a device that somebody must do something about.
var wrong = []string{"silent", "offline", "faulty"}

func judgeSecondMaster(s *Snapshot) (all []Finding) {
	return pick(s.Lines, func(d Device) bool {
		return slices.Contains(wrong, d.State) && s.isOpen(devices.LineSecondMaster, d.Name) && !s.isOpen(devices.LineLost, d.Name)
	})
}

func judgeLost(s *Snapshot) []Finding {
	return pick(s.Lines, func(d Device) bool {
		return slices.Contains(wrong, d.State) && (!s.isOpen(devices.LineSecondMaster, d.Name) || s.isOpen(devices.LineLost, d.Name))
	})
}

// judgeOverloaded finds the lines that cannot ask as often as they should. They are heard
// all the same, so their state does not tell it.
func judgeOverloaded(s *Snapshot) (all []Finding) {
	for _, o := range s.Open {
		if o.Type == devices.LineOverloaded {
			all = append(all, Finding{Name: o.Device, Since: o.Since, Text: textOpen(o), Next: nextOverloaded})
		}
	}
	return all
}

// devicesThatAre finds the devices in one state.
func devicesThatAre(state string) func(*Snapshot) []Finding {
	return func(s *Snapshot) []Finding {
		return pick(s.Devices, func(d Device) bool { return d.State == state })
	}
}

// judgeLogin finds the cameras that are faulty because they refuse their login.
func judgeLogin(s *Snapshot) []Finding {
	return pick(s.Devices, func(d Device) bool { return d.State == "faulty" && s.isOpen(devices.CameraLogin, d.Name) })
}

func judgeFaulty(s *Snapshot) []Finding {
	return pick(s.Devices, func(d Device) bool { return d.State == "faulty" && !s.isOpen(devices.CameraLogin, d.Name) })
}

// pick tells of the devices or lines that are so.
func pick(of []Device, is func(Device) bool) (all []Finding) {
	for _, d := range of {
		if is(d) {
			all = append(all, Finding{Name: d.Name, Since: d.Since, Text: textDevice(d), Next: d.Next})
		}
	}
	return all
}

func judgeMains(s *Snapshot) []Finding {
	return found(s.Power.Supplies > 0 && !s.Power.Mains, Finding{Text: textNoMains})
}

func judgeBattery(s *Snapshot) []Finding {
	return found(s.Power.Low, Finding{Text: textBattery(s.Power.Battery)})
}

func judgeClock(s *Snapshot) []Finding {
	all := found(!s.Clock.Synced, Finding{Text: textUnsynced, Next: nextUnsynced})
	for _, c := range s.Clock.Compared {
		if c.Off {
			all = append(all, Finding{Name: c.Server, Since: c.At, Text: textOff(c), Next: nextUnsynced})
		}
	}
	return all
}

func judgeWear(s *Snapshot) []Finding {
	return found(s.Wear.High, Finding{Text: textWear(s.Wear.Day)})
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
