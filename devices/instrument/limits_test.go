package instrument

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// A limitTest is a judge with what a detector says to it, second by second.
type limitTest struct {
	judge  *judge
	now    time.Time
	faulty bool
}

// detector is a profile that reads gas, with the alarms given.
func detector(codes ...devices.Code) *Profile {
	p := &Profile{reports: []*report{{code: devices.GasReading, of: &read{unit: "%LEL"}}}}
	for _, c := range codes {
		p.reports = append(p.reports, &report{code: c, of: &read{}})
	}
	return p
}

func newLimitTest(limits *Limits, codes ...devices.Code) *limitTest {
	return &limitTest{judge: newJudge(detector(codes...), limits), now: noon}
}

// reads returns in words what the limits say about a reading, and what the
// detector says beside it.
func (l *limitTest) reads(unit, point string, mode devices.Mode, n float64, beside ...devices.Event) []string {
	l.now = l.now.Add(time.Second)
	events := append([]devices.Event{{
		Time: l.now, Code: devices.GasReading, Point: point, Mode: mode,
		Value: &devices.Value{Quantity: "methane", Unit: unit, Number: n},
	}}, beside...)
	var said []string
	for _, e := range l.judge.judge(events, func(string) bool { return l.faulty })[len(events):] {
		words := []string{string(e.Code), string(e.State), e.Point, string(e.Mode), e.Text}
		if e.Value != nil {
			words = append(words, fmt.Sprintf("%v of %v %s %s", e.Value.Number, *e.Value.Limit, e.Value.Unit, e.Value.Quantity))
		}
		said = append(said, strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
	}
	return said
}

// TestSiteLimits: alarms begin at the limit and end below it by more than the
// hysteresis, and only in normal mode; what lies between does not change them,
// not even right after a start.
func TestSiteLimits(t *testing.T) {
	t.Parallel()
	l := newLimitTest(&Limits{10, 20.3, 0.3, "%lel"})
	at := func(state, code string, n float64, limit string) string {
		return fmt.Sprintf("gas.alarm.%s %s %v of %s %%LEL methane", code, state, n, limit)
	}
	below := "device.fault cleared limits"
	for i, step := range []struct {
		mode devices.Mode
		n    float64
		want []string
	}{
		{"", 9.7, []string{at("cleared", "high", 9.7, "20.3"), below}}, // may have been an alarm before the start
		{"", 9.69, []string{at("cleared", "low", 9.69, "10")}},
		{"", 9.99, nil},
		{"", 10, []string{at("raised", "low", 10, "10")}},
		{"", 9.7, nil},
		{"", 20.299, nil},
		{"", 20.3, []string{at("raised", "high", 20.3, "20.3")}},
		{"", 20, nil}, // 20.3 - 0.3 is not below it
		{devices.WarmUp, 0, nil},
		{devices.WarmUp, 90, nil},
		{"", 20.1, []string{at("raised", "low", 20.1, "10"), at("raised", "high", 20.1, "20.3"), below}},
		{devices.Maintenance, 0, nil},
		{"", 15, []string{at("raised", "low", 15, "10"), at("cleared", "high", 15, "20.3"), below}},
		{"", 0, []string{at("cleared", "low", 0, "10")}},
		{devices.Test, 50, nil}, // a bump test is no alarm
		{"", 9.9, []string{at("cleared", "low", 9.9, "10"), at("cleared", "high", 9.9, "20.3"), below}},
	} {
		if diff := cmp.Diff(step.want, l.reads("%LEL", "", step.mode, step.n)); diff != "" {
			t.Errorf("step %d, %v %v (-want +got):\n%s", i, step.n, step.mode, diff)
		}
	}
}

// TestDecimalLimits: what a person subtracts is what counts, not what binary
// numbers make of it.
func TestDecimalLimits(t *testing.T) {
	t.Parallel()
	l := newLimitTest(&Limits{0.8, 1.1, 0.7, "ppm"}) // 0.8 - 0.7 is a little more than 0.1
	got := [][]string{l.reads("ppm", "", "", 0.1), l.reads("ppm", "", "", 0.8), l.reads("ppm", "", "", 0.1)}
	want := [][]string{
		{"gas.alarm.high cleared 0.1 of 1.1 ppm methane", "device.fault cleared limits"},
		{"gas.alarm.low raised 0.8 of 0.8 ppm methane"}, nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPointsHaveTheirOwnLimits: one sensor's gas is not another's.
func TestPointsHaveTheirOwnLimits(t *testing.T) {
	t.Parallel()
	l := newLimitTest(&Limits{10, 20, 1, "ppm"})
	l.reads("ppm", "ch-1", "", 5)
	l.reads("ppm", "ch-2", "", 5)
	want := []string{"gas.alarm.low raised ch-2 15 of 10 ppm methane"}
	if diff := cmp.Diff(want, l.reads("ppm", "ch-2", "", 15)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := l.reads("ppm", "ch-1", "", 5); got != nil {
		t.Errorf("ch-1 said %v", got)
	}
}

// TestUsualLimits: a detector in %LEL that sends no alarm has limits although
// the site wrote none; another unit or a detector with alarms has none.
func TestUsualLimits(t *testing.T) {
	t.Parallel()
	l := newLimitTest(nil)
	got := [][]string{l.reads("%LEL", "", "", 24.9), l.reads("%LEL", "", "", 25), l.reads("%LEL", "", "", 50), l.reads("%LEL", "", "", 19.9)}
	want := [][]string{
		{"gas.alarm.high cleared 24.9 of 50 %LEL methane", "device.fault cleared limits"},
		{"gas.alarm.low raised 25 of 25 %LEL methane"},
		{"gas.alarm.high raised 50 of 50 %LEL methane"},
		{"gas.alarm.low cleared 19.9 of 25 %LEL methane", "gas.alarm.high cleared 19.9 of 50 %LEL methane"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := newLimitTest(nil).reads("ppm", "", "", 99); got != nil {
		t.Errorf("ppm without limits said %v", got)
	}
	for _, code := range []devices.Code{"gas.alarm.low", "gas.alarm.high", "gas.alarm.own"} {
		if newLimitTest(nil, code).judge != nil {
			t.Errorf("a detector that says %s is judged without limits", code)
		}
	}
	if newJudge(&Profile{}, &usual) != nil {
		t.Error("a profile that reads no gas is judged")
	}
}

// TestOtherUnit: figures of another unit than the limits' are not compared; the
// device is faulty until the units agree, and says so once.
func TestOtherUnit(t *testing.T) {
	t.Parallel()
	l := newLimitTest(&Limits{25, 50, 5, "%LEL"})
	got := [][]string{
		l.reads("ppm", "", devices.WarmUp, 400), l.reads("ppm", "", "", 400), l.reads("ppm", "", "", 400),
		l.reads("%LEL", "", devices.WarmUp, 1), l.reads("%LEL", "", "", 1), l.reads("%LEL", "", "", 1),
	}
	why := " reads ppm, the site's limits are in %LEL: correct the unit of the limits, or set the detector"
	want := [][]string{
		{"device.fault raised limits warm-up" + why}, {"device.fault raised limits" + why}, nil,
		nil, {"gas.alarm.low cleared 1 of 25 %LEL methane", "gas.alarm.high cleared 1 of 50 %LEL methane", "device.fault cleared limits"}, nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDetectorSetWrong: a detector with alarms of its own that says none of them
// although it reads more than the site's limit is faulty after 30 s and three
// readings, until it alarms or the value falls.
func TestDetectorSetWrong(t *testing.T) {
	t.Parallel()
	l := newLimitTest(&Limits{25, 50, 5, "%LEL"}, "gas.alarm.low", "gas.alarm.high")
	alarm := func(code devices.Code, state devices.State) devices.Event {
		return devices.Event{Time: l.now, Code: code, State: state}
	}
	why := func(n, name, limit string) string {
		return fmt.Sprintf("reads %s %%LEL and says no alarm, the site's %s limit is %s %%LEL: correct the alarm points in the detector", n, name, limit)
	}
	for i, step := range []struct {
		after  time.Duration // and a second
		mode   devices.Mode
		n      float64
		beside []devices.Event
		want   []string
	}{
		{0, "", 10, nil, []string{"device.fault cleared limits"}},
		{0, "", 30, nil, nil}, // at 0 s
		{13 * time.Second, "", 30, nil, nil},
		{14 * time.Second, "", 30, nil, nil}, // three readings in 29 s
		{0, "", 34, nil, []string{"device.fault raised limits " + why("34", "low", "25")}},
		{0, "", 25, nil, nil}, // not below the limit
		{0, devices.WarmUp, 0, nil, nil},
		{0, "", 24.9, nil, []string{"device.fault cleared limits"}},
		{0, "", 30, nil, nil},
		{59 * time.Second, "", 30, nil, nil}, // long enough, but twice only
		{0, "", 29.9, nil, nil},              // counts anew
		{0, "", 60, []devices.Event{alarm("gas.alarm.low", devices.Raised)}, nil},
		{29 * time.Second, "", 60, nil, nil},
		{0, "", 60, nil, []string{"device.fault raised limits " + why("60", "high", "50")}},
		{0, "", 60, []devices.Event{alarm("gas.alarm.high", devices.Raised)}, []string{"device.fault cleared limits"}},
		{time.Hour, "", 60, nil, nil},
		{0, "", 60, []devices.Event{alarm("gas.alarm.high", devices.Cleared), alarm("gas.alarm.low", devices.Cleared)}, nil},
		{time.Minute, devices.Calibration, 60, nil, nil}, // a bump test proves nothing, and counting begins anew
		{0, "", 60, nil, []string{"device.fault cleared limits"}},
		{time.Minute, "", 60, nil, nil},
		{0, "", 60, nil, []string{"device.fault raised limits " + why("60", "high", "50") + "; " + why("60", "low", "25")}},
	} {
		l.now = l.now.Add(step.after)
		if diff := cmp.Diff(step.want, l.reads("%LEL", "", step.mode, step.n, step.beside...)); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestOwnAlarmCounts: an alarm of the detector's own kind answers both limits,
// that of another sensor none, that of the whole detector all.
func TestOwnAlarmCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  devices.Code
		point string
		want  bool
	}{
		{"gas.alarm.own", "a", true}, {"gas.alarm.own", "", true}, {"gas.alarm.own", "b", false},
		{"gas.alarm.high", "a", true}, {"gas.alarm.low", "a", false},
	} {
		l := newLimitTest(&Limits{25, 50, 5, "%LEL"}, c.code)
		l.reads("%LEL", "a", "", 60, devices.Event{Code: c.code, Point: c.point, State: devices.Raised})
		var said []string
		for range 40 {
			said = append(said, l.reads("%LEL", "a", "", 60)...)
		}
		if alarmed := said == nil; alarmed != c.want {
			t.Errorf("%s at %q: %v", c.code, c.point, said)
		}
	}
}

// TestJudged: who judges the gas, and in which units it may come, is known from
// the profile.
func TestJudged(t *testing.T) {
	t.Parallel()
	type told struct {
		Judged bool
		Units  []string
	}
	for name, want := range map[string]told{
		"numbers": {true, []string{"%", "C", "mm"}}, "derived": {false, []string{"ppm"}}, "channels": {false, []string{"%LEL", "ppm"}},
		"site-span": {true, nil}, "modes": {false, []string{"ppm"}}, "cards": {false, []string{}},
	} {
		p := readProfile(t, "testdata/good/"+name+".toml")
		if diff := cmp.Diff(want, told{p.Judged(), p.GasUnits()}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSenselessLimits: limits that nothing can be held against are refused
// before the instrument is asked.
func TestSenselessLimits(t *testing.T) {
	t.Parallel()
	for _, l := range []Limits{{50, 25, 5, "%LEL"}, {25, 50, -1, "%LEL"}, {25, 50, 5, ""}, {math.NaN(), 50, 5, "ppm"}, {0, math.Inf(1), 0, "ppm"}} {
		if l.check() == nil {
			t.Errorf("%+v: no error", l)
		}
	}
	for _, l := range []*Limits{nil, {25, 25, 0, "ppm"}} {
		if err := l.check(); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
