package instrument

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// Limits are the site's own for a gas detector: from Low and from High on there
// is an alarm, until the value lies below the limit by more than Hysteresis. All
// are in Unit, and so is a reading without a unit of its own. They judge from
// above only: of oxygen they would notice too much and never too little.
type Limits struct {
	Low, High, Hysteresis float64
	Unit                  string
}

// usual are the limits of a detector in %LEL where the site has none.
var usual = Limits{25, 50, 5, "%LEL"}

// check says why limits cannot be held against anything.
func (l *Limits) check() error {
	switch {
	case l == nil:
		return nil
	case !(l.Low <= l.High) || !(l.Hysteresis >= 0) || math.IsInf(l.High-l.Low+l.Hysteresis, 0):
		return fmt.Errorf("limits %v to %v with hysteresis %v: low is at most high, and hysteresis at least 0", l.Low, l.High, l.Hysteresis)
	case l.Unit == "":
		return errors.New("limits have no unit")
	}
	return nil
}

// Judged says whether nobody but the site's limits says that there is too much
// gas: the profile says gas.reading and no alarm about it.
func (p *Profile) Judged() bool {
	return p.says((*report).gasReading) && !p.says((*report).gasAlarm)
}

func (p *Profile) says(this func(*report) bool) bool { return slices.ContainsFunc(p.reports, this) }

// GasUnits returns the units that a gas reading of a profile may have, sorted,
// each once; nil where only the device or the site knows.
func (p *Profile) GasUnits() []string {
	units := []string{}
	for _, r := range p.reports {
		switch {
		case !r.gasReading():
		case r.of.siteSpan, r.of.unitFrom != nil && r.of.unitFrom.names == nil:
			return nil
		case r.of.unitFrom != nil:
			units = slices.AppendSeq(units, maps.Values(r.of.unitFrom.names))
		default:
			units = append(units, r.of.unit)
		}
	}
	slices.Sort(units)
	return slices.Compact(units)
}

// A judge holds the site's limits against what an instrument says. Where the
// detector sends no alarm, the judge does:
//
//	value   ▁▂▃▅▇▇▆▅▄▄▃▂▁▁     ── high ─┐ hysteresis
//	raised      ├───────┤       ── low ─┘
//	                    below low - hysteresis, in normal mode
//
// While the detector is faulty its readings may begin an alarm and end none; all
// is said again when the fault is over. Where it sends alarms itself, the judge only notices when it ought to have done so.
type judge struct {
	limits *Limits // nil: the usual ones for what reads %LEL
	checks bool    // the detector sends alarms of its own
	levels map[subject]*level
	alarms map[subject]bool  // of the detector: raised
	wrong  map[string]string // between the detector and the limits, for a person
	fault  standing
}

// A standing is a condition as it was last said.
type standing struct {
	known, raised bool
	again         bool // it was heard in another mode, or of a faulty device, since
}

// A level is one limit of one point.
type level struct {
	standing
	since    time.Time // of values that the detector ought to have said something about
	readings int
}

// What a detector has to say something about: so long, and so often.
const (
	overdueAfter    = 30 * time.Second
	overdueReadings = 3
)

// newJudge returns nil where there is nothing to judge: nobody reads gas, or
// the detector alarms and the site has no limits.
func newJudge(p *Profile, limits *Limits) *judge {
	if !p.says((*report).gasReading) || limits == nil && !p.Judged() {
		return nil
	}
	return &judge{
		limits: limits, checks: !p.Judged(), levels: map[subject]*level{},
		alarms: map[subject]bool{}, wrong: map[string]string{},
	}
}

// judge returns the events of one sighting with what the limits say about them.
// A reading at a point that is untrue begins an alarm, for it may be true, and
// ends none.
func (j *judge) judge(events []devices.Event, untrue func(point string) bool) []devices.Event {
	if j == nil {
		return events
	}
	j.note(events)
	judged := events
	for _, e := range events {
		if e.Code == devices.GasReading && e.Value != nil {
			judged = j.reading(judged, e, e.Mode == devices.Normal, !untrue(e.Point))
		}
	}
	return judged
}

// note remembers which alarms the detector itself has raised.
func (j *judge) note(events []devices.Event) {
	if j == nil {
		return
	}
	for _, e := range events {
		if e.State != "" && gasAlarm(e.Code) {
			j.alarms[subject{code: e.Code, point: e.Point}] = e.State == devices.Raised
		}
	}
}

// reading judges one reading. One without a unit is in that of the limits: the
// device does not say, and the site does.
func (j *judge) reading(events []devices.Event, e devices.Event, normal, believed bool) []devices.Event {
	limits := j.limits
	if limits == nil {
		limits = &usual
		if !strings.EqualFold(e.Value.Unit, usual.Unit) {
			return events
		}
	}
	if e.Value.Unit == "" {
		value := *e.Value
		value.Unit, e.Value = limits.Unit, &value
	}
	foreign := ""
	if !strings.EqualFold(e.Value.Unit, limits.Unit) {
		foreign = fmt.Sprintf("%sreads %s, the site's limits are in %s: correct the unit of the limits, or set the detector", about(e.Point), e.Value.Unit, limits.Unit)
	}
	j.blame("unit "+e.Point, foreign)
	for _, l := range []struct {
		code  devices.Code
		name  string
		limit float64
	}{{devices.GasAlarmLow, "low", limits.Low}, {devices.GasAlarmHigh, "high", limits.High}} {
		switch {
		case foreign != "":
			j.blame(l.name+" "+e.Point, "")
		case j.checks:
			j.check(e, normal && believed, l.code, l.name, l.limit, limits.Hysteresis)
		default:
			events = j.alarm(events, e, normal, believed, l.code, l.limit, limits.Hysteresis)
		}
	}
	return j.sayFault(events, e, normal && believed)
}

// about names a point in front of a text, "" for none.
func about(point string) string {
	if point == "" {
		return ""
	}
	return point + " "
}

// blame notes what is wrong between the detector and the limits, "" for not any
// more.
func (j *judge) blame(what, why string) {
	if why != "" {
		j.wrong[what] = why
	} else {
		delete(j.wrong, what)
	}
}

// level returns what is known of one limit of one point.
func (j *judge) level(code devices.Code, point string) *level {
	about := subject{code: code, point: point}
	if j.levels[about] == nil {
		j.levels[about] = &level{}
	}
	return j.levels[about]
}

// alarm says an alarm of the site's limits. Between the limit and the hysteresis
// below it, all stays as it was: before the first clear word nothing is said.
func (j *judge) alarm(events []devices.Event, e devices.Event, normal, believed bool, code devices.Code, limit, hysteresis float64) []devices.Event {
	l := j.level(code, e.Point)
	raised := e.Value.Number >= limit
	known := l.known || raised || e.Value.Number < tidy(limit-hysteresis)
	raised = raised || l.raised && e.Value.Number >= tidy(limit-hysteresis)
	if !normal {
		l.again = true
		return events
	}
	if known && l.hear(raised, believed) {
		value := *e.Value
		value.Limit = &limit
		e.Code, e.State, e.Value, e.Detail = code, state(raised), &value, ""
		events = append(events, e)
	}
	return events
}

// hear takes what is the case and says whether that is to be said: on change,
// and again when all is normal again. Nothing is cleared before.
func (s *standing) hear(raised, normal bool) bool {
	if !raised && !normal {
		s.again = true
		return false
	}
	say := !s.known || raised != s.raised || s.again && normal
	*s = standing{known: true, raised: raised, again: !normal}
	return say
}

func state(raised bool) devices.State {
	if raised {
		return devices.Raised
	}
	return devices.Cleared
}

// check notes a detector that is silent about what is above the site's limit.
func (j *judge) check(e devices.Event, normal bool, code devices.Code, name string, limit, hysteresis float64) {
	l := j.level(code, e.Point)
	what := name + " " + e.Point
	n := e.Value.Number
	switch {
	case !normal:
		l.readings = 0
	case n < limit || j.alarmed(code, e.Point):
		j.blame(what, "")
		l.readings = 0
	case n < tidy(limit+hysteresis):
		l.readings = 0
	default:
		if l.readings++; l.readings == 1 {
			l.since = e.Time
		}
		if l.readings >= overdueReadings && e.Time.Sub(l.since) >= overdueAfter && j.wrong[what] == "" {
			j.blame(what, fmt.Sprintf("%sreads %s %s and says no alarm, the site's %s limit is %s %s: correct the alarm points in the detector",
				about(e.Point), shortForm(n), e.Value.Unit, name, shortForm(limit), e.Value.Unit))
		}
	}
}

// alarmed says whether the detector has an alarm that counts for a limit at a
// point: of that level or above, or its own, at that point or of the whole.
func (j *judge) alarmed(code devices.Code, point string) bool {
	for about, raised := range j.alarms {
		here := about.point == point || about.point == "" || point == ""
		less := code == devices.GasAlarmHigh && about.code == devices.GasAlarmLow
		if raised && here && !less {
			return true
		}
	}
	return false
}

// sayFault says device.fault at the point "limits" when that has changed.
func (j *judge) sayFault(events []devices.Event, e devices.Event, normal bool) []devices.Event {
	raised := len(j.wrong) > 0
	if !j.fault.hear(raised, normal) {
		return events
	}
	return append(events, devices.Event{
		Time: e.Time, Code: devices.DeviceFault, Point: "limits", State: state(raised), Mode: e.Mode,
		Text: strings.Join(slices.Sorted(maps.Values(j.wrong)), "; "),
	})
}
