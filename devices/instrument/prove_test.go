package instrument

import (
	"os"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
)

// eachShipped runs a test for every profile we ship.
func eachShipped(t *testing.T, test func(t *testing.T, p *Profile)) {
	names := Shipped()
	if len(names) < 20 {
		t.Errorf("got %d profiles, want at least 20", len(names))
	}
	for _, name := range names {
		p, err := Load(name, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

// TestShippedProfiles: every profile we ship proves itself, whole, byte by byte
// and behind noise, and has a try for everything it can say.
func TestShippedProfiles(t *testing.T) {
	t.Parallel()
	eachShipped(t, func(t *testing.T, p *Profile) {
		for _, v := range append(p.Prove(), p.ProveHard()...) {
			if !v.OK {
				t.Errorf("line %d, %s: %v", v.Line, v.Way, v)
			}
		}
		if err := p.Unproven(); err != nil {
			t.Error(err)
		}
		if p.SiteOwn || p.Title == "" || p.Source == "" || len(p.tries) == 0 {
			t.Error("a shipped profile has a title, a source and tries, and is ours")
		}
	})
}

// TestShippedConditions: the tries of a shipped profile raise and clear every
// condition, device.fault included where only the reader would say it. That a
// device refuses a question is in no try.
func TestShippedConditions(t *testing.T) {
	t.Parallel()
	eachShipped(t, func(t *testing.T, p *Profile) {
		_, said := p.prove(whole)
		conditions := map[spokenLine]bool{}
		fallible := len(p.modes()) > 0 || len(p.heartbeats()) > 0
		for _, r := range p.reports {
			fallible = fallible || r.of.fallible()
			if r.form == devices.Condition {
				conditions[spokenLine{code: r.code, point: r.point}] = true
			}
		}
		if fallible {
			conditions[spokenLine{code: devices.DeviceFault}] = true
		}
		for c := range conditions {
			if !said[c] {
				t.Errorf("no try raises %s %q", c.code, c.point)
			}
			if c.cleared = true; !said[c] {
				t.Errorf("no try clears %s %q", c.code, c.point)
			}
		}
	})
}

// TestShippedNotes: the note of a shipped profile names the same kind and trust.
func TestShippedNotes(t *testing.T) {
	t.Parallel()
	eachShipped(t, func(t *testing.T, p *Profile) {
		note, err := os.ReadFile("../../firmware-notes/" + p.Name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		identity, _, _ := strings.Cut(string(note), "\n## Wiring\n")
		for _, want := range []string{"# " + p.Name + "\n", "Kind `" + string(p.Kind) + "`", "rust `" + string(p.Trust) + "`"} {
			if !strings.Contains(identity, want) {
				t.Errorf("the note does not say %q where it says what it is", want)
			}
		}
	})
}

// TestShippedTimes: a shipped profile's silence bears two questions in a row
// without an answer, and its settings are a line's.
func TestShippedTimes(t *testing.T) {
	t.Parallel()
	eachShipped(t, func(t *testing.T, p *Profile) {
		pause := time.Duration(0) // from an answer to the next but two, of the question that is put most often
		for _, a := range p.Asks() {
			if longest := 3*a.Every + a.Within; pause == 0 || longest < pause {
				pause = longest
			}
		}
		if pause > 0 && p.Silence <= pause || len(p.Asks()) > 0 && p.Silence == 0 {
			t.Errorf("it is silent after %v: two lost answers take %v", p.Silence, pause)
		}
		var again line.Settings
		if err := again.UnmarshalText([]byte(p.Settings.String())); err != nil || again != p.Settings || p.Settings == (line.Settings{}) {
			t.Errorf("settings %v read again are %v, %v", p.Settings, again, err)
		}
	})
}
