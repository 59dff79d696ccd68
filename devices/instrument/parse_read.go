package instrument

import (
	"regexp"
	"strconv"
	"strings"
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
			p.linkFactor(p.reads[name], w)
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
	r.mask = uint64(t.wide("mask", 0, 1, 1<<maxBits-1))
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
	p.parseSpan(r, t)
	r.is = t.isOneOf(r)
	r.scaled = t.has("scale_by")
	r.changes = t.duration("changes", 0)
	p.checkRead(r, t)
	p.checkIs(r, t)
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
