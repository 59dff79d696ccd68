package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestTestAlarm: a test alarm of a device is a record and nothing else: nobody is called,
// it is no sign of life, it is open nowhere, and the device's day does not know of it. A
// maintenance does not change what it is.
func TestTestAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t)
		defer st.Close()
		site := siteWith("gas-1", "gas-2")
		site.Says = map[string][]devices.Code{"gas-1": {devices.GasAlarmHigh}}
		in.Swap(site)
		in.opt.Attention = func(r store.Record) { t.Errorf("called for %+v", r.Event) }
		began := time.Now()
		stop := running(t, in, on("", "gas-1", saying()), alone("gas-2"))
		until(began, 5*time.Second)
		for range 40 { // more than chatters
			if r, err := in.TestAlarm(in.placeOf("gas-1"), "root"); err != nil || r.Event.Mode != devices.Test || r.Event.Upkeep {
				t.Fatalf("got %+v, %v", r.Event, err)
			}
		}
		maintained(t, in, "gas-1")
		if r, err := in.TestAlarm(in.placeOf("gas-1"), "root"); err != nil || r.Event.Mode != devices.Test || r.Event.Upkeep {
			t.Fatalf("in a maintenance: got %+v, %v", r.Event, err)
		}
		last, today := in.Heard("gas-1")
		if !last.IsZero() || today == nil || today.Heard != 0 {
			t.Fatalf("heard at %v, today %+v: want no sign of life", last, today)
		}
		same(t, today.Counts, map[devices.Code]uint64{devices.GasAlarmHigh: 0, devices.DeviceMode: 1}) // the person's
		until(began, 20*time.Second)
		stop()
		got := untimed(lane(t, st, devices.AlarmLane, began))
		same(t, len(got), 42)
		same(t, got[40:], []string{"gas-1 alarm.test , test", "gas-1 device.silent raised, maintenance"})
		same(t, unconfirmed(t, st), []string{"gas-1 device.silent"})
	})
}
