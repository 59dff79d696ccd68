package config

import (
	"cmp"
	"slices"
	"strings"

	"sitepost/devices"
)

// Rules of gas detectors: limits, spans, calibration. Figures: GB/T 50493-2019.

// lel is the unit of combustible gases: a share of what can explode. Of all
// units only this one has limits that are right without asking the site.
const (
	lel     = "%LEL"
	lelLow  = 25
	lelHigh = 50
	lelBack = 5 // hysteresis
)

// checkGas holds what belongs to gas detectors; facts may be nil.
func (r *rules) checkGas(d *wDevice, facts *ProfileFacts) {
	kind := r.kind(d)
	switch {
	case facts != nil:
		r.checkJudged(d, facts)
	case d.Limits.there && slices.Contains(devices.InstrumentKinds(), kind) && kind != devices.GasDetector:
		r.add(Meaning, d.Limits.head, "limits are for a gas_detector, and %s is a %s: take them out", d.who(), kind)
	}
	r.checkLimits(d.Limits)
	r.checkSpan(d, facts)
	if d.CalibrateEvery.written() && !d.Calibrated.written() {
		r.add(Meaning, d.CalibrateEvery.key, "calibrate_every counts from a day: write calibrated = 2026-03-01, the day of the last calibration")
	}
}

func (r *rules) checkLimits(l wLimits) {
	low, high, back := l.Low, l.High, l.Hysteresis
	switch {
	case low.OK && high.OK && low.V >= high.V:
		r.add(Meaning, high.at, "the high limit is not above the low one: write low = %v, high = …", low.V)
	case low.OK && low.V <= 0:
		r.add(Meaning, low.at, "a low limit of %v is reached in clean air: write the figure at which somebody shall be told", low.V)
	case back.OK && back.V < 0:
		r.add(Meaning, back.at, "hysteresis is how far the value must fall again: write 0 or more")
	case back.OK && low.OK && back.V >= low.V:
		r.add(Meaning, back.at, "with a hysteresis of %v an alarm at %v would never end: make it smaller than low", back.V, low.V)
	case strings.EqualFold(l.Unit.V, lel) && (low.V > lelLow || high.V > lelHigh):
		r.add(Note, l.head, "GB/T 50493-2019 has at most %d %%LEL for the low limit and %d %%LEL for the high one", lelLow, lelHigh)
	}
}

// checkJudged holds that somebody judges every reading of gas: the detector
// itself, or limits in its unit.
func (r *rules) checkJudged(d *wDevice, facts *ProfileFacts) {
	units := d.gasUnits(facts)
	switch l := d.Limits; {
	case l.there && !slices.Contains(facts.Codes, devices.GasReading):
		r.add(Meaning, l.head, "limits judge a concentration, and profile %q tells none: take them out", d.Profile.V)
	case l.Unit.OK && len(units) > 0 && !hasUnit(units, l.Unit.V):
		r.hint(Meaning, l.Unit.at, r.near(l.Unit.V, units), "%s reads %s, and its limits are in %s: nobody would be told of gas; write limits in %s", d.who(), strings.Join(units, " or "), l.Unit.V, strings.Join(units, " or "))
	case l.there || !facts.unjudged():
	case isLEL(units) && r.unjudged[d.Profile.V]:
	case isLEL(units):
		r.unjudged[d.Profile.V] = true
		r.add(Note, d.head, "%s sends no alarm and has no limits: for it and all like it %d and %d %%LEL are taken; write limits = {low = %d, high = %d, hysteresis = %d, unit = \"%%LEL\"} if the site wants others", d.who(), lelLow, lelHigh, lelLow, lelHigh, lelBack)
	case len(units) > 0 || !facts.Span: // without its span no unit is known, and that is told already
		in := cmp.Or(strings.Join(units, " or "), "the unit that the device is set to")
		r.add(Meaning, d.head, "%s sends no alarm and has no limits: nobody would be told of gas; write limits = {low = …, high = …, unit = \"…\"} in %s", d.who(), in)
	}
}

// unjudged says that an instrument reads a concentration and leaves it to
// others to judge it.
func (f *ProfileFacts) unjudged() bool {
	judged := slices.ContainsFunc(f.Codes, func(c devices.Code) bool { return strings.HasPrefix(string(c), "gas.alarm.") })
	return !judged && slices.Contains(f.Codes, devices.GasReading)
}

// gasUnits returns in which units an instrument reads; none: nobody knows.
func (d *wDevice) gasUnits(facts *ProfileFacts) []string {
	if d.Span.Unit.OK {
		return []string{d.Span.Unit.V}
	}
	if slices.Contains(facts.GasUnits, "") {
		return nil
	}
	return facts.GasUnits
}

// hasUnit looks for a unit, however its letters are written.
func hasUnit(units []string, unit string) bool {
	return slices.ContainsFunc(units, func(u string) bool { return strings.EqualFold(u, unit) })
}

// isLEL says that an instrument reads in %LEL and nothing else.
func isLEL(units []string) bool { return len(units) == 1 && strings.EqualFold(units[0], lel) }

// checkSpan: a current means something only to whoever chose the transmitter.
func (r *rules) checkSpan(d *wDevice, facts *ProfileFacts) {
	s := d.Span
	switch {
	case s.Low.OK && s.High.OK && s.Low.V >= s.High.V:
		r.add(Meaning, s.High.at, "the upper end of the span is not above the lower one: write low = what 4 mA means, high = what 20 mA means")
	case s.there && (d.Protocol.written() || facts != nil && !facts.Span):
		r.add(Meaning, s.head, "span is for a 4–20 mA input whose transmitter only the site knows, and %s is none: take it out", d.who())
	case !s.there && facts != nil && facts.Span:
		r.add(Meaning, d.head, "%s has no span, and profile %q reads only a current: write span = {low = 0, high = 100, unit = \"%%LEL\"}, as on the label of the transmitter", d.who(), d.Profile.V)
	}
}

// limits returns those of an instrument: its own, or those of combustible gas
// where nobody else judges it.
func (r *rules) limits(d *wDevice) *Limits {
	l := d.Limits
	if facts := r.known(d); !l.there {
		if facts == nil || !facts.unjudged() || !isLEL(d.gasUnits(facts)) {
			return nil
		}
		return &Limits{lelLow, lelHigh, lelBack, lel}
	}
	back := l.Low.V / 10
	if strings.EqualFold(l.Unit.V, lel) {
		back = min(lelBack, l.Low.V/2)
	}
	return &Limits{l.Low.V, l.High.V, l.Hysteresis.or(back), l.Unit.V}
}
