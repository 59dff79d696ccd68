package instrument

import (
	"regexp"
	"strconv"
	"strings"

	"sitepost/devices/modbus"
)

// readKinds are the types a read may have.
var readKinds = []string{"u8", "u16", "u24", "u32", "i16", "i32", "f32", "bcd", "text", "hex"}

// maxBits bounds a number's bits: hex may have so many.
const maxBits = 4 * maxDigits

// parseReads reads [read]. It comes after the questions and the framing.
func (p *Profile) parseReads(t *table) {
	all := t.child("read")
	if all == nil {
		t.wrong("", "[read] is missing: name the values that a frame or the registers hold")
		return
	}
	names := all.names()
	if len(names) > maxReads {
		t.wrong("read", "there are %d reads, at most %d are read", len(names), maxReads)
		names = names[:maxReads]
	}
	tables := map[string]*table{}
	for _, name := range names {
		if tables[name] = all.child(name); tables[name] != nil {
			p.reads[name] = p.parseRead(name, tables[name])
		}
	}
	for _, name := range names {
		if w := tables[name]; w != nil {
			p.linkUnit(p.reads[name], w)
			w.end()
		}
	}
}

// parseRead reads one read, and gives one back even where it is wrong.
func (p *Profile) parseRead(name string, t *table) *read {
	r := &read{name: name, bit: -1, scale: 1, encoding: p.encoding}
	p.parsePlace(r, t)
	r.kind = t.word("type", readKinds...)
	if r.kind == "" {
		r.kind = map[place]string{inFrame: "u8", inRegisters: "u16", inMatch: ""}[r.place]
	}
	r.order = t.order()
	r.size = t.whole("size", 0, 1, maxText)
	r.mask = uint64(t.whole("mask", 0, 1, 1<<maxBits-1))
	if t.has("bit") {
		r.bit = t.whole("bit", r.bit, 0, maxBits-1)
	}
	r.invert = t.yes("invert")
	r.scale = t.number("scale", 1)
	r.offsetBy = t.number("offset_by", 0)
	r.unit = t.text("unit")
	r.quantity = t.text("quantity")
	r.names = t.valueNames()
	r.valid = t.interval("valid")
	r.loop = t.loop()
	r.span = t.interval("span")
	p.checkRead(r, t)
	return r
}

// parsePlace reads the one of at, register and match.
func (p *Profile) parsePlace(r *read, t *table) {
	r.at = t.whole("at", 0, -maxFrame, maxFrame-1)
	places := 0
	for _, key := range []string{"at", "register", "match"} {
		if t.has(key) {
			places++
		}
	}
	if places != 1 {
		t.wrong("", "read %q needs one of at, register and match", r.name)
	}
	if t.has("register") {
		r.place = inRegisters
		t.parseRegister(r)
	}
	if s := t.text("match"); t.has("match") {
		r.place = inMatch
		var err error
		if r.match, err = regexp.Compile(s); err != nil {
			t.wrong("match", "match is no regular expression: %v", err)
		} else if r.match.NumSubexp() < 1 {
			t.wrong("match", "match has no group: put the value in round brackets, as in '^P (\\d+)'")
		}
	}
	switch {
	case r.place == inRegisters && len(p.blocks) == 0 && p.framing != nil:
		t.wrong("register", "a register needs [[modbus]]; in a frame write at = ...")
	case r.place != inRegisters && p.framing == nil && len(p.blocks) > 0:
		t.wrong("", "read %q is not in a register: with [[modbus]] write register = ...", r.name)
	}
}

// parseRegister reads register = 40003 or register = "40006.0".
func (t *table) parseRegister(r *read) {
	s, isText := t.keys["register"].(string)
	if !isText {
		r.register = t.whole("register", -1, 0, 465536)
		return
	}
	t.asked["register"] = true
	r.register = -1
	whole, bit, _ := strings.Cut(s, ".")
	n, err1 := strconv.ParseUint(whole, 10, 19)
	b, err2 := strconv.ParseUint(bit, 10, 4)
	if err1 != nil || err2 != nil {
		t.wrong("register", "register %q: write a number, as in 40003, or a bit of it from 0 to 15, as in \"40006.0\"", s)
		return
	}
	if t.has("bit") {
		t.wrong("bit", "bit stands in the register already: take it out of one of them")
	}
	r.register, r.bit = int(n), int(b)
}

// valueNames reads names = {0 = "closed", 0x9F = "present"}.
func (t *table) valueNames() map[int64]string {
	w := t.child("names")
	if w == nil {
		return nil
	}
	names := map[int64]string{}
	for _, key := range w.names() {
		n, err := strconv.ParseInt(key, 0, 64)
		if err != nil {
			w.wrong(key, "names: %q is no whole number: write it as in 3 or 0x9F", key)
			continue
		}
		if names[n] != "" {
			w.wrong(key, "names: %d stands twice", n)
		}
		names[n] = w.text(key)
	}
	return names
}

func (t *table) interval(key string) *interval {
	s, written := t.written(key)
	if !written {
		return nil
	}
	i, err := parseInterval(s)
	if err != nil {
		t.wrong(key, "%s %v", key, err)
		return nil
	}
	return &i
}

// loop reads loop = "4..20mA".
func (t *table) loop() *interval {
	s, written := t.written("loop")
	if !written {
		return nil
	}
	ends, milliamperes := strings.CutSuffix(s, "mA")
	i, err := parseInterval(strings.TrimSpace(ends))
	if err != nil || !milliamperes || i.low < 0 {
		t.wrong("loop", "loop %q: write the current at both ends, as in \"4..20mA\"", s)
		return nil
	}
	return &i
}

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
	if r.span != nil && r.loop == nil {
		t.wrong("span", "span says what the ends of a loop stand for: write loop = \"4..20mA\" too")
	}
	p.checkPlace(r, t)
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
	var known []string
	for n := range p.reads {
		known = append(known, n)
	}
	t.wrong(key, "%s %q is not in [read]%s", key, name, didYouMean(name, known))
	return nil
}
