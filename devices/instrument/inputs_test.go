package instrument

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// told is an event in short.
type told struct {
	Device, Point, Is string
	Code              devices.Code
	State             devices.State
}

func inShort(events []devices.Event) []told {
	var all []told
	for _, e := range events {
		all = append(all, told{e.Device, e.Point, e.Is, e.Code, e.State})
	}
	return all
}

// TestWiring: what hangs on a contact speaks in its own name and in its own
// way, also where a cut wire must be an alarm; what is not wired says nothing.
func TestWiring(t *testing.T) {
	t.Parallel()
	r := newReader(load(t, "contacts-8"), 11, []Wiring{
		{Device: "xray-1", Input: "1", Code: "screening.xray.alarm", Steady: 200 * time.Millisecond},
		{Device: "xray-1", Input: "2", Code: "device.fault", NormallyClosed: true},
		{Device: "wtmd-1", Input: "3", Code: "screening.metal.alarm", Pulse: true},
		{Device: "panic-1", Input: "4", Code: "panic.pressed", NormallyClosed: true, Stretch: time.Second},
		{Device: "xray-1", Input: "5", Code: "screening.xray.running"},
		{Device: "door-1", Input: "6", Code: "access.forced"},
		{Device: "door-1", Input: "7", Code: "access.forced"},
	})
	now := noon
	module := told{Point: "module", Code: devices.DeviceFault, State: devices.Cleared}
	for i, step := range []struct {
		after  time.Duration
		inputs [8]uint16
		want   []told
	}{
		{0, [8]uint16{0, 1, 0, 1, 0, 0, 0, 1}, []told{
			{Device: "xray-1", Code: "device.fault", State: devices.Cleared},
			{Device: "panic-1", Code: "panic.pressed", State: devices.Cleared},
			{Device: "xray-1", Code: "screening.xray.running", Is: "off"},
			{Device: "door-1", Code: "access.forced", State: devices.Cleared, Point: "6"},
			{Device: "door-1", Code: "access.forced", State: devices.Cleared, Point: "7"},
			module,
		}},
		{100 * time.Millisecond, [8]uint16{1, 0, 1, 0, 1, 0, 1, 0}, []told{
			{Device: "xray-1", Code: "device.fault", State: devices.Raised},
			{Device: "wtmd-1", Code: "screening.metal.alarm"},
			{Device: "panic-1", Code: "panic.pressed", State: devices.Raised},
			{Device: "xray-1", Code: "screening.xray.running", Is: "on"},
			{Device: "door-1", Code: "access.forced", State: devices.Raised, Point: "7"},
		}},
		{100 * time.Millisecond, [8]uint16{1, 1, 1, 1, 1, 0, 1, 0}, []told{ // panic: a pulse is stretched
			{Device: "xray-1", Code: "device.fault", State: devices.Cleared},
		}},
		{100 * time.Millisecond, [8]uint16{1, 1, 0, 1, 1, 0, 1, 0}, []told{ // steady now
			{Device: "xray-1", Code: "screening.xray.alarm"},
		}},
		{time.Second, [8]uint16{1, 1, 1, 1, 1, 0, 1, 0}, []told{
			{Device: "wtmd-1", Code: "screening.metal.alarm"},
			{Device: "panic-1", Code: "panic.pressed", State: devices.Cleared},
		}},
	} {
		now = now.Add(step.after)
		got := inShort(r.Registers(now, 10001, step.inputs[:]))
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestUnwired: a module without any wiring says the state of every input.
func TestUnwired(t *testing.T) {
	t.Parallel()
	p := load(t, "adam-4050")
	r := NewReader(p, 5)
	var want []told
	for _, name := range p.Inputs {
		is := "off"
		if name == "DI1" || name == "DI5" {
			is = "on"
		}
		want = append(want, told{Code: devices.ContactInput, Point: name, Is: is})
	}
	if diff := cmp.Diff(want, inShort(r.Feed(noon, []byte("!112200\r")))); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	want = []told{{Code: devices.ContactInput, Point: "DI1", Is: "off"}}
	if diff := cmp.Diff(want, inShort(r.Feed(noon, []byte("!112000\r")))); diff != "" {
		t.Errorf("then (-want +got):\n%s", diff)
	}
}

// TestWiringRefused: what a contact cannot say breaks the conversation before
// it begins, with the reason.
func TestWiringRefused(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]Wiring{
		`has no input "9" (it has 1, 2, 3, 4, 5, 6, 7 or 8)`: {Input: "9", Code: "panic.pressed"},
		`code "panic.button" is not in the dictionary`:       {Input: "1", Code: "panic.button"},
		"cannot say gas.reading, which is a reading":         {Input: "1", Code: "gas.reading"},
		"panic.pressed is a condition and needs an end":      {Input: "1", Code: "panic.pressed", Pulse: true},
	} {
		w.Device = "x-1"
		err := New(Options{Profile: load(t, "contacts-8"), Address: 1, Device: "x-1", Wirings: []Wiring{w}}).Run(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"x-1"`) {
			t.Errorf("got %v, want ...%s", err, want)
		}
	}
}
