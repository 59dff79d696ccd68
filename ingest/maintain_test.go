package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// lane lists what the city is told in a lane, with the time since the start and, but for
// what begins, the incident: "12m0s gas-1 gas.alarm.high raised again 1 of 1". A mode
// other than normal is named at the end.
func lane(t *testing.T, st *store.Store, name devices.Lane, began time.Time) (all []string) {
	t.Helper()
	records, err := st.Read(name, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		e := r.Event
		line := fmt.Sprint(e.Time.Sub(began).Truncate(time.Second), " ", e.Device, " ", e.Code, " ", e.State, e.Is)
		if e.Point != "" {
			line += " at " + e.Point
		}
		if e.Reminder > 0 {
			line += fmt.Sprint(" again ", e.Reminder)
		}
		if r.Incident != r.ID() {
			line += " of " + r.Incident[strings.LastIndex(r.Incident, "-")+1:]
		}
		if e.Mode != devices.Normal {
			line += ", " + e.Mode.String()
		}
		all = append(all, line)
	}
	return all
}

func high(at time.Duration, s devices.State) cue {
	return cue{at, devices.Event{Code: devices.GasAlarmHigh, State: s, Value: &devices.Value{Unit: "%LEL", Number: 52}}}
}

func low(at time.Duration, s devices.State) cue {
	return cue{at, devices.Event{Code: devices.GasAlarmLow, State: s}}
}

// maintained is a maintenance as the tests begin it: two minutes after the start, for ten.
func maintained(t *testing.T, in *Ingest, device string) {
	t.Helper()
	if _, err := in.Maintain(device, 10*time.Minute, "root (uid 0)", "检修"); err != nil {
		t.Fatal(err)
	}
}

// alone is a conversation of a device that may be silent for ever.
func alone(device string, cues ...cue) Conversation {
	return Conversation{Name: device, Silence: map[string]time.Duration{device: 0}, Device: saying(cues...)}
}

// TestMaintenance: what a device says in a maintenance carries its mode. When it ends by
// itself, what was raised in it and stands is told again at once in normal mode, as the
// same incident, and is everybody's from then on; what was raised before and is over is
// cleared; what is over is over. All of it is told with who and why.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		var seen []string
		in.opt.Attention = func(r store.Record) {
			seen = append(seen, fmt.Sprint(r.Event.Time.Sub(began).Truncate(time.Second), " ", r.Event.Code))
		}
		tamper := func(at time.Duration, s devices.State) cue {
			return cue{at, devices.Event{Code: "tamper.contact", State: s}}
		}
		stop := running(t, in, alone("gas-1",
			cue{time.Second, devices.Event{Code: devices.DeviceMode, Is: "normal"}},
			tamper(time.Minute, devices.Raised),
			low(3*time.Minute, devices.Raised), low(4*time.Minute, devices.Cleared),
			high(5*time.Minute, devices.Raised), tamper(6*time.Minute, devices.Cleared),
			cue{7 * time.Minute, devices.Event{Code: "screening.metal.alarm"}},
			high(20*time.Minute, devices.Cleared), high(21*time.Minute, devices.Raised)))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		same(t, stands(t, st, began), map[string]string{"gas-1": "maintenance 2m0.5s: root (uid 0) works at it until " + minuteOf(began.Add(12*time.Minute)) +
			": 检修: it ends by itself; if the work is done before, say `sitepost maintain gas-1 --end`"})
		until(began, 8*time.Minute)
		same(t, unconfirmed(t, st), []string{"gas-1 gas.alarm.high", "gas-1 tamper.contact"})
		until(began, 13*time.Minute)
		same(t, stands(t, st, began), map[string]string{"gas-1": "online 12m1s"})
		until(began, 22*time.Minute)
		stop()
		same(t, lane(t, st, devices.AlarmLane, began), []string{
			"1m0s gas-1 tamper.contact raised",
			"3m0s gas-1 gas.alarm.low raised, maintenance",
			"4m0s gas-1 gas.alarm.low cleared of 2, maintenance",
			"5m0s gas-1 gas.alarm.high raised, maintenance",
			"7m0s gas-1 screening.metal.alarm , maintenance",
			"12m1s gas-1 gas.alarm.high raised again 1 of 4",
			"12m1s gas-1 tamper.contact cleared of 1",
			"20m0s gas-1 gas.alarm.high cleared of 4",
			"21m0s gas-1 gas.alarm.high raised",
		})
		same(t, seen, []string{"1m0s tamper.contact", "12m1s gas.alarm.high", "21m0s gas.alarm.high"})
		same(t, lane(t, st, devices.EventLane, began), []string{
			"1s gas-1 device.mode normal",
			"2m0s gas-1 device.mode maintenance at operator, maintenance",
			"12m1s gas-1 device.mode normal at operator",
		})
		events, err := st.Read(devices.EventLane, 1, 10)
		if err != nil {
			t.Fatal(err)
		}
		same(t, events[0].Event.Text, "in maintenance until "+minuteOf(began.Add(12*time.Minute))+" by root (uid 0): 检修")
		same(t, events[1].Event.Text, "maintenance is over, its time has come; it was since "+minuteOf(began.Add(2*time.Minute))+" by root (uid 0): 检修")
		told, err := st.Read(devices.AlarmLane, 5, 2)
		if err != nil {
			t.Fatal(err)
		}
		same(t, told[0].Event.Text, "it stands since "+minuteOf(began.Add(5*time.Minute))+", when the device was in maintenance")
		if told[0].Event.Value != nil {
			t.Errorf("what was measured then is told as of now: %+v", told[0].Event.Value)
		}
		same(t, told[1].Event.Text, "it is over since "+minuteOf(began.Add(6*time.Minute))+", when the device was in maintenance")
	})
}

// TestMaintenanceEndedByHand: who ends it before its time has all of it told at once, and
// is named.
func TestMaintenanceEndedByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, alone("gas-1", high(3*time.Minute, devices.Raised)))
		defer stop()
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 4*time.Minute)
		if _, err := in.EndMaintenance("gas-1", "operator (uid 1000)"); err != nil {
			t.Fatal(err)
		}
		same(t, lane(t, st, devices.AlarmLane, began), []string{
			"3m0s gas-1 gas.alarm.high raised, maintenance", "4m0s gas-1 gas.alarm.high raised again 1 of 1"})
		events, err := st.Read(devices.EventLane, 1, 10)
		if err != nil || len(events) != 1 {
			t.Fatal(events, err)
		}
		same(t, events[0].Event.Text, "maintenance is over, ended by operator (uid 1000); it was since "+minuteOf(began.Add(2*time.Minute))+" by root (uid 0): 检修")
		raisings, err := st.Read(devices.AlarmLane, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if made, err := in.put(raisings[0].Place, stillThere(raisings[0], time.Now())); made != nil || err != nil { // the device was first
			t.Errorf("an alarm that is everybody's is made so again: %+v, %v", made, err)
		}
		if _, err := in.EndMaintenance("gas-1", "x"); err == nil {
			t.Error("what has ended can be ended")
		}
		until(began, 15*time.Minute)
		same(t, len(lane(t, st, devices.AlarmLane, began)), 2)
	})
}

// TestMaintenanceOfOneThatRepeats: a device that says its alarm each second has it told
// once more when the maintenance ends, whoever is first.
func TestMaintenanceOfOneThatRepeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		var cues []cue
		for at := 3 * time.Minute; at < 20*time.Minute; at += time.Second {
			cues = append(cues, high(at, devices.Raised), low(at, devices.Cleared))
		}
		stop := running(t, in, alone("gas-1", append([]cue{low(time.Minute, devices.Raised)}, cues...)...))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 20*time.Minute)
		stop()
		got := lane(t, st, devices.AlarmLane, began)
		if len(got) == 4 && strings.Contains(got[2], "low") { // which of the two is first is not ours to say
			got[2], got[3] = got[3], got[2]
		}
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], " ")
		}
		same(t, got, []string{
			"gas-1 gas.alarm.low raised",
			"gas-1 gas.alarm.high raised, maintenance",
			"gas-1 gas.alarm.high raised again 1 of 2",
			"gas-1 gas.alarm.low cleared of 1",
		})
		same(t, len(unconfirmed(t, st)), 0)
	})
}

// TestMaintenanceToAndFro: what was over and came back in the maintenance stands after it,
// and nothing is told of that.
func TestMaintenanceToAndFro(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, alone("gas-1", high(time.Minute, devices.Raised),
			high(3*time.Minute, devices.Cleared), high(4*time.Minute, devices.Raised), high(20*time.Minute, devices.Cleared)))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 21*time.Minute)
		stop()
		same(t, lane(t, st, devices.AlarmLane, began), []string{"1m0s gas-1 gas.alarm.high raised", "20m0s gas-1 gas.alarm.high cleared of 1"})
	})
}

// emptied says whether a retained topic is to be emptied.
func emptied(t *testing.T, st *store.Store, key string) bool {
	t.Helper()
	all, err := st.Currents(true)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(c store.Current) bool { return c.Key == key && c.Doc == nil })
}

// TestMaintenanceGoesOn: a restart in the middle ends nothing and makes it no longer, and
// what the city does not know yet is known after it. A maintenance whose time came while
// the daemon did not run ends at the start.
func TestMaintenanceGoesOn(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"a short stop": time.Minute, "a stop over its end": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "gas-1", "gas-2")
				defer st.Close()
				began := time.Now()
				stop := running(t, in,
					alone("gas-1", low(time.Minute, devices.Raised), high(3*time.Minute, devices.Raised), low(4*time.Minute, devices.Cleared)), alone("gas-2"))
				until(began, 2*time.Minute)
				maintained(t, in, "gas-1")
				until(began, 5*time.Minute)
				stop()
				until(began, 5*time.Minute+off)
				same(t, lane(t, st, devices.AlarmLane, began), []string{"1m0s gas-1 gas.alarm.low raised", "3m0s gas-1 gas.alarm.high raised, maintenance"})
				in = New(in.opt)
				stop = running(t, in, alone("gas-1"), alone("gas-2"))
				end := max(12*time.Minute, 5*time.Minute+off)
				until(began, end+2*time.Second)
				same(t, len(in.Maintenances()), 0)
				stop()
				got := lane(t, st, devices.AlarmLane, began)
				for i := range got[2:] {
					_, got[2+i], _ = strings.Cut(got[2+i], " ")
				}
				again := 1
				if off == time.Hour {
					again = 2
				}
				same(t, got[2:], []string{fmt.Sprint("gas-1 gas.alarm.high raised again ", again, " of 2"), "gas-1 gas.alarm.low cleared of 1"})
				same(t, emptied(t, st, "device/gas-1"), true) // of one that was not heard since nothing is known
			})
		})
	}
}
