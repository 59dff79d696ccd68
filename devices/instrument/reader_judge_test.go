package instrument

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// parse reads a profile that stands in a test.
func parse(t testing.TB, name, text string) *Profile {
	t.Helper()
	p, err := Parse(name, []byte("profile = \""+name+"\"\nkind = \"gas_detector\"\ntrust = \"guessed\"\nsettings = \"9600 8N1\"\nsilence = \"3s\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// gasAlarms writes what is said of gas alarms.
func gasAlarms(events []devices.Event) []string {
	said := []string{}
	for _, e := range events {
		if gasAlarm(e.Code) {
			said = append(said, words(devices.Event{Code: e.Code, State: e.State, Point: e.Point}, e.Device))
		}
	}
	return said
}

// TestFaultOfOnePoint: what is unknown of one point's mode or unit keeps that
// point's alarms and the common one open, and lets the other's end; a value
// without a point that cannot be true keeps all.
func TestFaultOfOnePoint(t *testing.T) {
	t.Parallel()
	p := parse(t, "two", `
[[modbus]]
ask    = "holding"
offset = 0
count  = 6
every  = "1s"
[read]
gas-a = {register = 0, unit_from = "unit"}
gas-b = {register = 1, unit = "ppm"}
a     = {register = "2.0"}
b     = {register = "2.1"}
both  = {register = "2.2"}
mode  = {register = 3, names = {0 = "normal"}}
unit  = {register = 4, names = {0 = "ppm"}}
all   = {register = 5, unit = "ppm", valid = "0..10"}
[[report]]
code  = "gas.reading"
point = "a"
value = "gas-a"
mode  = "mode"
[[report]]
code  = "gas.reading"
point = "b"
value = "gas-b"
[[report]]
code  = "gas.reading"
value = "all"
[[report]]
code  = "gas.alarm.own"
point = "a"
when  = "a"
[[report]]
code  = "gas.alarm.own"
point = "b"
when  = "b"
[[report]]
code  = "gas.alarm.own"
when  = "both"
[[try]]
registers = {0 = [0, 0, 0, 0, 0, 0]}
gives = []
`)
	a, b, both := "gas.alarm.own cleared a", "gas.alarm.own cleared b", "gas.alarm.own cleared"
	for _, c := range []struct {
		wrong      []uint16
		then, over []string // what is cleared while it is wrong, and when that is over
	}{
		{[]uint16{0, 0, 0, 9, 0, 0}, []string{b}, []string{a, both}},
		{[]uint16{0, 0, 0, 0, 9, 0}, []string{b}, []string{a, both}},
		{[]uint16{0, 0, 0, 0, 0, 99}, []string{}, []string{a, b, both}},
	} {
		r := NewReader(p, 1)
		r.Registers(noon, 0, []uint16{0, 0, 7, 0, 0, 0}) // all are raised
		got := [][]string{gasAlarms(r.Registers(noon, 0, c.wrong)), gasAlarms(r.Registers(noon, 0, make([]uint16, 6)))}
		if diff := cmp.Diff([][]string{c.then, c.over}, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.wrong, diff)
		}
	}
}

// TestFaultInItsOwnFrame: an instrument that speaks of a fault only when it has
// one ends its alarms without; the fault holds them until it says that it is
// over. An alarm that settles between two frames is known to the limits.
func TestFaultInItsOwnFrame(t *testing.T) {
	t.Parallel()
	p := parse(t, "lines", `
[frame]
end = "0D"
[read]
gas   = {match = '^G(\d+)'}
alarm = {match = '^A(\d)'}
bad   = {match = '^F(\d)'}
[[report]]
code  = "gas.reading"
value = "gas"
[[report]]
code   = "gas.alarm.low"
when   = "alarm"
steady = "1s"
[[report]]
code = "device.fault"
when = "bad"
[[try]]
bytes = "'G1' 0D"
gives = ["gas.reading 1"]
`)
	r := NewReader(p, 1)
	r.limits = newJudge(p, &Limits{Low: 10, High: 1000, Hysteresis: 1, Unit: "ppm"})
	for i, step := range []struct {
		heard string // and a second later nothing
		want  []string
	}{
		{"A1\r", []string{"gas.alarm.low raised"}},
		{"A0\r", []string{"gas.alarm.low cleared"}},
		{"A1\r", []string{"gas.alarm.low raised"}},
		{"F1\rA0\r", []string{}},
		{"F0\r", []string{}}, // only what is said without a fault ends it
		{"A0\r", []string{"gas.alarm.low cleared"}},
		{"A1\r", []string{"gas.alarm.low raised"}},
	} {
		at := noon.Add(time.Duration(i) * time.Minute)
		got := gasAlarms(append(r.Feed(at, []byte(step.heard)), r.Tick(at.Add(time.Second))...))
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	for i := range 5 {
		for _, e := range r.Feed(noon.Add(time.Hour+time.Duration(i)*time.Minute), []byte("G50\r")) {
			if e.Code == devices.DeviceFault && e.State == devices.Raised {
				t.Errorf("a detector that has its alarm raised is called wrongly set: %s", e.Text)
			}
		}
	}
}

// TestFaultContact: the fault relay of one detector holds its own alarm relay,
// on whichever terminals they are, and not its neighbour's.
func TestFaultContact(t *testing.T) {
	t.Parallel()
	r := newReader(load(t, "contacts-8"), 1, []Wiring{
		{Device: "gas-1", Input: "1", Code: devices.GasAlarmHigh},
		{Device: "gas-1", Input: "2", Code: devices.DeviceFault, NormallyClosed: true},
		{Device: "gas-2", Input: "3", Code: devices.GasAlarmHigh},
		{Device: "gas-2", Input: "4", Code: devices.DeviceFault, NormallyClosed: true},
	})
	on := func(first, second, third, fourth uint16) []string {
		return gasAlarms(r.Registers(noon, 10001, []uint16{first, second, third, fourth, 0, 0, 0, 0}))
	}
	got := [][]string{on(1, 1, 1, 1), on(0, 0, 0, 1), on(0, 1, 0, 1)}
	want := [][]string{
		{"gas.alarm.high raised gas-1", "gas.alarm.high raised gas-2"},
		{"gas.alarm.high cleared gas-2"},
		{"gas.alarm.high cleared gas-1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
