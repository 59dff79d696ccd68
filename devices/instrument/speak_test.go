package instrument

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sayable returns a few values that a read of a profile can hold.
func (p *Profile) sayable(t *testing.T, r *read) []any {
	switch {
	case len(r.names) > 0:
		var words []any
		for _, n := range slices.Sorted(maps.Keys(r.names)) {
			words = append(words, r.names[n])
		}
		return words
	case r.kind == "text" && r.place == inFrame:
		return []any{strings.Repeat("0A", r.size/2), strings.Repeat("F3", r.size/2)}
	case r.kind == "text":
		return []any{"ab", "cde"}
	case r.textual() && r.kind == "hex":
		return []any{strings.Repeat("0A", r.size/2), strings.Repeat("F3", r.size/2)}
	case r.textual():
		return []any{strings.Repeat("07", r.size), strings.Repeat("90", r.size)}
	case r.bit >= 0 || r.mask == 1 || r.is != nil || r.invert:
		return []any{true, false, 1}
	case r.kind == "hex" && r.place == inMatch: // as long as in cards.toml
		return []any{"12345678901234", "00000000000099"}
	}
	factor := value{number: 1}
	if r.by != nil {
		factor, _ = r.by.value(p.quiet(t))
	}
	var numbers []any
	for _, n := range r.raws() {
		numbers = append(numbers, r.measure(value{number: n}, factor).number)
	}
	return numbers
}

// raws returns a few of the device's own numbers that a read can hold.
func (r *read) raws() []float64 {
	switch {
	case r.loop != nil:
		var raws []float64
		for _, mA := range []float64{r.loop.low, (r.loop.low + r.loop.high) / 2, r.loop.high} {
			raws = append(raws, math.Round((mA-r.offsetBy)/r.scale))
		}
		return raws
	case r.mask != 0:
		return []float64{0, float64(r.mask & -r.mask), float64(r.mask)}
	case r.kind == "f32":
		return []float64{0.1, 12.5, 0}
	case r.kind == "i16", r.kind == "i32":
		return []float64{-1234, 0, 1234}
	}
	return []float64{0, 1, 99}
}

// quiet is what a simulator says that was given no values.
func (p *Profile) quiet(t *testing.T) *sighting {
	if p.framing != nil {
		return &sighting{frame: speak(t, p, nil, 1), end: p.framing.end, encoding: p.encoding}
	}
	registers, err := p.SpeakRegisters(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &sighting{}
	for n, v := range registers {
		s.runs = append(s.runs, run{n, []uint16{v}})
	}
	return s
}

// want returns what value reads after put wrote v.
func wantOf(v any) string {
	switch v {
	case true:
		return "1"
	case false:
		return "0"
	}
	if n, isFloat := v.(float64); isFloat {
		return shortForm(n)
	}
	return fmt.Sprint(v)
}

// TestSpeakIsFeedBackwards: whatever value a simulator speaks, a reader hears
// that value, for every read of every profile and at every address.
func TestSpeakIsFeedBackwards(t *testing.T) {
	t.Parallel()
	for name, p := range allProfiles(t) {
		for _, r := range p.reads {
			for i, v := range p.sayable(t, r) {
				got, err := p.heardBack(r, map[string]any{r.name: v}, 1+i*100)
				if err != nil || got != wantOf(v) {
					t.Errorf("%s: %s = %v: heard %q, %v", name, r.name, v, got, err)
				}
			}
		}
	}
}

// heardBack speaks values and returns what one read holds then.
func (p *Profile) heardBack(r *read, values map[string]any, address int) (string, error) {
	s := &sighting{encoding: p.encoding}
	if p.framing == nil {
		registers, err := p.SpeakRegisters(values)
		if err != nil {
			return "", err
		}
		b := p.blockOf(r)
		block := make([]uint16, b.Count)
		for i := range block {
			block[i] = registers[b.first+i]
		}
		s.runs = []run{{b.first, block}}
	} else {
		frame, err := p.Speak(values, address)
		if err != nil {
			return "", err
		}
		f := newFramer(p.framing, address, 0)
		cuts := append(f.feed(noon, frame), f.close()...)
		if len(cuts) != 1 || cuts[0].refused {
			return "", fmt.Errorf("% X is not one frame: %v", frame, cuts)
		}
		s.frame, s.end = cuts[0].frame, p.framing.end
	}
	v, ok := r.value(s)
	if !ok {
		return "", fmt.Errorf("not there")
	}
	return v.is(), nil
}

// TestSpeakExactly: what nobody gives is as in the profile's tries, and the
// bytes are those that a real device would send.
func TestSpeakExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile string
		values  map[string]any
		address int
		want    string
	}{
		{"gate-7e7f", nil, 1, "7F 01 01 00 00 00 00 00 0A 00 00 05 00 00 18 00 00 57"},
		{"gate-7e7f", map[string]any{"left": 11, "leaf": "open-left"}, 1, "7F 01 01 00 01 00 00 00 0B 00 00 05 00 00 18 00 00 55"},
		{"gate-7e7f", map[string]any{"left": 11, "leaf": "open-left"}, 3, "7F 01 03 00 01 00 00 00 0B 00 00 05 00 00 18 00 00 53"},
		{"winsen-zp14", map[string]any{"gas": 300, "over": true}, 0, "FF 01 03 00 41 2C 13 88 F4"},
		{"em4100-ascii", map[string]any{"card": "62E3086CED"}, 0, "02 '62E3086CED08' 03"},
		{"adam-4050", map[string]any{"DI1": false, "DI5": true}, 0, "'!112000' 0D"},
		{"ceia-02pn20", map[string]any{"passed": 7, "alarmed": 2}, 0, "'P 7' 0D 'TA 2' 0D"}, // a line each
		{"idcard-sam", map[string]any{"found": "absent"}, 0, "AA AA AA 96 69 00 08 00 00 80 00 00 00 00 88"},
	} {
		got, err := load(t, c.profile).Speak(c.values, c.address)
		if diff := cmp.Diff(mustBytes(t, c.want), got); err != nil || diff != "" {
			t.Errorf("%s %v: %v (-want +got):\n%s", c.profile, c.values, err, diff)
		}
	}
	registers, err := load(t, "honeywell-xcd").SpeakRegisters(map[string]any{"gas": 50, "low": true, "high": true})
	want := map[int]uint16{40003: 0x4248, 40004: 0, 40005: 0, 40006: 3, 40007: 1, 40008: 0, 40009: 0, 40010: 0, 40011: 5}
	if diff := cmp.Diff(want, registers); err != nil || diff != "" {
		t.Errorf("honeywell-xcd: %v (-want +got):\n%s", err, diff)
	}
}

// TestSpeakFactor: a value and its factor are spoken together, whatever they are
// called; a factor of 0 leaves nothing to say.
func TestSpeakFactor(t *testing.T) {
	t.Parallel()
	p := readProfile(t, "testdata/good/derived.toml")
	got, err := p.SpeakRegisters(map[string]any{"level": 19, "range": 200, "low": true, "off": false})
	want := map[int]uint16{30001: 100, 30002: 200, 30003: 0x50, 30004: 0x0800} // 20 = 100 * 200 / 1000
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := p.SpeakRegisters(map[string]any{"level": 19, "range": 0}); err == nil {
		t.Error("19 was spoken as a multiple of 0")
	}
}

// TestSpeakRefuses: what a device could not say is refused with the reason.
func TestSpeakRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile string
		values  map[string]any
		want    string
	}{
		{"gate-7e7f", map[string]any{"lefft": 1}, `no read "lefft" (did you mean "left"?)`},
		{"gate-7e7f", map[string]any{"left": 1 << 24}, "left: 16777216 does not fit"},
		{"gate-7e7f", map[string]any{"leaf": "half"}, "half is neither a number nor a name"},
		{"winsen-zp14", map[string]any{"gas": 0x4000}, "does not fit mask 0X3FFF"},
		{"em4100-ascii", map[string]any{"card": "62E3086CED0"}, "does not fit into 10 bytes"},
		{"em4100-ascii", map[string]any{"card": "no digits"}, "the check cannot be formed"},
		{"contacts-8", nil, "speaks in registers"},
	} {
		_, err := load(t, c.profile).Speak(c.values, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: got %v, want ...%s", c.profile, c.values, err, c.want)
		}
	}
	if _, err := load(t, "gate-7e7f").SpeakRegisters(nil); err == nil {
		t.Error("a gate spoke in registers")
	}
}
