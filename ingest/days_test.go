package ingest

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A bubble of testing/synctest begins at midnight UTC: eight in the morning.
const (
	toMidnight = 16 * time.Hour
	firstDay   = "2000-01-01"
	nextDay    = "2000-01-02"
)

// countedRig is an ingest that counts what a gate and a detector say.
func countedRig(t *testing.T) (*Ingest, *store.Store) {
	t.Helper()
	in, st := rig(t, "gate-1", "gas-1", "bus")
	in.opt.Says = map[string][]devices.Code{
		"gate-1": {devices.AccessPassage, "screening.metal.alarm"},
		"gas-1":  {devices.GasReading, devices.GasAlarmHigh, devices.DeviceMode},
	}
	return New(in.opt), st
}

// again is an ingest over the same store, after the last one ended.
func again(in *Ingest) *Ingest { return New(in.opt) }

// day is a Day with its counts as a row of codes and figures.
func day(date string, complete bool, heard uint64, awayS int64, counts ...any) devices.Day {
	d := devices.Day{Date: date, Complete: complete, Heard: heard, AwayS: awayS, Counts: map[devices.Code]uint64{}}
	for i := 0; i < len(counts); i += 2 {
		d.Counts[devices.Code(counts[i].(string))] = uint64(counts[i+1].(int))
	}
	return d
}

// shownDays returns what up/device/<name> says of today and yesterday.
func shownDays(t *testing.T, st *store.Store, name string) (days []devices.Day) {
	t.Helper()
	all, err := st.Currents(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		var doc state
		if c.Key != "device/"+name || c.Doc == nil {
			continue
		}
		if err := json.Unmarshal(c.Doc, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Today != nil {
			days = append(days, *doc.Today)
		}
		if doc.Yesterday != nil {
			days = append(days, *doc.Yesterday)
		}
	}
	return days
}

// toldDays returns the device.counts of a device.
func toldDays(t *testing.T, st *store.Store, name string) (days []devices.Day) {
	t.Helper()
	records, err := st.Read(devices.EventLane, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Event.Code == devices.DeviceCounts && r.Place.Device.Name == name {
			days = append(days, *r.Event.Day)
		}
	}
	return days
}

func passed(raw uint64) devices.Event {
	return devices.Event{Code: devices.AccessPassage, Point: "left", Count: &devices.Count{Raw: raw}}
}

// TestCounts: a day has what was new, and a zero for what the device may say
// and did not; passages count by how much the counter rose; what comes in one
// frame is heard once; readings are heard. Nobody else is counted.
func TestCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := countedRig(t)
		defer st.Close()
		began := time.Now()
		high := func(s devices.State) devices.Event { return devices.Event{Code: devices.GasAlarmHigh, State: s} }
		gas := saying(
			cue{time.Second, devices.Event{Code: devices.DeviceMode, Is: "normal"}},
			cue{time.Second, high(devices.Cleared)}, // of the same frame, and nothing new
			cue{2 * time.Second, reading(4, devices.Normal)},
			cue{3 * time.Second, high(devices.Raised)}, cue{4 * time.Second, high(devices.Raised)}, cue{5 * time.Second, high(devices.Cleared)},
			cue{6 * time.Second, high(devices.Raised)},
			cue{at: 7 * time.Second},
		)
		gate := saying(cue{time.Second, passed(100)}, cue{2 * time.Second, passed(103)}, cue{3 * time.Second, passed(103)}, cue{4 * time.Second, passed(104)})
		stop := running(t, in, on("", "gas-1", gas),
			Conversation{Name: "gate-1", Device: gate, Silence: map[string]time.Duration{"gate-1": 0}},
			Conversation{Name: "bus", Device: saying(cue{at: time.Second}), Silence: map[string]time.Duration{"bus": 0}})
		until(began, time.Minute) // silent since the 18th second
		stop()
		same(t, shownDays(t, st, "gas-1"), []devices.Day{day(firstDay, false, 7, 42, "gas.alarm.high", 2, "device.mode", 1, "device.silent", 1)})
		same(t, shownDays(t, st, "gate-1"), []devices.Day{day(firstDay, false, 4, 0, "access.passage", 4, "screening.metal.alarm", 0)})
		same(t, shownDays(t, st, "bus"), []devices.Day(nil))
	})
}

// TestRefresh: figures that change are shown every 15 minutes, and at once when
// the state changes; those that do not change are not shown again.
func TestRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := countedRig(t)
		defer st.Close()
		began := time.Now()
		gate := saying(append(every(time.Minute, time.Minute, 20*time.Minute), cue{25 * time.Minute, devices.Event{Code: devices.DeviceFault, State: devices.Raised}})...)
		stop := running(t, in, Conversation{Name: "gate-1", Device: gate, Silence: map[string]time.Duration{"gate-1": 0}})
		defer stop()
		var revision uint64
		var got []string
		for time.Since(began) < 2*time.Hour {
			time.Sleep(10 * time.Second)
			all, err := st.Currents(true)
			if err != nil || len(all) == 0 {
				continue
			}
			for _, c := range all {
				if c.Key == "device/gate-1" && c.Revision > revision {
					revision = c.Revision
					got = append(got, time.Since(began).Truncate(time.Minute).String())
				}
			}
		}
		same(t, got, []string{"1m0s", "16m0s", "25m0s"})
	})
}

// TestMidnight: at midnight of Shanghai the day is told and a new one begins. A
// day that was not counted from its midnight on is not complete. What comes in
// the moment after midnight is of the new day.
func TestMidnight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := countedRig(t)
		defer st.Close()
		began := time.Now()
		gate := saying(
			cue{time.Hour, passed(10)}, cue{2 * time.Hour, passed(15)}, cue{toMidnight - time.Second, passed(16)}, cue{toMidnight, passed(18)},
			cue{toMidnight + time.Hour, devices.Event{Code: "screening.metal.alarm"}},
		)
		stop := running(t, in, Conversation{Name: "gate-1", Device: gate, Silence: map[string]time.Duration{"gate-1": 0}}, on("", "gas-1", saying()))
		first, second := day(firstDay, false, 3, 0, "access.passage", 6, "screening.metal.alarm", 0), day(nextDay, true, 2, 0, "access.passage", 2, "screening.metal.alarm", 1)
		until(began, toMidnight-time.Second)
		same(t, toldDays(t, st, "gate-1"), []devices.Day(nil))
		until(began, toMidnight)
		same(t, toldDays(t, st, "gate-1"), []devices.Day{first})
		until(began, toMidnight+2*time.Hour)
		same(t, shownDays(t, st, "gate-1"), []devices.Day{day(nextDay, false, 2, 0, "access.passage", 2, "screening.metal.alarm", 1), first})
		until(began, toMidnight+24*time.Hour)
		stop()
		same(t, toldDays(t, st, "gate-1"), []devices.Day{first, second})
		none := []any{"gas.alarm.high", 0, "device.mode", 0}
		same(t, toldDays(t, st, "gas-1"), []devices.Day{
			day(firstDay, false, 0, int64(toMidnight/time.Second)-11, append(none, "device.silent", 1)...),
			day(nextDay, true, 0, 24*60*60, none...),
		})
	})
}

// TestDaysGoOn: an orderly restart costs nothing of the day, a crash a quarter
// of an hour of it at most; and a day that ended while the daemon did not run is
// told at its start.
func TestDaysGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := countedRig(t)
		defer st.Close()
		began := time.Now()
		const beside = 300 * time.Millisecond // the ticks, which show what is due
		run := func(cues ...cue) (stop func()) {
			return running(t, in, Conversation{Name: "gate-1", Device: saying(cues...), Silence: map[string]time.Duration{"gate-1": 0}})
		}
		metal := devices.Event{Code: "screening.metal.alarm"}
		stop := run(cue{time.Minute + beside, metal}, cue{10*time.Minute + beside, metal})
		until(began, 11*time.Minute)
		stop()
		want := day(firstDay, false, 2, 0, "access.passage", 0, "screening.metal.alarm", 2)
		same(t, shownDays(t, st, "gate-1"), []devices.Day{want})

		in = again(in)
		stop = run(cue{time.Minute + beside, metal}, cue{10*time.Minute + beside, metal})
		until(began, 25*time.Minute)
		want = day(firstDay, false, 3, 0, "access.passage", 0, "screening.metal.alarm", 3) // of the first minute, shown at once
		same(t, shownDays(t, st, "gate-1"), []devices.Day{want})
		stop()
		if err := st.Put("device/gate-1", state{State: online, Since: began, Today: &want}); err != nil {
			t.Fatal(err) // as a crash would have left it
		}

		until(began, toMidnight+time.Hour)
		in = again(in)
		stop = run(cue{time.Minute + beside, metal})
		until(began, toMidnight+time.Hour+20*time.Minute)
		same(t, toldDays(t, st, "gate-1"), []devices.Day{want})
		same(t, shownDays(t, st, "gate-1"), []devices.Day{day(nextDay, false, 1, 0, "access.passage", 0, "screening.metal.alarm", 1), want})
		stop()
		until(began, 10*24*time.Hour)

		in = again(in)
		stop = run(cue{time.Minute + beside, metal})
		until(began, 10*24*time.Hour+2*time.Minute)
		stop()
		same(t, toldDays(t, st, "gate-1"), []devices.Day{want, day(nextDay, false, 1, 0, "access.passage", 0, "screening.metal.alarm", 1)})
		same(t, shownDays(t, st, "gate-1"), []devices.Day{day("2000-01-11", false, 1, 0, "access.passage", 0, "screening.metal.alarm", 1)})
	})
}

// TestAwayGoesOn: the seconds of a silence go on after a restart, and those when
// the daemon did not run are nobody's.
func TestAwayGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := countedRig(t)
		defer st.Close()
		began := time.Now()
		for _, want := range []int64{60 - 11, 60 - 11 + 60 - 1} {
			stop := running(t, in, on("", "gas-1", saying()))
			until(time.Now(), time.Minute)
			stop()
			same(t, shownDays(t, st, "gas-1"), []devices.Day{day(firstDay, false, 0, want, "gas.alarm.high", 0, "device.mode", 0, "device.silent", 1)})
			until(began, time.Hour)
			in = again(in)
		}
	})
}

// TestBackInUse: that a device is not asked was the config's word, and is not
// said again once it was taken back.
func TestBackInUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := countedRig(t)
		defer st.Close()
		began := time.Now()
		for _, doc := range []any{state{State: "disabled", Why: "rebuilt"}, nil} {
			if err := st.Put("device/gate-1", doc); err != nil {
				t.Fatal(err)
			}
			if doc != nil {
				in = again(in)
			}
		}
		stop := running(t, in, Conversation{Name: "gate-1", Device: saying(), Silence: map[string]time.Duration{"gate-1": 0}})
		until(began, toMidnight+time.Hour)
		stop()
		same(t, shownDays(t, st, "gate-1"), []devices.Day(nil))
		same(t, toldDays(t, st, "gate-1"), []devices.Day{day(firstDay, false, 0, 0, "access.passage", 0, "screening.metal.alarm", 0)})
	})
}

// TestClockLeaps: a clock that is set back over midnight stays in its day, and
// any other leap ends the day, which is not complete.
func TestClockLeaps(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, shanghai)
	for _, c := range []struct {
		name string
		to   time.Time
		want string // the day it is in then
		over []string
	}{
		{"nothing", noon.Add(11 * time.Hour), "2026-11-22", nil},
		{"midnight", noon.Add(12 * time.Hour), "2026-11-23", []string{"2026-11-22"}},
		{"back over midnight", noon.Add(-13 * time.Hour), "2026-11-22", nil},
		{"back by two days", noon.Add(-48 * time.Hour), "2026-11-20", []string{"2026-11-22"}},
		{"out of 1970", noon.AddDate(56, 0, 0), "2082-11-22", []string{"2026-11-22"}},
	} {
		tally := tally{says: []devices.Code{devices.AccessPassage}}
		tally.begin(noon)
		tally.turn(c.to)
		var over []string
		for _, d := range tally.ended {
			over = append(over, d.Date)
			if d.Complete {
				t.Errorf("%s: got a complete day, want one that is not", c.name)
			}
		}
		same(t, tally.now(c.to).Date, c.want)
		same(t, over, c.over)
	}
}

// TestUncounted: a device of which nobody said what it may say has no days.
func TestUncounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gate-1")
		defer st.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
		defer cancel()
		err := in.Run(ctx, []Conversation{{Name: "gate-1", Device: saying(cue{time.Hour, passed(1)}, cue{2 * time.Hour, passed(3)}), Silence: map[string]time.Duration{"gate-1": 0}}})
		if err != nil {
			t.Fatal(err)
		}
		same(t, toldDays(t, st, "gate-1"), []devices.Day(nil))
		same(t, shownDays(t, st, "gate-1"), []devices.Day(nil))
	})
}
