package instrument

import (
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// A report says one thing to the city.
type report struct {
	code                   devices.Code
	form                   devices.Form
	how                    string // value, when, unless, counts, card or text
	of                     *read  // what how names
	inverse                bool   // of a yes or no: 0 is yes
	device                 string // of an input that is wired to a device of its own
	point                  string
	detail, mode           *read // nil: none
	quiet, steady, stretch time.Duration
	each                   bool // said for every frame in which it is true

	line, column int // of the report in its file
}

// hows are the six ways in which a report speaks, with the forms that fit.
var hows = []struct {
	how   string
	forms []devices.Form
}{
	{"value", []devices.Form{devices.Reading, devices.StateForm}},
	{"when", []devices.Form{devices.Condition, devices.Alarm, devices.Occurrence}},
	{"unless", []devices.Form{devices.Condition, devices.Alarm, devices.Occurrence}},
	{"counts", []devices.Form{devices.Alarm, devices.Occurrence}},
	{"card", []devices.Form{devices.Occurrence}},
	{"text", []devices.Form{devices.Alarm, devices.Occurrence}},
}

// fits says whether a code of this form can be said this way.
func fits(how string, form devices.Form) bool {
	for _, h := range hows {
		if h.how == how {
			return slices.Contains(h.forms, form)
		}
	}
	return false
}

// edges says whether a report is a yes or a no.
func (r *report) edges() bool { return r.how == "when" || r.how == "unless" }

// isTrue says what a yes or no is.
func (r *report) isTrue(v value) bool { return (v.number != 0) != r.inverse }

// needsNumber says whether a report can make nothing of a text.
func (r *report) needsNumber() bool {
	return r.edges() || r.how == "counts" || r.form == devices.Reading
}

// is says whether a report is the one about a code at a point.
func (r *report) is(code devices.Code, point string) bool {
	return r.code == code && r.point == point
}

// gasAlarm says whether the report is an alarm that a concentration belongs to.
func (r *report) gasAlarm() bool { return gasAlarm(r.code) }

func gasAlarm(code devices.Code) bool { return strings.HasPrefix(string(code), "gas.alarm.") }

// gasReading says whether the report is a concentration.
func (r *report) gasReading() bool { return r.code == devices.GasReading }
