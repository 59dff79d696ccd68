package instrument

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sayable returns a few values that a read can hold.
func sayable(r *read) []any {
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
	case r.bit >= 0 || r.mask == 1:
		return []any{true, false, 1}
	case r.kind == "hex" && r.place == inMatch: // as long as in cards.toml
		return []any{"12345678901234", "00000000000099"}
	case r.kind == "f32":
		return []any{0.1, 12.5, 0}
	case r.span != nil:
		return []any{0, 25, 100}
	case r.kind == "i16":
		return []any{-12.34, 0, 12.34}
	}
	return []any{0, 1, 99}
}

// want returns what value reads after put wrote v.
func wantOf(v any) string {
	switch v {
	case true:
		return "1"
	case false:
		return "0"
	}
	return fmt.Sprint(v)
}

// TestSpeakIsFeedBackwards: whatever value a simulator speaks, a reader hears
// that value, for every read of every profile and at every address.
func TestSpeakIsFeedBackwards(t *testing.T) {
	t.Parallel()
	for name, p := range allProfiles(t) {
		for _, r := range p.reads {
			for i, v := range sayable(r) {
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
		block := make([]uint16, r.registersTaken())
		for i := range block {
			block[i] = registers[r.register+i]
		}
		s.runs = []run{{r.register, block}}
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
