package instrument

import (
	"fmt"
	"time"

	"sitepost/devices"
)

// A Wiring says what hangs on one contact of a module: one [[instrument.input]]
// of the site file. Several may name the same input.
type Wiring struct {
	Device         string       // who is wired there
	Input          string       // as the profile names it
	Code           devices.Code // a condition, an alarm, an occurrence or a state
	NormallyClosed bool         // the open contact is the one that speaks
	Pulse          bool         // a contact that closes for a moment; for alarms and occurrences
	Steady         time.Duration
	Stretch        time.Duration
}

// check says why a wiring cannot be spoken.
func (w *Wiring) check(p *Profile) error {
	r := p.reads[w.Input]
	form := w.Code.Form()
	switch {
	case r == nil || !p.isInput(w.Input):
		return fmt.Errorf("instrument %q: profile %q has no input %q (it has %s)", w.Device, p.Name, w.Input, oneOf(p.Inputs))
	case form == "":
		return fmt.Errorf("instrument %q: input %q: code %q is not in the dictionary", w.Device, w.Input, w.Code)
	case form == devices.Reading:
		return fmt.Errorf("instrument %q: input %q: a contact cannot say %s, which is a reading", w.Device, w.Input, w.Code)
	case w.Pulse && (form == devices.Condition || form == devices.StateForm):
		return fmt.Errorf("instrument %q: input %q: %s is a %s and needs an end (take pulse out, or use a code that happens once)", w.Device, w.Input, w.Code, form)
	}
	return nil
}

func (p *Profile) isInput(name string) bool {
	for _, in := range p.Inputs {
		if in == name {
			return true
		}
	}
	return false
}

// contacts returns the reports that the inputs make: with wirings those alone,
// without any the state of every input. Wirings that fail check say nothing.
func (p *Profile) contacts(wirings []Wiring) []*report {
	var reports []*report
	if len(wirings) == 0 {
		for _, name := range p.Inputs {
			reports = append(reports, &report{
				code: devices.ContactInput, form: devices.StateForm, how: "when", of: p.reads[name], point: name,
			})
		}
	}
	type said struct {
		device string
		code   devices.Code
	}
	times := map[said]int{}
	for _, w := range wirings {
		times[said{w.Device, w.Code}]++
	}
	for _, w := range wirings {
		if w.check(p) != nil {
			continue
		}
		r := &report{
			code: w.Code, form: w.Code.Form(), how: "when", of: p.reads[w.Input], device: w.Device,
			inverse: w.NormallyClosed, steady: w.Steady, stretch: w.Stretch,
		}
		if times[said{w.Device, w.Code}] > 1 {
			r.point = w.Input // two contacts of one device say the same: tell them apart
		}
		reports = append(reports, r)
	}
	return reports
}
