package ingest

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
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

// TestMaintenanceOfASilentOne: a silence in a maintenance wakes nobody, and is everybody's
// when that ends; one that is over by then is cleared. Its reminders go on as they were
// due.
func TestMaintenanceOfASilentOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1", "gas-2")
		defer st.Close()
		began := time.Now()
		stop := running(t, in,
			on("", "gas-1", saying(append(every(5*time.Second, 0, 3*time.Minute), cue{at: 90 * time.Minute})...)),
			on("", "gas-2", saying(every(5*time.Second, 5*time.Minute, 90*time.Minute)...)))
		until(began, 2*time.Minute)
		for _, name := range []string{"gas-1", "gas-2"} {
			if _, err := in.Maintain(name, 40*time.Minute, "root", "new battery"); err != nil {
				t.Fatal(err)
			}
		}
		until(began, 10*time.Minute)
		same(t, stands(t, st, began)["gas-1"], "maintenance 2m0.5s: root works at it until "+minuteOf(began.Add(42*time.Minute))+
			": new battery; it is silent: nothing heard for 11s, longer than 10s: it ends by itself; if the work is done before, say `sitepost maintain gas-1 --end`")
		until(began, 43*time.Minute)
		same(t, stands(t, st, began)["gas-1"], "silent 42m1s: nothing heard for 11s, longer than 10s: "+checkIt)
		until(began, 90*time.Minute+5*time.Second)
		stop()
		same(t, lane(t, st, devices.AlarmLane, began), []string{
			"11s gas-2 device.silent raised",
			"3m11s gas-1 device.silent raised, maintenance",
			"33m11s gas-1 device.silent raised again 1 of 2, maintenance",
			"42m1s gas-1 device.silent raised again 1 of 2",
			"42m1s gas-2 device.silent cleared of 1",
			"1h3m11s gas-1 device.silent raised again 2 of 2",
			"1h30m0s gas-1 device.silent cleared of 2",
		})
	})
}

// TestMaintenanceOfALine: with a line goes all that hangs on it, and ends with it; who has
// a maintenance of his own stays in it.
func TestMaintenanceOfALine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus", "gas-1", "gas-2", "gas-3")
		defer st.Close()
		in.find("bus").isLine = true
		began := time.Now()
		healthy := every(5*time.Second, 0, 30*time.Minute)
		stop := running(t, in,
			alone("bus", cue{3 * time.Minute, devices.Event{Code: devices.LineLost, State: devices.Raised}}, cue{4 * time.Minute, devices.Event{Code: devices.LineLost, State: devices.Cleared}},
				cue{11 * time.Minute, devices.Event{Code: devices.LineLost, State: devices.Raised}}),
			Conversation{Name: "gas-1", Silence: map[string]time.Duration{"gas-1": 0}, Via: "bus", Device: saying(high(5*time.Minute, devices.Raised))},
			Conversation{Name: "gas-2", Silence: map[string]time.Duration{"gas-2": 0}, Via: "bus", Device: saying(high(6*time.Minute, devices.Raised))},
			on("", "gas-3", saying(append(healthy[:2:2], high(7*time.Minute, devices.Raised))...)))
		until(began, 2*time.Minute)
		maintained(t, in, "bus")
		if _, err := in.Maintain("gas-2", 20*time.Minute, "root", "its own"); err != nil {
			t.Fatal(err)
		}
		if _, err := in.EndMaintenance("gas-1", "root"); err == nil || err.Error() != `"gas-1" is in maintenance with "bus", on which it hangs: end that one` {
			t.Errorf("got %v", err)
		}
		until(began, 6*time.Minute)
		got := stands(t, st, began)
		for _, name := range []string{"bus", "gas-1", "gas-2"} {
			if !strings.HasPrefix(got[name], "maintenance 2m0.") {
				t.Errorf("%s: got %q, want it in maintenance", name, got[name])
			}
		}
		if want := `maintenance 2m0.5s: root (uid 0) works at "bus", on which it hangs, until `; !strings.HasPrefix(got["gas-1"], want) {
			t.Errorf("gas-1: got %q, want %q…", got["gas-1"], want)
		}
		until(began, 23*time.Minute)
		stop()
		same(t, lane(t, st, devices.AlarmLane, began), []string{
			"16s gas-3 device.silent raised",
			"3m0s bus line.lost raised, maintenance",
			"4m0s bus line.lost cleared of 2, maintenance",
			"5m0s gas-1 gas.alarm.high raised, maintenance",
			"6m0s gas-2 gas.alarm.high raised, maintenance",
			"7m0s gas-3 device.silent cleared of 1",
			"7m0s gas-3 gas.alarm.high raised",
			"7m11s gas-3 device.silent raised",
			"11m0s bus line.lost raised, maintenance",
			"12m1s bus line.lost raised again 1 of 9",
			"12m1s gas-1 gas.alarm.high raised again 1 of 4",
			"22m1s gas-2 gas.alarm.high raised again 1 of 5",
		})
	})
}

// TestMaintenanceAndChatter: what chatters in a maintenance is told so, and what stands when
// it is calm is everybody's.
func TestMaintenanceAndChatter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		var cues []cue
		for n := range 60 { // up to the end
			at := 11*time.Minute + time.Duration(n)*time.Second
			cues = append(cues, high(at, []devices.State{devices.Raised, devices.Cleared}[n%2]))
		}
		stop := running(t, in, alone("gas-1", append(cues, high(13*time.Minute, devices.Raised))...))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 20*time.Minute)
		stop()
		got := lane(t, st, devices.AlarmLane, began)
		same(t, got[:2], []string{"11m0s gas-1 gas.alarm.high raised, maintenance", "11m1s gas-1 gas.alarm.high cleared of 1, maintenance"})
		same(t, got[30:], []string{
			"11m30s gas-1 gas.alarm.high raised, maintenance",
			"11m30s gas-1 alarm.chattering raised at gas.alarm.high, maintenance",
			"12m1s gas-1 gas.alarm.high raised again 1 of 31",
			"12m1s gas-1 alarm.chattering raised at gas.alarm.high again 1 of 32",
			"11m59s gas-1 gas.alarm.high cleared of 31", // what was held back, when it is calm
			"12m30s gas-1 alarm.chattering cleared at gas.alarm.high of 32",
			"13m0s gas-1 gas.alarm.high raised",
		})
	})
}

// TestMaintenanceKeepsTheDevicesMode: a device that has a mode of its own keeps it, and what
// it says in that is neither everybody's nor over when a person's maintenance ends.
func TestMaintenanceKeepsTheDevicesMode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		own := func(c cue, m devices.Mode) cue { c.event.Mode = m; return c }
		stop := running(t, in, alone("gas-1",
			low(time.Minute, devices.Raised),
			own(high(3*time.Minute, devices.Raised), devices.Maintenance), own(low(4*time.Minute, devices.Cleared), devices.Maintenance),
			own(cue{5 * time.Minute, devices.Event{Code: "tamper.contact", State: devices.Raised}}, devices.Calibration),
			cue{6 * time.Minute, devices.Event{Code: "tamper.contact", State: devices.Raised}}, // it is calibrated, and says it again
		))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 20*time.Minute)
		stop()
		same(t, lane(t, st, devices.AlarmLane, began), []string{
			"1m0s gas-1 gas.alarm.low raised",
			"3m0s gas-1 gas.alarm.high raised, maintenance",
			"5m0s gas-1 tamper.contact raised, calibration",
			"12m1s gas-1 tamper.contact raised again 1 of 3",
		})
		same(t, unconfirmed(t, st), []string{"gas-1 gas.alarm.high", "gas-1 gas.alarm.low"})
	})
}

// TestMaintenanceOfReadings: what was measured in a maintenance is not summed up with what
// was measured before or after it.
func TestMaintenanceOfReadings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		var cues []cue
		for at := 10 * time.Second; at < 3*time.Minute; at += 10 * time.Second {
			n := 4.0
			if at > 30*time.Second && at < 95*time.Second {
				n = 4.5 // gas of the technician, within the dead band
			}
			cues = append(cues, cue{at, devices.Event{Code: devices.GasReading, Value: &devices.Value{Unit: "%LEL", Number: n}}})
		}
		stop := running(t, in, alone("gas-1", cues...))
		until(began, 35*time.Second)
		if _, err := in.Maintain("gas-1", time.Minute, "root", "bump test"); err != nil {
			t.Fatal(err)
		}
		until(began, 4*time.Minute)
		stop()
		records, err := st.Read(devices.ReadingLane, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			s := r.Event.Value.Summary
			inIt := r.Event.Mode == devices.Maintenance
			if want := map[bool]float64{true: 4.5, false: 4}[inIt]; s.Min != want || s.Max != want {
				t.Errorf("%v in mode %q: got %v to %v, want %v alone", r.Event.Time.Sub(began), r.Event.Mode, s.Min, s.Max, want)
			}
		}
		if len(records) < 4 {
			t.Errorf("got %d records", len(records))
		}
	})
}

// TestMaintenanceBounds: what nobody may begin, what it says of that, and that a second word
// moves the end and the reason, not the beginning.
func TestMaintenanceBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, alone("gas-1", high(time.Minute, devices.Raised)))
		defer stop()
		for _, c := range []struct {
			device string
			long   time.Duration
			why    string
			want   string
		}{
			{"gas-9", time.Hour, "x", `"gas-9" is no device`},
			{"gas-1", 59 * time.Second, "x", "write one of 1m to 24h"},
			{"gas-1", 24*time.Hour + 1, "x", "write one of 1m to 24h"},
			{"gas-1", -time.Hour, "x", "write one of 1m to 24h"},
			{"gas-1", time.Hour, " \t", "for no reason"},
			{"gas-1", time.Hour, "two\nlines", "more than one line"},
			{"gas-1", time.Hour, strings.Repeat("修", mostReason+1), "more than 200 characters"},
			{"gas-1", time.Hour, "\xbc\xec\xd0\xde", "in UTF-8"}, // 检修 from a terminal in GBK
			{"gas-1", time.Hour, "turned \u202eround", "nobody can read"},
		} {
			if _, err := in.Maintain(c.device, c.long, "root", c.why); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q for %v because of %.20q: got %v, want %q", c.device, c.long, c.why, err, c.want)
			}
		}
		same(t, len(in.Maintenances()), 0)
		maintained(t, in, "gas-1")
		until(began, 5*time.Minute)
		m, err := in.Maintain("gas-1", 24*time.Hour, "ann", strings.Repeat("\u3000修", mostReason/2)+"修")
		if err != nil || !m.Since.Equal(began) || m.Until.Sub(began) != 24*time.Hour+5*time.Minute+500*time.Millisecond {
			t.Errorf("got %+v, %v", m, err)
		}
		same(t, in.Maintenances(), []Maintenance{m})
		until(began, 24*time.Hour+5*time.Minute)
		same(t, len(lane(t, st, devices.AlarmLane, began)), 1)
		until(began, 24*time.Hour+5*time.Minute+2*time.Second)
		same(t, len(lane(t, st, devices.AlarmLane, began)), 2)
	})
}

// TestMaintenanceWhileTheDiskRefuses: an alarm that becomes everybody's goes to the city
// from memory, once; and one that is over is cleared when the disk is well.
func TestMaintenanceWhileTheDiskRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		st, err := store.Open(store.Options{Directory: directory, Site: "site"})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		in, other := rig(t, "gas-1")
		_ = other.Close()
		in.opt.Store = st
		began := time.Now()
		stop := running(t, in, alone("gas-1", low(time.Minute, devices.Raised), high(3*time.Minute, devices.Raised), low(4*time.Minute, devices.Cleared)))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 11*time.Minute)
		mend := breakWrites(t, filepath.Join(directory, "store.db"))
		until(began, 15*time.Minute)
		var volatile []string
		for _, r := range st.Volatile(0) {
			volatile = append(volatile, fmt.Sprint(r.Event.Code, " ", r.Event.State, " again ", r.Event.Reminder, " ", r.Event.Mode))
		}
		same(t, volatile, []string{"gas.alarm.high raised again 1 normal"})
		mend()
		until(began, 16*time.Minute)
		stop()
		got := lane(t, st, devices.AlarmLane, began)
		same(t, len(got), 4)
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], " ")
		}
		same(t, got, []string{
			"gas-1 gas.alarm.low raised", "gas-1 gas.alarm.high raised, maintenance",
			"gas-1 gas.alarm.high raised again 1 of 2", "gas-1 gas.alarm.low cleared of 1",
		})
		same(t, untimed(lane(t, st, devices.EventLane, began)), []string{ // the end too, when the disk takes it
			"gas-1 device.mode maintenance at operator, maintenance", "gas-1 device.mode normal at operator",
		})
		if known, err := st.Recall(keptAs("gas-1"), new(Maintenance)); known || err != nil {
			t.Errorf("the store still knows a maintenance: %v, %v", known, err)
		}
	})
}

// TestMaintenanceOvertaken: an alarm that got its mode before the end, and comes to the
// disk after it, is everybody's all the same.
func TestMaintenanceOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slow atomic.Bool
		st, err := store.Open(store.Options{Directory: t.TempDir(), Site: "site", Clock: func() store.Clock {
			if slow.Load() {
				time.Sleep(5 * time.Second) // the writer is at it, with the alarm
			}
			return store.Clock{}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		in := New(Options{Store: st, Site: Site{Places: places("gas-1")}, Log: slog.New(slog.DiscardHandler)})
		began := time.Now()
		stop := running(t, in, alone("gas-1", high(time.Minute, devices.Raised)))
		defer stop()
		maintained(t, in, "gas-1")
		until(began, 59*time.Second)
		slow.Store(true)
		until(began, time.Minute) // it is on its way
		ended := make(chan error)
		go func() {
			_, err := in.EndMaintenance("gas-1", "root")
			ended <- err
		}()
		time.Sleep(time.Second)
		slow.Store(false)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		until(began, 2*time.Minute)
		got := lane(t, st, devices.AlarmLane, began)
		if len(got) != 2 || got[0] != "1m0s gas-1 gas.alarm.high raised, maintenance" || !strings.HasSuffix(got[1], "gas-1 gas.alarm.high raised again 1 of 1") {
			t.Errorf("got %q, want the alarm told again in normal mode", got)
		}
	})
}

// TestMaintenanceInDoubt: what is everybody's after a maintenance is not certain where its
// device is silent by then, or its line lost.
func TestMaintenanceInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus", "gas-1", "gas-2", "gas-3")
		defer st.Close()
		in.find("bus").isLine = true
		began := time.Now()
		onBus := func(c Conversation) Conversation {
			c.Silence = map[string]time.Duration{c.Name: 0}
			c.Via = "bus"
			return c
		}
		stop := running(t, in,
			alone("bus", cue{5 * time.Minute, devices.Event{Code: devices.LineLost, State: devices.Raised}}),
			on("", "gas-1", saying(append(every(5*time.Second, 0, 3*time.Minute), high(3*time.Minute, devices.Raised))...)),
			onBus(alone("gas-2", high(3*time.Minute, devices.Raised))),
			alone("gas-3", high(3*time.Minute, devices.Raised)))
		until(began, 2*time.Minute)
		for _, name := range []string{"gas-1", "gas-2", "gas-3"} {
			maintained(t, in, name)
		}
		until(began, 13*time.Minute)
		stop()
		same(t, unconfirmed(t, st), []string{"gas-1 gas.alarm.high", "gas-2 gas.alarm.high"})
		same(t, len(st.Upkept()), 0)
	})
}
