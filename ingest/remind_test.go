package ingest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// told lists what became of the incidents of one code, with the time since the
// start: "2m0s raised 1 of alarm-1 since 0s". All that a reminder says again is
// compared by the way: an error is one that says something else.
func told(t *testing.T, st *store.Store, code devices.Code, began time.Time) []string {
	t.Helper()
	records, err := st.Read(devices.AlarmLane, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	texts := map[string]string{}
	for _, r := range records {
		e := r.Event
		if e.Code != code {
			continue
		}
		line := fmt.Sprint(e.Time.Sub(began), " ", e.State)
		if e.Reminder > 0 {
			line += fmt.Sprint(" again ", e.Reminder)
		}
		if r.Incident != r.ID() {
			line += " since " + r.Since.Sub(began).String()
		}
		if was, again := texts[r.Incident]; again && e.Reminder > 0 && was != e.Text {
			t.Errorf("%s: got the words %q, want %q", line, e.Text, was)
		}
		texts[r.Incident] = e.Text
		got = append(got, line)
	}
	return got
}

// TestReminders: a silence is told once, told again after half an hour, one,
// two, four and eight hours and then after each whole day, and cleared.
func TestReminders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, on("", "gas-1", saying(cue{at: 80 * time.Hour})))
		until(began, 80*time.Hour)
		stop()
		same(t, told(t, st, devices.DeviceSilent, began), []string{
			"11s raised",
			"30m11s raised again 1 since 11s",
			"1h0m11s raised again 2 since 11s",
			"2h0m11s raised again 3 since 11s",
			"4h0m11s raised again 4 since 11s",
			"8h0m11s raised again 5 since 11s",
			"24h0m11s raised again 6 since 11s",
			"48h0m11s raised again 7 since 11s",
			"72h0m11s raised again 8 since 11s",
			"80h0m0s cleared since 11s",
		})
	})
}

// TestRemindersOfLines: a line that is lost and one with a second master are
// told again, their devices are not, and a lent line is nobody's worry.
func TestRemindersOfLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus", "gas-1")
		defer st.Close()
		in.find("bus").isLine = true
		const half = 500 * time.Millisecond // beside the ticks
		began := time.Now()
		bus := saying(
			cue{10*time.Minute + half, devices.Event{Code: devices.LineLost, State: devices.Raised, Text: "no such file"}},
			cue{75*time.Minute + half, devices.Event{Code: devices.LineLost, State: devices.Cleared}},
			cue{80*time.Minute + half, devices.Event{Code: devices.LineSecondMaster, State: devices.Raised}},
			cue{100*time.Minute + half, devices.Event{Code: devices.DeviceMode, Is: "maintenance", Detail: "lent"}},
			cue{120*time.Minute + half, devices.Event{Code: devices.DeviceMode, Is: "normal"}},
			cue{160*time.Minute + half, devices.Event{Code: devices.LineSecondMaster, State: devices.Cleared}},
		)
		stop := running(t, in,
			Conversation{Name: "bus", Silence: map[string]time.Duration{"bus": 0}, Device: bus},
			on("bus", "gas-1", saying()))
		until(began, 5*time.Hour)
		stop()
		same(t, told(t, st, devices.LineLost, began), []string{
			"10m0.5s raised",
			"40m1s raised again 1 since 10m0.5s",
			"1h10m1s raised again 2 since 10m0.5s",
			"1h15m0.5s cleared since 10m0.5s",
		})
		same(t, told(t, st, devices.LineSecondMaster, began), []string{
			"1h20m0.5s raised",
			"2h0m1s raised again 1 since 1h20m0.5s", // due at 1h50m, when it was lent
			"2h20m1s raised again 2 since 1h20m0.5s",
			"2h40m0.5s cleared since 1h20m0.5s",
		})
		same(t, told(t, st, devices.DeviceSilent, began), []string{
			"14s raised",                       // the line is listened to first
			"1h15m1s raised again 2 since 14s", // the first two were due while its line was lost
			"2h40m1s raised again 3 since 14s",
			"4h0m14s raised again 4 since 14s",
		})
	})
}

// TestRemindersGoOn: a restart of the daemon neither repeats nor forgets what
// was told again, and the words come back when the device is missed again.
func TestRemindersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, on("", "gas-1", saying()))
		until(began, 45*time.Minute)
		stop()
		until(began, 3*time.Hour)
		same(t, stands(t, st, began), map[string]string{"gas-1": "silent 11s: nothing heard for 11s, longer than 10s: " + checkIt})
		in = New(in.opt)
		stop = running(t, in, on("", "gas-1", saying()))
		until(began, 5*time.Hour)
		same(t, stands(t, st, began), map[string]string{"gas-1": "silent 11s: nothing heard for 11s, longer than 10s: " + checkIt})
		stop()
		same(t, told(t, st, devices.DeviceSilent, began), []string{
			"11s raised",
			"30m11s raised again 1 since 11s",
			"4h0m11.5s raised again 4 since 11s",
		})
	})
}

// TestReminderTable: how often an absence should have been told again.
func TestReminderTable(t *testing.T) {
	t.Parallel()
	for lasted, want := range map[time.Duration]int{
		-time.Hour: 0, -100 * time.Hour: 0, 0: 0, 30*time.Minute - 1: 0, 30 * time.Minute: 1, time.Hour: 2, 2 * time.Hour: 3, 4*time.Hour - 1: 3,
		4 * time.Hour: 4, 8 * time.Hour: 5, 24*time.Hour - 1: 5, 24 * time.Hour: 6, 47 * time.Hour: 6, 48 * time.Hour: 7, 240 * time.Hour: 15,
	} {
		if got := reminders(lasted); got != want {
			t.Errorf("%v: got %d, want %d", lasted, got, want)
		}
	}
}
