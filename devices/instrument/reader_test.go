package instrument

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// load returns one of ours. Where there is an instrument of that name on the
// tests' stand, it is that: what a test expects does not change when a shipped
// profile learns another word.
func load(t testing.TB, name string) *Profile {
	t.Helper()
	p, err := Load(name, "testdata/stand")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// speak makes a frame that must be possible.
func speak(t testing.TB, p *Profile, values map[string]any, address int) []byte {
	t.Helper()
	b, err := p.Speak(values, address)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFirstFrame: the first frame says every condition, state and counter, the
// next ones only what changed; a counter that falls is said too.
func TestFirstFrame(t *testing.T) {
	t.Parallel()
	p := load(t, "gate-7e7f")
	r := NewReader(p, 7)
	say := func(values map[string]any) []devices.Event {
		events := r.Feed(noon, speak(t, p, values, 7))
		for i := range events {
			if !events[i].Time.Equal(noon) {
				t.Errorf("%v: got time %v, want %v", values, events[i].Time, noon)
			}
			events[i].Time = time.Time{}
		}
		return events
	}
	raw := func(n uint64) *devices.Count { return &devices.Count{Raw: n} }
	for _, step := range []struct {
		values map[string]any
		want   []devices.Event
	}{
		{map[string]any{"left": 10, "right": 5, "leaf": "closed"}, []devices.Event{
			{Code: "access.passage", Point: "left", Count: raw(10)},
			{Code: "access.passage", Point: "right", Count: raw(5)},
			{Code: "access.intrusion", State: devices.Cleared},
			{Code: "device.fault", State: devices.Cleared},
			{Code: "access.leaf", Is: "closed"},
		}},
		{map[string]any{"left": 10, "right": 5, "leaf": "closed"}, nil},
		{map[string]any{"left": 11, "right": 2, "leaf": "open-left", "trouble": 4}, []devices.Event{
			{Code: "access.passage", Point: "left", Count: raw(11)},
			{Code: "access.passage", Point: "right", Count: raw(2)},
			{Code: "device.fault", State: devices.Raised, Detail: "4"},
			{Code: "access.leaf", Is: "open-left"},
		}},
		{map[string]any{"left": 11, "right": 2, "leaf": 9, "trouble": 5}, []devices.Event{
			{Code: "access.leaf", Is: "9"}, // the profile has no word for it
		}},
	} {
		if diff := cmp.Diff(step.want, say(step.values)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", step.values, diff)
		}
	}
	if events := r.Feed(noon, speak(t, p, map[string]any{"left": 99}, 8)); events != nil {
		t.Errorf("another board's answer said %v", events)
	}
}

// TestCardStaysSecret: a card's number is in the event and not in its JSON or
// print.
func TestCardStaysSecret(t *testing.T) {
	t.Parallel()
	p := load(t, "em4100-ascii")
	events := NewReader(p, 0).Feed(noon, speak(t, p, map[string]any{"card": "0123456789"}, 0))
	want := []devices.Event{{Time: noon, Code: "access.card", Card: &devices.Card{Number: "0123456789"}}}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFaultSaysWhy: a fault that the reader finds itself says in words which
// value cannot be true, and what the profile does not know.
func TestFaultSaysWhy(t *testing.T) {
	t.Parallel()
	p := readProfile(t, "testdata/good/modes.toml")
	r := NewReader(p, 1)
	var got []devices.Event
	for _, e := range r.Registers(noon, 0, []uint16{5, 0, 9, 7, 0}) {
		if e.Code == devices.DeviceFault {
			got = append(got, e)
		}
	}
	want := []devices.Event{{
		Time: noon, Code: devices.DeviceFault, State: devices.Raised, Mode: devices.Maintenance,
		Text: "mode is 9, which the profile does not name; unit is 7, which the profile does not name",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGasAlarmSaysHowMuch: an alarm of a concentration carries the one of its
// own frame, raised and cleared; another condition carries none.
func TestGasAlarmSaysHowMuch(t *testing.T) {
	t.Parallel()
	p := load(t, "winsen-zp14")
	r := NewReader(p, 0)
	r.Feed(noon, speak(t, p, map[string]any{"gas": 42}, 0))
	got := r.Feed(noon, speak(t, p, map[string]any{"gas": 300, "over": true, "dead": true}, 0))
	got = append(got, r.Feed(noon, speak(t, p, map[string]any{"gas": 40, "over": false, "dead": false}, 0))...)
	ppm := func(n float64) *devices.Value { return &devices.Value{Unit: "ppm", Number: n} }
	want := []devices.Event{
		{Time: noon, Code: devices.GasReading, Value: ppm(300)},
		{Time: noon, Code: "gas.alarm.own", State: devices.Raised, Value: ppm(300)},
		{Time: noon, Code: devices.DeviceFault, State: devices.Raised},
		{Time: noon, Code: devices.GasReading, Value: ppm(40)},
		{Time: noon, Code: "gas.alarm.own", State: devices.Cleared, Value: ppm(40)},
		{Time: noon, Code: devices.DeviceFault, State: devices.Cleared},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFaultOfAnotherBlock: a fault whose own bit comes with another question is
// not cleared before that was answered.
func TestFaultOfAnotherBlock(t *testing.T) {
	t.Parallel()
	r := NewReader(readProfile(t, "testdata/good/blocks.toml"), 1)
	saysFault := func(events []devices.Event) string {
		for _, e := range events {
			if e.Code == devices.DeviceFault {
				return string(e.State)
			}
		}
		return ""
	}
	for i, step := range []struct {
		first  int
		values []uint16
		want   string
	}{
		{1, []uint16{1}, ""},
		{30001, []uint16{0, 0x7FC0}, "raised"}, // no number
		{30001, []uint16{0, 0}, ""},
		{400010, []uint16{1, 0}, "cleared"},
		{400010, []uint16{1, 0x8000}, "raised"},
		{30001, []uint16{0, 0}, ""},
	} {
		if got := saysFault(r.Registers(noon, step.first, step.values)); got != step.want {
			t.Errorf("step %d: device.fault %q, want %q", i, got, step.want)
		}
	}
}

// TestForget: half a frame before a gap in what was heard does not spoil, and
// does not complete, the frame behind it.
func TestForget(t *testing.T) {
	t.Parallel()
	p := load(t, "winsen-zp14")
	r := NewReader(p, 0)
	frame := speak(t, p, map[string]any{"gas": 42}, 0)
	if events := r.Feed(noon, frame[:5]); events != nil {
		t.Errorf("half a frame said %v", events)
	}
	r.Forget()
	if events := r.Feed(noon, frame[5:]); events != nil {
		t.Errorf("the other half said %v", events)
	}
	if events := r.Feed(noon, frame); len(events) != 3 || events[0].Value.Number != 42 || r.Refused() != 0 {
		t.Errorf("got %v and %d refused, want three events and none", events, r.Refused())
	}
}

// TestUnprovenReports: a report without a try in which it speaks, and a
// condition without one in which it clears, are found with their places.
func TestUnprovenReports(t *testing.T) {
	t.Parallel()
	p := readProfile(t, "testdata/good/modes.toml")
	p.tries = p.tries[:1]
	want := "modes.toml:27:3: report gas.alarm.high: no [[try]] in which it clears: add one\n" +
		"modes.toml:32:3: report tamper.contact: no [[try]] in which it speaks: add one"
	if err := p.Unproven(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestVerdicts: a try that gives something else says so in one line, and the
// tries behind it are still run.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	p := load(t, "winsen-zp14")
	p.tries[1].gives = []string{"gas.reading 301 ppm"}
	var got []string
	for _, v := range p.Prove() {
		got = append(got, v.String())
	}
	want := []string{
		"ok 1", "differs 2: want [gas.reading 301 ppm], got [gas.reading 300 ppm, gas.alarm.own raised]",
		"ok 3", "ok 4", "ok 5", "ok 6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSettled: a change counts once it has lasted, a pulse lasts at least its
// time, and the first value is a change.
func TestSettled(t *testing.T) {
	t.Parallel()
	const steady, hold = 200 * time.Millisecond, 2 * time.Second
	var s settled[bool]
	for i, step := range []struct {
		at            time.Duration
		heard         bool
		changed, know bool
	}{
		{0, true, false, false},
		{100 * time.Millisecond, false, false, false}, // begins anew
		{299 * time.Millisecond, false, false, false},
		{300 * time.Millisecond, false, true, true},
		{time.Second, true, false, true},
		{1100 * time.Millisecond, false, false, true}, // a flutter
		{1200 * time.Millisecond, true, false, true},
		{1400 * time.Millisecond, true, true, true},
		{1500 * time.Millisecond, false, false, true},
		{3399 * time.Millisecond, false, false, true},
		{3400 * time.Millisecond, false, true, true},
	} {
		held := hold
		if !s.now {
			held = 0
		}
		if changed := s.hear(noon.Add(step.at), step.heard, steady, held); changed != step.changed || s.known != step.know {
			t.Errorf("step %d: changed %v, known %v, want %v, %v", i, changed, s.known, step.changed, step.know)
		}
	}
}

// TestAsks: a profile tells what it sends and how long the answer is, for the
// load of a line and for may_send.
func TestAsks(t *testing.T) {
	t.Parallel()
	want := map[string][]Ask{
		"gate-7e7f":     {{Bytes: mustBytes(t, "7E 00 01 10 00 00 00 70"), AnswerBytes: 18, Every: 250 * time.Millisecond, Within: 200 * time.Millisecond}},
		"ceia-02pn20":   {{Bytes: []byte("AC\r"), AnswerBytes: 9, Every: 5 * time.Second, Within: time.Second}},
		"adam-4050":     {{Bytes: []byte("$016\r"), AnswerBytes: 8, Every: 200 * time.Millisecond, Within: 100 * time.Millisecond}},
		"honeywell-xcd": {{Bytes: mustBytes(t, "01 03 00 02 00 09 {crc16-modbus}"), AnswerBytes: 23, Every: time.Second, Within: 300 * time.Millisecond, Modbus: true}},
		"contacts-8":    {{Bytes: mustBytes(t, "01 02 00 00 00 08 {crc16-modbus}"), AnswerBytes: 6, Every: 100 * time.Millisecond, Within: 300 * time.Millisecond, Modbus: true}},
		"winsen-zp14":   nil,
	}
	for name, asks := range want {
		if diff := cmp.Diff(asks, load(t, name).Asks()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	gate := load(t, "gate-7e7f")
	if diff := cmp.Diff([]devices.Code{"access.intrusion", "access.leaf", "access.passage", "device.fault"}, gate.Codes()); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"left", "right"}, gate.Points()); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}
