package instrument

import (
	"sitepost/devices"
)

// parseReports reads the reports. It comes after the reads.
func (p *Profile) parseReports(t *table) {
	for _, w := range t.children("report", maxReports) {
		r := p.parseReport(w)
		w.end()
		if r == nil {
			continue
		}
		for _, other := range p.reports {
			if other.is(r.code, r.point) && r.remembered() {
				w.wrong("", "two reports say %s at the same point: give each a point of its own", r.code)
			}
		}
		p.reports = append(p.reports, r)
	}
}

// remembered says whether the last thing said counts for the next: then one
// code at one point can have but one report.
func (r *report) remembered() bool {
	return r.form == devices.Condition || r.form == devices.StateForm || r.how == "counts"
}

// parseReport reads one report, nil where it cannot be used.
func (p *Profile) parseReport(t *table) *report {
	r := &report{
		code: t.code(), point: t.text("point"),
		quiet: t.duration("quiet", 0), steady: t.duration("steady", 0), stretch: t.duration("stretch", 0),
		each: t.yes("each"),
	}
	r.line, r.column = t.place(t.offsets[t.path])
	r.form = r.code.Form()
	written := 0
	for _, h := range hows {
		if name := t.text(h.how); t.has(h.how) {
			written++
			r.how, r.of = h.how, p.readNamed(t, h.how, name)
		}
	}
	if name, written := t.written("detail"); written {
		r.detail = p.readNamed(t, "detail", name)
	}
	if name, written := t.written("mode"); written {
		r.mode = p.readNamed(t, "mode", name)
		t.checkMode(r.mode)
	}
	switch {
	case written != 1:
		t.wrong("", "a report has one of value, when, unless, counts, card and text")
		return nil
	case r.code == "" || r.of == nil:
		return nil
	}
	r.inverse = r.how == "unless"
	t.checkReport(r)
	if r.each {
		p.checkEach(t, r)
	}
	return r
}

// code reads a word of the dictionary.
func (t *table) code() devices.Code {
	s := t.required("code", "write a word of the dictionary, as in \"device.fault\"")
	if s == "" {
		return ""
	}
	code := devices.Code(s)
	_, known := code.Meaning()
	switch {
	case code == devices.DeviceCounts:
		t.wrong("code", "code %q is what the box counts by itself: take the report out", s)
		return ""
	case known:
		return code
	}
	var words []string
	for _, m := range devices.Codes() {
		words = append(words, string(m.Code))
	}
	t.wrong("code", "code %q is not in the dictionary%s: see CODES.md for all words", s, didYouMean(s, words))
	return ""
}

// checkMode refuses a read that does not tell a mode.
func (t *table) checkMode(r *read) {
	if r == nil {
		return
	}
	if len(r.names) == 0 {
		t.wrong("mode", "mode %q has no names: say there which number is normal, which is warm-up", r.name)
	}
	for n, word := range r.names {
		if _, err := devices.ParseMode(word); err != nil {
			t.wrong("mode", "mode %q names %d: %v", r.name, n, err)
		}
	}
}

// checkReport refuses what does not go together.
func (t *table) checkReport(r *report) {
	if !fits(r.how, r.form) {
		t.wrong(r.how, "%s is a %s and cannot be said by %s: %s", r.code, r.form, r.how, remedy(r.form))
	}
	if r.of.textual() && r.needsNumber() {
		t.wrong(r.how, "%s %q is a text, but must be a number", r.how, r.of.name)
	}
	if r.how == "text" && !r.of.textual() {
		t.wrong(r.how, "text %q is a number: give it type = \"text\"", r.of.name)
	}
	momentary := r.form == devices.Alarm || r.form == devices.Occurrence
	switch {
	case r.quiet > 0 && (!momentary || r.how == "counts"):
		t.wrong("quiet", "quiet is for what happens again and again, as a card held to a reader: take it out")
	case r.steady > 0 && !r.edges() && r.form != devices.StateForm:
		t.wrong("steady", "steady is for when, unless and states: take it out")
	case r.stretch > 0 && !r.edges():
		t.wrong("stretch", "stretch is for when and unless: take it out")
	}
}

// checkEach refuses each where every frame is not something of its own.
func (p *Profile) checkEach(t *table, r *report) {
	switch {
	case r.form == devices.Condition:
		t.wrong("each", "%s is a condition, which is said when it begins and when it ends: take each out", r.code)
	case r.form == devices.StateForm:
		t.wrong("each", "%s is a state, which is said when it changes: take each out", r.code)
	case !r.edges():
		t.wrong("each", "each is for when and unless: take it out, %s leaves nothing out anyway", r.how)
	case len(p.blocks) > 0:
		t.wrong("each", "each is for frames, and a register is asked again and again: take each out")
	case r.steady > 0 || r.stretch > 0:
		t.wrong("each", "each frame is something of its own and does not last: take steady and stretch out, or each")
	}
}

// remedy says how a code of a form is said.
func remedy(form devices.Form) string {
	switch form {
	case devices.Condition:
		return "write when or unless"
	case devices.Reading, devices.StateForm:
		return "write value"
	}
	return "write when, unless, counts, card or text"
}
