package ingest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

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
