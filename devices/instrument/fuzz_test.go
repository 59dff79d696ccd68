package instrument

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// FuzzFeed: whatever a line says, no profile panics, says what may not leave
// the site, or keeps more than a frame; and one byte at a time it says the
// same.
func FuzzFeed(f *testing.F) {
	profiles := map[string]*Profile{}
	names := []string{}
	for name, p := range allProfiles(f) {
		if p.framing != nil {
			profiles[name] = p
		}
	}
	for name := range profiles {
		names = append(names, name)
		var all []byte
		for _, t := range profiles[name].tries {
			all = append(all, t.bytes...)
		}
		f.Add(name, all)
		f.Add(name, append(all[:len(all)/2:len(all)/2], all...))
	}
	f.Fuzz(func(t *testing.T, name string, heard []byte) {
		p := profiles[name]
		if p == nil {
			p = profiles[names[len(heard)%len(names)]]
		}
		whole, slowly := NewReader(p, 1), NewReader(p, 1)
		whole.limits, slowly.limits = newJudge(p, &usual), newJudge(p, &usual)
		want := append(whole.Feed(noon, heard), whole.Tick(noon.Add(time.Minute))...)
		var got []devices.Event
		for i := range heard {
			got = append(got, slowly.Feed(noon, heard[i:i+1])...)
		}
		got = append(got, slowly.Tick(noon.Add(time.Minute))...)
		if diff := cmp.Diff(want, got); diff != "" || whole.Refused() != slowly.Refused() {
			t.Fatalf("%s: %q (-whole +slowly), refused %d and %d:\n%s", p.Name, heard, whole.Refused(), slowly.Refused(), diff)
		}
		for _, e := range got {
			sound(t, p, e)
		}
		if n := len(slowly.framer.buf); n > maxFrame {
			t.Fatalf("%s keeps %d bytes", p.Name, n)
		}
	})
}

// FuzzRegisters: whatever registers hold, and whatever another master seems to
// read, no profile panics or says what may not leave the site, nor do the
// site's limits; and one byte at a time says the same.
func FuzzRegisters(f *testing.F) {
	f.Add(40003, []byte("\x41\xA0\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05"))
	f.Add(30001, []byte("\x7f\xc0\xff\xff"))
	f.Add(0, []byte("\x00\x01\x00\x02\x00\x09\x00\x04\x00\x00"))
	var profiles []*Profile
	for _, p := range allProfiles(f) {
		if p.framing != nil {
			continue
		}
		profiles = append(profiles, p)
		for _, t := range p.tries {
			for _, run := range t.registers {
				var raw []byte
				for _, v := range run.values {
					raw = append(raw, byte(v>>8), byte(v))
				}
				f.Add(run.first, raw)
			}
		}
	}
	f.Add(0, asked(f, modbus.Block{Unit: 1, Function: modbus.Holding, Offset: 0, Count: 12}, xcd))
	f.Fuzz(func(t *testing.T, first int, raw []byte) {
		values := make([]uint16, len(raw)/2)
		for i := range values {
			values[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
		}
		for _, p := range profiles {
			r := NewReader(p, 1)
			r.limits = newJudge(p, &usual)
			for _, e := range r.Registers(noon, first, values) {
				sound(t, p, e)
			}
			whole, slowly := NewHearer(p, 1), NewHearer(p, 1)
			whole.reader.limits, slowly.reader.limits = newJudge(p, &usual), newJudge(p, &usual)
			want := whole.Hear(line.Chunk{Bytes: raw, At: noon})
			var got []devices.Event
			for i := range raw {
				got = append(got, slowly.Hear(line.Chunk{Bytes: raw[i : i+1], At: noon})...)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: % X (-whole +slowly):\n%s", p.Name, raw, diff)
			}
			for _, e := range got {
				sound(t, p, e)
			}
		}
	})
}

// sound fails on an event that the house cannot take.
func sound(t *testing.T, p *Profile, e devices.Event) {
	t.Helper()
	m, known := e.Code.Meaning()
	condition := m.Form == devices.Condition
	switch {
	case !known || e.Time.IsZero():
		t.Fatalf("%s: %+v has no code or no time", p.Name, e)
	case condition != (e.State == devices.Raised || e.State == devices.Cleared):
		t.Fatalf("%s: %+v has a state that does not fit its form", p.Name, e)
	case e.State == devices.Cleared && e.Mode != devices.Normal:
		t.Fatalf("%s: %+v is cleared in mode %v", p.Name, e, e.Mode)
	case e.Value != nil && (math.IsNaN(e.Value.Number) || math.IsInf(e.Value.Number, 0)):
		t.Fatalf("%s: %+v is not finite", p.Name, e)
	case m.Form == devices.Reading && e.Value == nil, (m.Form == devices.StateForm) != (e.Is != ""):
		t.Fatalf("%s: %+v does not hold what its form needs", p.Name, e)
	case e.Value != nil && m.Form != devices.Reading && !strings.HasPrefix(string(e.Code), "gas.alarm."):
		t.Fatalf("%s: %+v holds a value that it has no use for", p.Name, e)
	}
	for _, text := range []string{e.Text, e.Is, e.Detail} {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) {
			t.Fatalf("%s: %q is no text for a person", p.Name, text)
		}
	}
}

// FuzzParse: whatever a file holds, it is a profile or has mistakes with
// places, never both; and what is a profile can be proved.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"profiles/*.toml", "testdata/good/*.toml", "testdata/bad/*.toml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(strings.TrimSuffix(filepath.Base(path), ".toml"), text)
		}
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		p, err := Parse(name, text)
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v and %v", p, err)
		}
		if err != nil {
			m, ok := err.(*Mistakes)
			if !ok || len(m.List) == 0 {
				t.Fatalf("got %T %v", err, err)
			}
			for _, x := range m.List {
				if x.Text == "" || x.Line < 0 || x.Line > strings.Count(string(text), "\n")+1 {
					t.Fatalf("mistake %+v", x)
				}
			}
			return
		}
		p.Prove()
		p.ProveHard()
		_ = p.Unproven()
		p.Asks()
		p.Judged()
		p.GasUnits()
		p.Overheard(text[:min(len(text), 256)]) // as much as a line keeps
		if last, err := p.Channel(p.Channels); err == nil {
			last.Prove()
			last.Asks()
		}
		_, _ = p.Speak(nil, 1)        // may have nothing to speak by
		_, _ = p.SpeakRegisters(nil)  // neither
		newReader(p, 1, []Wiring{{}}) // that fits nothing
		NewReader(p, 255).Feed(noon, text)
	})
}

// FuzzOverheard: a question is known to any address and within anything, if it
// can be told from noise at all, and nothing that is heard panics.
func FuzzOverheard(f *testing.F) {
	all := allProfiles(f)
	for name, p := range all {
		for _, q := range p.wireQuestions() {
			f.Add(name, byte(1), []byte("7E"), q.fill(1))
		}
	}
	f.Fuzz(func(t *testing.T, name string, address byte, before, behind []byte) {
		p := all[name]
		if p == nil {
			return
		}
		alone := p.Overheard(before) || p.Overheard(behind)
		if !alone && p.Overheard(nil) || alone && !p.Overheard(append(bytes.Clone(before), behind...)) {
			t.Fatalf("%s: % X and % X: heard %v alone", name, before, behind, alone)
		}
		for _, q := range p.wireQuestions() {
			within := slices.Concat(before, q.fill(int(address)), behind)
			if q.telling() && !p.Overheard(within) {
				t.Fatalf("%s: % X is not heard in % X", name, q.fill(int(address)), within)
			}
		}
	})
}

// FuzzTemplate: whatever name a template gets, it is refused or is a profile of
// that name which proves itself.
func FuzzTemplate(f *testing.F) {
	for _, way := range ways {
		f.Add(way, "gate-1")
	}
	f.Add("ask", "name\"\n")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, way, name string) {
		text, err := Template(way, name)
		if err != nil {
			return
		}
		p, err := Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Prove() {
			if !v.OK {
				t.Fatal(v)
			}
		}
	})
}

// BenchmarkFeed is one good frame of the busiest of our framed profiles, and
// the same behind 64 bytes of noise.
func BenchmarkFeed(b *testing.B) {
	p := load(b, "gate-7e7f")
	frame := speak(b, p, nil, 1)
	for name, heard := range map[string][]byte{
		"frame": frame,
		"noise": append([]byte(strings.Repeat("\x00\x01\x02\x03", 16)), frame...),
	} {
		b.Run(name, func(b *testing.B) {
			r := NewReader(p, 1)
			b.ReportAllocs()
			b.SetBytes(int64(len(heard)))
			for b.Loop() {
				r.Feed(noon, heard)
			}
		})
	}
}
