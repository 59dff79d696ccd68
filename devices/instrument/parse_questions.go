package instrument

import (
	"time"

	"sitepost/devices/modbus"
)

// defaultWithin is how long an answer may take where a profile says nothing.
const defaultWithin = 300 * time.Millisecond

// parseAsks reads the framed questions, and returns how they are written.
func (p *Profile) parseAsks(t *table) []*table {
	written := t.children("ask", maxAsks)
	for _, q := range written {
		a := ask{every: q.every(), within: q.duration("within", defaultWithin)}
		if s := q.required("send", "write the bytes of the question"); s != "" {
			send, err := parsePattern(s)
			if err == nil {
				err = send.broadcast()
			}
			if err != nil {
				q.wrong("send", "send %v", err)
			} else {
				a.send = send
			}
		}
		q.end()
		p.asks = append(p.asks, a)
	}
	return written
}

// every reads how often a question is asked.
func (t *table) every() time.Duration {
	t.needs("every", "how often to ask, as in \"1s\"")
	return t.duration("every", time.Second)
}

// A registerKind is a word for what a Modbus block asks, with the number that
// manuals give to offset 0, in its short and its long form.
type registerKind struct {
	word        string
	function    modbus.Function
	short, long int
}

var registerKinds = []registerKind{
	{"coils", modbus.Coils, 1, 1},
	{"inputs", modbus.Inputs, 10001, 100001},
	{"input", modbus.InputRegisters, 30001, 300001},
	{"holding", modbus.Holding, 40001, 400001},
}

// parseBlocks reads the Modbus questions.
func (p *Profile) parseBlocks(t *table) {
	for _, q := range t.children("modbus", maxAsks) {
		b, ok := q.block()
		q.end()
		for i := range p.blocks {
			if other := &p.blocks[i]; b.first < other.first+int(other.Count) && other.first < b.first+int(b.Count) {
				q.wrong("", "two [[modbus]] blocks hold register %d: number them by from, as the manual does", max(b.first, other.first))
			}
		}
		if ok {
			p.blocks = append(p.blocks, b)
		}
	}
}

// block reads one Modbus question.
func (t *table) block() (b block, ok bool) {
	b = block{every: t.every(), within: t.duration("within", defaultWithin)}
	t.needs("ask", "holding, input, coils or inputs")
	word := t.word("ask", "holding", "input", "coils", "inputs")
	from := t.whole("from", -1, 1, 465536)
	offset := t.whole("offset", -1, 0, 65535)
	b.Count = uint16(t.whole("count", 1, 1, 2000))
	if !t.has("count") {
		t.wrong("", "count is missing: write how many to ask for")
	}
	b.first = max(from, offset)
	switch {
	case t.has("from") == t.has("offset"):
		t.wrong("", "write either from, as the manual numbers it (40003), or offset, as on the wire (2)")
		return b, false
	case word == "" || b.first < 0:
		return b, false
	}
	for _, k := range registerKinds {
		if k.word != word {
			continue
		}
		b.Function = k.function
		if offset < 0 {
			offset = k.offset(from)
		}
	}
	if offset < 0 {
		t.wrong("from", "from %d is no number of ask %q: these are numbered 1.. (coils), 10001.. (inputs), 30001.. (input) and 40001.. (holding)", from, word)
		return b, false
	}
	b.Offset = uint16(offset)
	check := b.Block
	check.Unit = 1
	if err := check.Check(); err != nil {
		t.wrong("count", "%v", err)
		return b, false
	}
	return b, true
}

// offset turns a manual's number into the one on the wire, -1 if it is none.
func (k *registerKind) offset(number int) int {
	switch {
	case number >= k.long && number < k.long+1<<16:
		return number - k.long
	case number >= k.short && number < k.short+9999:
		return number - k.short
	}
	return -1
}
