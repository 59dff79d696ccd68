package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"sitepost/devices"
)

// A Finding is one thing that is wrong.
type Finding struct {
	Code  string    `json:"code"` // "city.away"; `sitepost explain CODE` tells more
	What  string    `json:"what"` // area: city, config, store, device, line, clock, power, wear, open, page
	Name  string    `json:"name,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Text  string    `json:"text"`
	Next  string    `json:"next_step,omitempty"`
}

// A check looks for one thing that may be wrong with a site.
type check struct {
	code  string // of the dictionary where it has the thing, else a word of our own
	area  string
	judge func(*Snapshot) []Finding // code and area are filled in after it
}

// OpenCondition is the check of a condition that is open and of which nothing else
// here tells more. Its findings bear the code of the condition.
const OpenCondition = "condition.open"

// checks is everything that is looked for, the worst first: what loses records, what
// keeps them from the city, what the site itself says, and then the box. The screen,
// the document, the figures and the doctor are made of this one list.
var checks = []check{
	{"store.failing", "store", judgeFailing},
	{string(devices.StoreFull), "store", judgeFull},
	{"store.set_aside", "store", judgeSetAside},

	{string(devices.ConfigRejected), "config", judgeRejected},
	{"config.at_restart", "config", judgeAtRestart},

	{"city.none", "city", judgeNoCity},
	{"city.away", "city", judgeAway},
	{"city.unanswered", "city", judgeUnanswered},
	{"city.taken_over", "city", judgeTakenOver},
	{"city.refused", "city", judgeRefused},
	{"city.spare", "city", judgeSpare},
	{"clock.tolerated", "clock", judgeTolerated},

	{OpenCondition, "open", judgeOpen},
	{string(devices.LineSecondMaster), "line", judgeSecondMaster},
	{string(devices.LineLost), "line", judgeLost},
	{string(devices.LineOverloaded), "line", judgeOverloaded},
	{string(devices.DeviceOffline), "device", devicesThatAre("offline")},
	{string(devices.DeviceSilent), "device", devicesThatAre("silent")},
	{string(devices.CameraLogin), "device", judgeLogin},
	{string(devices.DeviceFault), "device", judgeFaulty},

	{string(devices.PowerMainsLost), "power", judgeMains},
	{string(devices.PowerBatteryLow), "power", judgeBattery},
	{string(devices.ClockUnsynced), "clock", judgeClock},
	{string(devices.StoreWear), "wear", judgeWear},
	{"page.unreachable", "page", judgePage},
}

// CheckCodes lists the codes of all checks, in their order.
func CheckCodes() (all []string) {
	for _, c := range checks {
		all = append(all, c.code)
	}
	return all
}

// Judge fills in what is wrong, the worst first.
func (s *Snapshot) Judge() {
	s.Findings = []Finding{}
	for _, c := range checks {
		s.Findings = append(s.Findings, c.find(s)...)
	}
}

// find returns what a check finds. Everything has a next step.
func (c check) find(s *Snapshot) []Finding {
	found := c.judge(s)
	for i := range found {
		f := &found[i]
		f.Code, f.What = cmp.Or(f.Code, c.code), c.area
		f.Next = cmp.Or(f.Next, fmt.Sprintf("see `sitepost explain %s`", f.Code))
	}
	return found
}

// found returns a finding if there is one.
func found(is bool, f Finding) []Finding {
	if !is {
		return nil
	}
	return []Finding{f}
}

// isOpen says whether a condition of a device is open.
func (s *Snapshot) isOpen(code devices.Code, device string) bool {
	return slices.ContainsFunc(s.Open, func(o Open) bool { return o.Type == code && o.Device == device })
}
