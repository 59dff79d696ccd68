package instrument

// parseFraming reads [frame]. It comes after the questions.
func (p *Profile) parseFraming(t *table, asks []*table) {
	f := t.child("frame")
	switch {
	case f == nil && len(p.blocks) == 0 && !t.has("modbus"):
		t.wrong("", "the framing is missing: write [frame] to say how bytes become frames, or [[modbus]]")
		return
	case f == nil && t.has("ask"):
		t.wrong("ask", "[[ask]] needs [frame]: say how the answer's bytes become frames")
		return
	case f == nil:
		return
	case t.has("modbus"):
		t.wrong("frame", "Modbus brings its own frames: take [frame] and [[ask]] out, or [[modbus]]")
	}
	p.framing = &framing{
		start: f.fixedBytes("start"), end: f.fixedBytes("end"), skip: f.fixedBytes("skip"),
		gap: f.duration("gap", 0), length: f.length(), anonymous: f.yes("anonymous"),
	}
	p.framing.parseCheck(f.child("check"))
	p.framing.parseExpect(f)
	p.checkFraming(t, f)
	for i, a := range p.asks {
		if p.framing.expect.addressed() && a.send != nil && !a.send.addressed() {
			asks[i].wrong("send", "send is a question to several devices at once: the answer names its sender, so put {address} into the question")
		}
	}
	f.end()
}

// fixedBytes reads a byte string without placeholders.
func (t *table) fixedBytes(key string) []byte {
	s := t.text(key)
	if !t.has(key) {
		return nil
	}
	p, err := parsePattern(s)
	var b []byte
	if err == nil {
		b, err = p.fixed()
	}
	if err != nil {
		t.wrong(key, "%s %v", key, err)
	}
	return b
}

// length reads length = 18 or length = {at = 5, type = "u16", plus = 7}.
func (t *table) length() *length {
	if _, fixed := t.keys["length"].(int64); fixed {
		if n := t.whole("length", 0, 1, maxFrame); n > 0 {
			return &length{bytes: n}
		}
		return nil
	}
	l := t.child("length")
	if l == nil {
		return nil
	}
	l.needs("at", "the place of the length field")
	field := number{kind: l.word("type", "u8", "u16", "u24", "u32"), order: l.order()}
	if field.kind == "" {
		field.kind = "u8"
	}
	n := &length{at: l.whole("at", 0, 0, maxFrame-1), field: field, plus: l.whole("plus", 0, -maxFrame, maxFrame)}
	l.end()
	return n
}

// needs notes a mistake where a key is absent.
func (t *table) needs(key, what string) {
	if !t.has(key) {
		t.wrong("", "%s is missing: write %s", key, what)
	}
}

func (t *table) order() string { return t.word("order", "ABCD", "CDAB", "BADC", "DCBA") }

func (f *framing) parseCheck(t *table) {
	if t == nil {
		return
	}
	t.needs("kind", oneOf(checkKinds))
	c := &check{kind: t.word("kind", checkKinds...), at: t.whole("at", 0, -maxFrame, maxFrame-1)}
	t.needs("at", "the place of the check")
	if s := t.required("over", "write the first and the last byte it is formed over, as in \"0..16\""); s != "" {
		over, err := parseSpan(s)
		if err != nil {
			t.wrong("over", "over %v", err)
		}
		c.over = over
	}
	c.init = uint16(t.whole("init", defaultInit, 0, 0xFFFF))
	if t.has("init") && c.kind != "crc16-ccitt" {
		t.wrong("init", "init is for crc16-ccitt only: take it out")
	}
	c.hex = t.word("as", "hex") == "hex"
	c.overHex = t.word("over_text", "hex") == "hex"
	t.end()
	if c.kind != "" {
		f.check = c
	}
}

func (f *framing) parseExpect(t *table) {
	e := t.child("expect")
	if e == nil {
		return
	}
	e.needs("at", "the place where the answer names its sender")
	f.expectAt = e.whole("at", 0, -maxFrame, maxFrame-1)
	if s := e.required("is", "write what stands there, as in \"{address}\""); s != "" {
		is, err := parsePattern(s)
		if err != nil {
			e.wrong("is", "is %v", err)
		}
		f.expect = is
	}
	e.end()
}

// checkFraming refuses what could not be framed, or not be told apart.
func (p *Profile) checkFraming(t, written *table) {
	f := p.framing
	switch {
	case !written.has("end") && !written.has("length") && !written.has("gap"):
		t.wrong("frame", "the framing is missing: a frame needs an end, a length or a gap")
	case f.length != nil && f.start == nil && f.end == nil && f.gap == 0 && f.check == nil:
		t.wrong("frame", "a length alone cannot be found again after noise: add start, end, gap or check")
	}
	if f.anonymous && f.expect != nil {
		written.wrong("anonymous", "anonymous and expect exclude each other: take anonymous out if the answer names its sender")
	}
	if len(p.asks) > 0 && !f.anonymous && f.expect == nil {
		t.wrong("frame", "who answers? write expect = {at = ..., is = \"{address}\"}, or anonymous = true if the answer does not name its sender")
	}
	f.checkPlaces(written)
}

// checkPlaces refuses places behind the end of a frame of known length.
func (f *framing) checkPlaces(t *table) {
	if f.length == nil || f.length.bytes == 0 {
		return
	}
	n := f.length.bytes
	empty := make([]byte, n)
	if c := f.check; c != nil {
		at := fromEnd(c.at, n)
		if _, ok := c.over.of(empty); !ok || at < 0 || at+c.width() > n {
			t.wrong("check", "the check does not lie within the frame's %d bytes", n)
		}
	}
	if at := fromEnd(f.expectAt, n); f.expect != nil && (at < 0 || at+len(f.expect.fill(1)) > n) {
		t.wrong("expect", "expect does not lie within the frame's %d bytes", n)
	}
	if len(f.start)+len(f.end) > n {
		t.wrong("length", "start and end do not fit into %d bytes", n)
	}
}
