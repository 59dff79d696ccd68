// Package causes is what a person is told of a code: what it means, what usually
// causes it, and what to do, in English and in Chinese. Each code stands here once,
// whoever finds it:
//
//	devices.Codes          what is said to the city     gas.alarm.high
//	status.CheckCodes      what is wrong with a site    city.away
//	doctor.Codes           what a look at the box found broker.tls
//
// A code that happens every day and needs nobody has no cause and no next step.
//
// It does not know how anything is found, or who reads it.
package causes

import (
	"slices"

	"sitepost/devices"
)

// Words say one code in one language. Title is that of the dictionary where it has the
// code.
type Words struct{ Title, Means, Cause, Next string }

// An Entry is one code.
type Entry struct {
	Code             string
	English, Chinese Words
}

// entries are all of them, by subject: what the site says, what its cameras say, what
// the box says of itself, its way to the city, and what only the doctor sees.
func entries() []Entry {
	return slices.Concat(siteEntries, deviceEntries, cameraEntries, boxEntries, cityEntries, doctorEntries)
}

// All returns every code, in an order in which a person can read them.
func All() []Entry {
	all := entries()
	for i := range all {
		if m, known := devices.Code(all[i].Code).Meaning(); known {
			all[i].English.Title, all[i].Chinese.Title = m.English, m.Chinese
		}
	}
	return all
}

// Of returns a code; false for one that nobody knows.
func Of(code string) (Entry, bool) {
	all := All()
	if i := slices.IndexFunc(all, func(e Entry) bool { return e.Code == code }); i >= 0 {
		return all[i], true
	}
	return Entry{}, false
}

// Names lists all codes.
func Names() (names []string) {
	for _, e := range entries() {
		names = append(names, e.Code)
	}
	return names
}
