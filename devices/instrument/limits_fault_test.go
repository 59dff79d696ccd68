package instrument

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// TestFaultyDetectorIsNotJudged: while the detector is faulty its readings begin
// an alarm and end none, and do not show how it is set; then all is said again.
func TestFaultyDetectorIsNotJudged(t *testing.T) {
	t.Parallel()
	l := newLimitTest(&Limits{25, 50, 5, "%LEL"})
	at := func(faulty bool, n float64) []string {
		l.faulty = faulty
		return l.reads("%LEL", "", "", n)
	}
	got := [][]string{at(false, 30), at(true, 0), at(true, 90), at(false, 22), at(true, 0), at(false, 0)}
	below := "device.fault cleared limits"
	want := [][]string{
		{"gas.alarm.low raised 30 of 25 %LEL methane", "gas.alarm.high cleared 30 of 50 %LEL methane", below},
		nil, {"gas.alarm.high raised 90 of 50 %LEL methane"},
		{"gas.alarm.low raised 22 of 25 %LEL methane", "gas.alarm.high cleared 22 of 50 %LEL methane", below},
		nil,
		{"gas.alarm.low cleared 0 of 25 %LEL methane", "gas.alarm.high cleared 0 of 50 %LEL methane", below},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	l = newLimitTest(&Limits{25, 50, 5, "%LEL"}, "gas.alarm.low")
	l.reads("%LEL", "", "", 0)
	for range 60 {
		if got := at(true, 90); got != nil {
			t.Errorf("a faulty detector is called wrongly set: %v", got)
		}
	}
}

// TestFaultHoldsLimits: what a detector says of itself holds what the limits say
// of it, frame by frame, however many come at once.
func TestFaultHoldsLimits(t *testing.T) {
	t.Parallel()
	alarms := func(r *Reader, heard []byte) (said []string) {
		for _, e := range r.Feed(noon, heard) {
			if gasAlarm(e.Code) {
				said = append(said, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Code, e.State, e.Point)))
			}
		}
		return said
	}
	p := load(t, "winsen-zc05")
	r := NewReader(p, 0)
	r.limits = newJudge(p, &Limits{100, 200, 10, "ppm"})
	high := speak(t, p, map[string]any{"gas": 150}, 0)
	dead := speak(t, p, map[string]any{"gas": 0, "dead": true}, 0)
	got := [][]string{alarms(r, high), alarms(r, slices.Concat(dead, high)), alarms(r, dead), alarms(r, speak(t, p, map[string]any{"gas": 0}, 0))}
	want := [][]string{
		{"gas.alarm.low raised", "gas.alarm.high cleared"}, {"gas.alarm.low raised", "gas.alarm.high cleared"},
		nil, {"gas.alarm.low cleared", "gas.alarm.high cleared"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFaultHoldsItsPoint: the readings of one point end nothing for its fault or
// a value that cannot be true, and the others do; none does while the heart
// stands still.
func TestFaultHoldsItsPoint(t *testing.T) {
	t.Parallel()
	p := readProfile(t, "testdata/good/faults.toml")
	for i, c := range []struct {
		registers []uint16 // from 0
		own       []uint16 // from 100
		want      string
	}{
		{[]uint16{1, 1, 0, 0}, nil, "ab"}, // not heard yet: a permanent refusal would leave nobody to judge
		{[]uint16{1, 1, 0, 0}, []uint16{0, 0}, "ab"},
		{[]uint16{1, 1, 0, 0}, []uint16{1, 0}, ""},
		{[]uint16{1, 1, 0, 0}, []uint16{2, 0}, "a"},
		{[]uint16{0xFFFF, 1, 0, 0}, []uint16{0, 0}, "b"},
	} {
		r := NewReader(p, 1)
		r.limits = newJudge(p, &Limits{2, 3, 0, "ppm"})
		r.limits.checks = false // as of a detector without alarms
		runs := []run{{0, c.registers}}
		if c.own != nil {
			runs = append(runs, run{100, c.own})
		}
		judged := ""
		for _, e := range r.round(noon, runs) {
			if e.Code == devices.GasAlarmLow {
				judged += e.Point
			}
		}
		if judged != c.want {
			t.Errorf("case %d: judged %q, want %q", i, judged, c.want)
		}
	}
	r := NewReader(p, 1)
	r.limits = newJudge(p, &Limits{2, 3, 0, "ppm"})
	r.limits.checks = false
	for i, want := range []int{2, 0, 2} { // its heart stands still, and beats again
		judged := 0
		for _, e := range r.round(noon.Add(time.Duration(i)*11*time.Second), []run{{0, []uint16{1, 1, 0, uint16(i / 2)}}, {100, []uint16{0, 0}}}) {
			if e.Code == devices.GasAlarmLow {
				judged++
			}
		}
		if judged != want {
			t.Errorf("beat %d: judged %d times, want %d", i, judged, want)
		}
	}
}

// TestReadingWithoutUnit: where the device does not say its unit the site does,
// and the alarm bears it; without limits of the site's nobody knows.
func TestReadingWithoutUnit(t *testing.T) {
	t.Parallel()
	l := newLimitTest(&Limits{10, 20, 1, "ppm"})
	want := []string{"gas.alarm.low raised 15 of 10 ppm methane", "gas.alarm.high cleared 15 of 20 ppm methane", "device.fault cleared limits"}
	if diff := cmp.Diff(want, l.reads("", "", "", 15)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := newLimitTest(nil).reads("", "", "", 99); got != nil {
		t.Errorf("without limits said %v", got)
	}
	said := devices.Event{Time: noon, Code: devices.GasReading, Value: &devices.Value{Number: 15}}
	newJudge(detector(), &Limits{10, 20, 1, "ppm"}).judge([]devices.Event{said}, func(string) bool { return false })
	if said.Value.Unit != "" {
		t.Errorf("the reading itself has got the unit %q, which the device did not say", said.Value.Unit)
	}

	l = newLimitTest(&Limits{10, 20, 1, "ppm"}, "gas.alarm.low")
	var got []string
	for range 31 {
		got = append(got, l.reads("", "", "", 15)...)
	}
	want = []string{
		"device.fault cleared limits",
		"device.fault raised limits reads 15 ppm and says no alarm, the site's low limit is 10 ppm: correct the alarm points in the detector",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checked (-want +got):\n%s", diff)
	}
}
