package daemon_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// TestSilenceIsRemindedOf: a detector that says nothing is told of once, again
// after half an hour and after an hour as the same incident, and once more when
// it is back.
func TestSilenceIsRemindedOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine, nil)
		d.start()
		d.after(10 * time.Second)
		d.dead("gas-1", true)
		d.after(time.Hour + time.Minute)
		d.stands(map[string]string{"device/box": "online", "device/bus": "online", "device/gas-1": "silent", "state": "up"})
		d.dead("gas-1", false)
		d.after(time.Minute)
		d.end()
		b := d.book()
		b.audit(t)
		want := []string{"raised, 0 after 0s", "raised, 1 after 30m0s", "raised, 2 after 1h0m0s", "cleared"}
		got, incidents := b.absence("gas-1")
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("device.silent (-want +got):\n%s", diff)
		}
		if len(incidents) != 1 {
			t.Errorf("got incidents %v, want one", incidents)
		}
	})
}

// absence lists when a device was called silent, and under which incidents.
func (b *book) absence(device string) (told []string, incidents map[string]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	incidents = map[string]bool{}
	var began time.Time
	for _, h := range b.inOrder() {
		if h.Type != string(devices.DeviceSilent) || h.Data.Device.Name != device {
			continue
		}
		if began.IsZero() {
			began = h.Time
		}
		incidents[h.Data.Incident] = true
		if h.Data.State == "cleared" { // when it is asked again is not looked at here
			told = append(told, h.Data.State)
			continue
		}
		told = append(told, fmt.Sprintf("%s, %d after %v", h.Data.State, h.Data.Reminder, h.Time.Sub(began)))
	}
	return told, incidents
}

// toMidnight is from the beginning of a bubble, which is midnight in Greenwich,
// to midnight on the site.
const toMidnight = 16 * time.Hour

// TestDays: what a device said today stands at its state, and at midnight on the
// site the whole day is told, with a zero for what was not said.
func TestDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		time.Sleep(toMidnight - 20*time.Minute)
		d.start()
		d.after(10 * time.Second)
		d.pass("left", 3)
		d.set("gas-1", values{"gas": 30, "low": true})
		d.after(5 * time.Second)
		d.set("gas-1", values{"gas": 4, "low": false})
		d.after(17 * time.Minute)
		want := map[devices.Code]uint64{"gas.alarm.low": 1, "gas.alarm.high": 0, "device.mode": 1, "device.fault": 0}
		if diff := gocmp.Diff(want, d.today("gas-1").Counts); diff != "" {
			t.Errorf("today of the detector (-want +got):\n%s", diff)
		}
		want = map[devices.Code]uint64{"access.passage": 3, "access.intrusion": 0, "access.leaf": 1, "device.fault": 0}
		if diff := gocmp.Diff(want, d.today("gate-1").Counts); diff != "" {
			t.Errorf("today of the gate (-want +got):\n%s", diff)
		}
		d.after(3 * time.Minute)
		d.pass("left", 2)
		d.after(time.Minute)
		d.end()
		b := d.book()
		b.audit(t)
		if diff := gocmp.Diff(map[string]string{
			"gate-1": "2000-01-01: 3 at 2000-01-02T00:00",
			"gas-1":  "2000-01-01: 0 at 2000-01-02T00:00",
		}, b.days()); diff != "" {
			t.Errorf("days told (-want +got):\n%s", diff)
		}
		if got := d.today("gate-1"); got.Date != "2000-01-02" || got.Counts["access.passage"] != 2 {
			t.Errorf("after midnight: got %+v, want 2 passages on 2000-01-02", got)
		}
	})
}

// today is what stands at a device's state of this day.
func (d *dream) today(device string) devices.Day {
	d.t.Helper()
	var doc struct{ Today devices.Day }
	if err := json.Unmarshal(d.broker.Retained()[topicOf("device/"+device)], &doc); err != nil {
		d.t.Fatal(err)
	}
	return doc.Today
}

// days lists the device.counts of all devices: the day, its passages, and when
// that was told.
func (b *book) days() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	days := map[string]string{}
	for _, h := range b.inOrder() {
		if day := h.Data.Counts; day != nil {
			told := fmt.Sprintf("%s: %d at %s", day.Date, day.Counts[devices.AccessPassage], h.Time.Format("2006-01-02T15:04"))
			days[h.Data.Device.Name] = strings.TrimSpace(days[h.Data.Device.Name] + " " + told)
		}
	}
	return days
}

// TestNotSilentBeforeAsked: while a line is only listened to, before its first
// question, nobody on it is called silent.
func TestNotSilentBeforeAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine+`silence = "2s"
`, nil)
		d.start()
		d.after(10 * time.Second)
		d.end()
		d.compare(append(aLife("bus"), inMode("gas-1", "normal"))...)
	})
}
