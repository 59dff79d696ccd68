package instrument

import (
	"fmt"
	"strings"

	"sitepost/devices"
)

// A Journal writes events as a profile's gives does, and leaves out what is not
// new: a condition that is cleared and was never raised or raised and open, a
// state that stays, a counter's first value and one that fell, a contact that
// is off from the beginning.
//
//	gas.alarm.high raised ch-2 warm-up [1103]
//	|              |      |    |       detail
//	|              |      |    mode, if not normal
//	|              |      point; behind it what a reading, state, card or text says, or +n
//	|              state of a condition
//	code; contacts are "input 1 on"
//
// The zero value is empty.
type Journal struct {
	open   map[subject]bool
	is     map[subject]string
	counts map[subject]uint64
}

// A subject is what a condition, a state or a counter is about.
type subject struct {
	device, point string
	code          devices.Code
}

// Lines writes what is new, one line each.
func (j *Journal) Lines(events []devices.Event) []string {
	var lines []string
	for _, e := range events {
		if line := j.line(e); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// line writes one event, "" if it is not new. A sign of life and the mode as
// such are not written.
func (j *Journal) line(e devices.Event) string {
	if j.open == nil {
		j.open, j.is, j.counts = map[subject]bool{}, map[subject]string{}, map[subject]uint64{}
	}
	about := subject{e.Device, e.Point, e.Code}
	switch {
	case e.Code == "" || e.Code == devices.DeviceMode:
		return ""
	case e.State != "":
		raised := e.State == devices.Raised
		if j.open[about] == raised {
			return ""
		}
		j.open[about] = raised
		return words(e, "")
	case e.Code == devices.ContactInput:
		return j.contact(about, e)
	case e.Is != "":
		if j.is[about] == e.Is {
			return ""
		}
		j.is[about] = e.Is
		return words(e, e.Is)
	case e.Count != nil:
		before, known := j.counts[about]
		j.counts[about] = e.Count.Raw
		if !known || e.Count.Raw <= before {
			return ""
		}
		return words(e, fmt.Sprintf("+%d", e.Count.Raw-before))
	case e.Value != nil:
		return words(e, strings.TrimSpace(shortForm(e.Value.Number)+" "+e.Value.Unit))
	case e.Card != nil:
		return words(e, e.Card.Number.Reveal())
	}
	return words(e, e.Text)
}

func (j *Journal) contact(about subject, e devices.Event) string {
	before := j.is[about]
	j.is[about] = e.Is
	if e.Is == before || before == "" && e.Is == onOff(false) {
		return ""
	}
	return "input " + e.Point + " " + e.Is
}

// words joins what an event says.
func words(e devices.Event, what string) string {
	said := []string{string(e.Code)}
	for _, word := range []string{string(e.State), e.Point, what, string(e.Mode)} {
		if word != "" {
			said = append(said, word)
		}
	}
	if e.Detail != "" {
		said = append(said, "["+e.Detail+"]")
	}
	return strings.Join(said, " ")
}
