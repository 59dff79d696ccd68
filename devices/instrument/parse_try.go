package instrument

import (
	"cmp"
	"slices"
	"strconv"
)

// parseTries reads the file's own proofs.
func (p *Profile) parseTries(t *table) {
	for _, w := range t.children("try", maxTries) {
		tr := try{fresh: w.yes("fresh"), after: w.duration("after", 0), gives: w.texts("gives")}
		tr.line, _ = w.place(w.offsets[w.path])
		w.needs("gives", "what is said, in order; [] for nothing")
		tr.registers = p.parseRuns(w)
		if s := w.text("bytes"); w.has("bytes") {
			bytes, err := parsePattern(s)
			if err != nil {
				w.wrong("bytes", "bytes %v", err)
			}
			tr.bytes = bytes.fill(1)
		}
		switch {
		case w.has("bytes") == w.has("registers"):
			w.wrong("", "a try has either bytes or registers")
		case w.has("bytes") && p.framing == nil, w.has("registers") && p.framing != nil:
			w.wrong("", "a profile with [[modbus]] is tried by registers, any other by bytes")
		}
		w.end()
		p.tries = append(p.tries, tr)
	}
}

// parseRuns reads registers = {40003 = [0x41C8, 0]}, in the order of their
// numbers.
func (p *Profile) parseRuns(t *table) []run {
	w := t.child("registers")
	if w == nil {
		return nil
	}
	var runs []run
	for _, key := range w.names() {
		first, err := strconv.Atoi(key)
		values := w.registerValues(key)
		if err != nil || first < 0 {
			w.wrong(key, "registers: %q is no register: write its number, as in 40003 = [...]", key)
			continue
		}
		if !slices.ContainsFunc(p.blocks, func(b block) bool { return b.holds(first, len(values)) }) && len(p.blocks) > 0 {
			w.wrong(key, "registers: no [[modbus]] block asks for %d values from %d on", len(values), first)
		}
		runs = append(runs, run{first, values})
	}
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	return runs
}

// registerValues reads a list of registers.
func (t *table) registerValues(key string) []uint16 {
	list, _ := get[[]any](t, key, "a list of numbers")
	values := make([]uint16, 0, len(list))
	for _, item := range list {
		n, ok := item.(int64)
		if !ok || n < 0 || n > 0xFFFF {
			t.wrong(key, "registers: %v is no register's value: write 0 to 65535 or 0x0000 to 0xFFFF", item)
			n = 0
		}
		values = append(values, uint16(n))
	}
	return values
}
