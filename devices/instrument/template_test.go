package instrument

import (
	"strings"
	"testing"

	"sitepost/devices"
)

// TestTemplates: a template is a profile of the name that was asked for, which
// proves itself before anybody has changed a line of it.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for way, kind := range map[string]devices.Kind{"modbus": "gas_detector", "ask": "gate", "listen": "metal_detector_gate"} {
		text, err := Template(way, "my-gate.2")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "NAME") {
			t.Errorf("%s: the name was not put in everywhere", way)
		}
		p, err := Parse("my-gate.2", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", way, err)
			continue
		}
		if p.Kind != kind || p.Trust != Guessed || p.Speaks() != (way == "listen") || p.Modbus() != (way == "modbus") {
			t.Errorf("%s: a %s, %s, speaks %v, Modbus %v", way, p.Kind, p.Trust, p.Speaks(), p.Modbus())
		}
		for _, v := range append(p.Prove(), p.ProveHard()...) {
			if !v.OK {
				t.Errorf("%s:%d %s: %v", way, v.Line, v.Way, v)
			}
		}
		if err := p.Unproven(); err != nil {
			t.Error(err)
		}
	}
}

// TestNoTemplate: what has no template, and what cannot be a name, is refused
// with what to write instead.
func TestNoTemplate(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"modbuss", "x", `no template for "modbuss" (did you mean "modbus"?): say modbus, ask or listen`},
		{"../profiles/gate-7e7f", "x", `no template for "../profiles/gate-7e7f": say modbus, ask or listen`},
		{"ask", "../x", `profile "../x": ` + nameRule},
	} {
		if text, err := Template(c[0], c[1]); text != "" || err == nil || err.Error() != c[2] {
			t.Errorf("got %q, %v, want %s", text, err, c[2])
		}
	}
}
