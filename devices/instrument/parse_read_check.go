package instrument

import (
	"maps"
	"slices"
	"strconv"

	"sitepost/devices/modbus"
)

// checkRead refuses what does not go together.
func (p *Profile) checkRead(r *read, t *table) {
	counted := r.kind == "text" || r.kind == "hex" || r.kind == "bcd"
	switch {
	case r.place == inMatch && r.kind != "" && r.kind != "text" && r.kind != "hex":
		t.wrong("type", "a match is a decimal without type, or has type text or hex")
	case t.has("size") && (!counted || r.place == inMatch):
		t.wrong("size", "size counts the bytes of text, hex or bcd at a place: take it out")
	case counted && r.place != inMatch && !t.has("size"):
		t.wrong("type", "type %s needs size: write how many bytes it has", r.kind)
	case t.has("order") && r.width() < 2, r.width() == 3 && (r.order == "CDAB" || r.order == "BADC"):
		t.wrong("order", "order is for u16 to f32; for u24 it is ABCD or DCBA")
	}
	for _, key := range []string{"mask", "bit", "invert", "scale", "offset_by", "names", "valid", "loop", "span", "unit", "unit_from"} {
		bitwise := key == "mask" || key == "bit" || key == "invert" || key == "names"
		switch {
		case !t.has(key):
		case r.kind == "text", r.kind == "f32" && bitwise:
			t.wrong(key, "%s does not go with type %s: take it out", key, r.kind)
		case r.textual():
			t.wrong(key, "%s is for numbers, and size %d of type %s is too long for one: take it out, or read it in parts", key, r.size, r.kind)
		}
	}
	if r.scale == 0 {
		t.wrong("scale", "scale 0 makes every value 0: write the factor, as in 0.1")
	}
	if t.has("span") && !t.has("loop") {
		t.wrong("span", "span says what the ends of a loop stand for: write loop = \"4..20mA\" too")
	}
	p.checkPlace(r, t)
	p.checkChanges(r, t)
}

// checkPlace refuses a read that lies outside of what is heard.
func (p *Profile) checkPlace(r *read, t *table) {
	n := r.bytesTaken()
	if f := p.framing; r.place == inFrame && f != nil && f.length != nil && f.length.bytes > 0 {
		if at := fromEnd(r.at, f.length.bytes); at < 0 || at+n > f.length.bytes {
			t.wrong("at", "read %q does not lie within the frame's %d bytes", r.name, f.length.bytes)
		}
	}
	if r.place != inRegisters || len(p.blocks) == 0 || r.register < 0 {
		return
	}
	for i := range p.blocks {
		if b := &p.blocks[i]; b.holds(r.register, r.registersTaken()) {
			if bits := b.Function == modbus.Coils || b.Function == modbus.Inputs; bits && r.registersTaken() > 1 {
				t.wrong("type", "read %q is wider than one contact", r.name)
			}
			return
		}
	}
	t.wrong("register", "read %q: no [[modbus]] block asks for register %d%s", r.name, r.register, wider(r))
}

func wider(r *read) string {
	if n := r.registersTaken(); n > 1 {
		return " to " + strconv.Itoa(r.register+n-1) + " in one question"
	}
	return ""
}

// linkUnit finds the read that holds the unit.
func (p *Profile) linkUnit(r *read, t *table) {
	name, written := t.written("unit_from")
	if !written {
		return
	}
	if t.has("unit") {
		t.wrong("unit_from", "unit and unit_from exclude each other: take one out")
	}
	r.unitFrom = p.readNamed(t, "unit_from", name)
	if u := r.unitFrom; u != nil && u.names == nil && u.kind != "text" {
		t.wrong("unit_from", "unit_from %q has no names: say there which number is which unit", name)
	}
}

// readNamed looks a read up.
func (p *Profile) readNamed(t *table, key, name string) *read {
	if r := p.reads[name]; r != nil {
		return r
	}
	t.wrong(key, "%s %q is not in [read]%s", key, name, didYouMean(name, slices.Sorted(maps.Keys(p.reads))))
	return nil
}
