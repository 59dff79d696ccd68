package instrument

import (
	"math"
	"slices"
	"time"
)

// The keys of a read that stand for more than its own bytes: is, scale_by,
// changes, and a span that the site knows; and the channels of a controller.

// maxIs bounds the numbers of one is.
const maxIs = 64

// isOneOf reads is = [5, 6].
func (t *table) isOneOf(r *read) []float64 {
	list, written := get[[]any](t, "is", "a list of whole numbers")
	if !written {
		return nil
	}
	if len(list) == 0 || len(list) > maxIs {
		t.wrong("is", "is has %d numbers, but must have 1 to %d: write those that mean yes, as in [5, 6]", len(list), maxIs)
		return nil
	}
	var numbers []float64
	for _, item := range list {
		n, whole := item.(int64)
		switch {
		case !whole || n < -(1<<53) || n > 1<<53:
			t.wrong("is", "is holds %s, but must be a list of whole numbers, as in [5, 6]", kindOf(item))
		case slices.Contains(numbers, float64(n)):
			t.wrong("is", "is: %d stands twice", n)
		case r.mask != 0 && uint64(n)&^r.mask != 0:
			t.wrong("is", "is: %#x can never stand under mask %#x: a mask does not shift, write the number as it stands there", n, r.mask)
		}
		numbers = append(numbers, float64(n))
	}
	return numbers
}

// checkIs refuses what makes no sense beside is, which ends in yes or no.
func (p *Profile) checkIs(r *read, t *table) {
	if !t.has("is") {
		return
	}
	for _, key := range []string{"bit", "invert", "names", "scale", "scale_by", "offset_by", "valid", "loop", "span", "unit", "unit_from"} {
		if t.has(key) || key == "bit" && r.bit >= 0 {
			t.wrong(key, "%s does not go with is, which makes the value yes or no: take one of them out", key)
		}
	}
	if r.textual() || r.kind == "f32" {
		t.wrong("is", "is compares whole numbers: it does not go with type %s", r.kind)
	}
}

// parseSpan reads span = "0..100" or span = "site".
func (p *Profile) parseSpan(r *read, t *table) {
	if t.keys["span"] != bySite {
		r.span = t.interval("span")
		return
	}
	t.asked["span"] = true
	r.span, r.siteSpan = &interval{0, 100}, true
	for _, key := range []string{"unit", "unit_from", "valid"} {
		if t.has(key) {
			t.wrong(key, "%s does not go with span = \"site\": the site says the ends of the loop and their unit; take it out", key)
		}
	}
	r.unit = "%" // of span, where no site says more
	p.Span = true
}

// bySite is the word for what only the site knows.
const bySite = "site"

// linkFactor finds the read that a read is multiplied by.
func (p *Profile) linkFactor(r *read, t *table) {
	name, written := t.written("scale_by")
	if !written {
		return
	}
	by := p.readNamed(t, "scale_by", name)
	switch {
	case by == nil:
		return
	case by == r:
		t.wrong("scale_by", "scale_by %q is the read itself: name the read that holds the factor", name)
	case by.scaled:
		t.wrong("scale_by", "scale_by %q has a scale_by of its own: one factor is enough", name)
	case by.textual():
		t.wrong("scale_by", "scale_by %q is a text, but must be a number", name)
	case r.textual():
		t.wrong("scale_by", "scale_by is for numbers, and %q is a text", r.name)
	case r.loop != nil:
		t.wrong("scale_by", "scale_by does not go with loop: take it out")
	case !p.together(r, by):
		t.wrong("scale_by", "scale_by %q comes with another [[modbus]] question: both must be in one block, to be of the same moment", name)
	default:
		r.by = by
	}
}

// together says whether two reads come with one answer, as far as that can be
// known beforehand.
func (p *Profile) together(a, b *read) bool {
	return p.blockOf(a) == p.blockOf(b)
}

// blockOf returns the block that a read stands in, nil for none.
func (p *Profile) blockOf(r *read) *block {
	for i := range p.blocks {
		if b := &p.blocks[i]; r.place == inRegisters && b.holds(r.register, r.registersTaken()) {
			return b
		}
	}
	return nil
}

// checkChanges refuses a heartbeat that is looked at too rarely to be seen.
func (p *Profile) checkChanges(r *read, t *table) {
	every := time.Duration(math.MaxInt64)
	for _, a := range p.asks {
		every = min(every, a.every)
	}
	if b := p.blockOf(r); b != nil {
		every = b.every
	}
	if t.has("changes") && (r.textual() || r.loop != nil || r.scaled) {
		t.wrong("changes", "changes is for a number that the device counts: it does not go with a text, loop or scale_by")
	}
	if r.changes > 0 && every < math.MaxInt64 && r.changes < 3*every {
		t.wrong("changes", "changes %v, and the question is put every %v: ask at least three times in that time", r.changes, every)
	}
}

// maxChannels bounds the channels of one controller; the largest known has 1536.
const maxChannels = 4096

// parseChannels reads channels and stride. It comes after the questions.
func (p *Profile) parseChannels(t *table) {
	p.Channels = t.whole("channels", 0, 2, maxChannels)
	p.stride = t.whole("stride", 0, 1, math.MaxUint16)
	switch {
	case t.has("channels") != t.has("stride"):
		t.wrong("", "channels and stride go together: write how many channels there are and how many registers one is after the other")
		return
	case !t.has("channels"):
		return
	case p.framing != nil || len(p.blocks) == 0:
		t.wrong("channels", "channels are for [[modbus]], where each has registers of its own: take channels and stride out")
	case t.has("inputs"):
		t.wrong("channels", "channels and inputs exclude each other: list all contacts as inputs")
	}
	for _, b := range p.blocks {
		if last := int(b.Offset) + p.stride*(p.Channels-1) + int(b.Count); last > 1<<16 {
			t.wrong("stride", "the last of %d channels would end at offset %d, beyond 65535: correct channels or stride", p.Channels, last-1)
			return
		}
	}
}
