package daemon

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices/instrument"
)

// TestModules: instruments wired to one contact module are asked once for all,
// every other instrument by itself, in the order of the site file; what is out
// of use, or speaks what we do not speak yet, is not asked.
func TestModules(t *testing.T) {
	t.Parallel()
	// wired is an instrument on the input of a module.
	wired := func(name, line string, address int, profile string) config.Instrument {
		return config.Instrument{Name: name, Line: line, Address: address, Profile: profile, Inputs: []config.Input{{Terminal: "1"}}}
	}
	alone := func(name, line string, address int) config.Instrument {
		return config.Instrument{Name: name, Line: line, Address: address, Profile: "honeywell-xcd"}
	}
	out := func(i config.Instrument) config.Instrument { i.Disabled = &config.Disabled{Why: "test"}; return i }
	for _, c := range []struct {
		name        string
		instruments []config.Instrument
		want        string // names of a module joined by "+"
	}{
		{"nothing", nil, ""},
		{"one module", []config.Instrument{wired("a", "bus", 11, "contacts-8"), wired("b", "bus", 11, "contacts-8")}, "a+b"},
		{"a module between others", []config.Instrument{
			wired("a", "bus", 11, "contacts-8"), alone("gas", "bus", 1), wired("b", "bus", 11, "contacts-8"),
		}, "a+b gas"},
		{"another line, address or profile", []config.Instrument{
			wired("a", "bus", 11, "contacts-8"), wired("b", "bus-b", 11, "contacts-8"),
			wired("c", "bus", 12, "contacts-8"), wired("d", "bus", 11, "contacts-4"),
		}, "a b c d"},
		{"no inputs: nothing is shared", []config.Instrument{alone("a", "bus", 1), alone("b", "bus", 1)}, "a b"},
		{"out of use", []config.Instrument{
			out(wired("a", "bus", 11, "contacts-8")), wired("b", "bus", 11, "contacts-8"), out(alone("gas", "bus", 1)),
		}, "b"},
		{"not spoken yet", []config.Instrument{{Name: "door", Line: "osdp", Protocol: config.OSDP}, alone("gas", "bus", 1)}, "gas"},
	} {
		var got []string
		for _, group := range modules(&config.Config{Instruments: c.instruments}) {
			var members []string
			for _, i := range group {
				members = append(members, i.Name)
			}
			got = append(got, strings.Join(members, "+"))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestLongestSilence: the site's word goes before the profile's.
func TestLongestSilence(t *testing.T) {
	t.Parallel()
	p := &instrument.Profile{Silence: 10 * time.Second}
	for _, c := range []struct {
		site config.Instrument
		want time.Duration
	}{
		{config.Instrument{}, 10 * time.Second},
		{config.Instrument{Silence: 3 * time.Second}, 3 * time.Second},
		{config.Instrument{NeverSilent: true}, 0},
	} {
		if got := longest(c.site, p); got != c.want {
			t.Errorf("%+v: got %v, want %v", c.site, got, c.want)
		}
	}
}
