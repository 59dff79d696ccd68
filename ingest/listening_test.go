package ingest

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// TestListening: while a line is listened to before it asks, none of its devices
// is missed, however short its healthy silence is.
func TestListening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus", "gate-1")
		defer st.Close()
		in.find("bus").isLine = true
		began := time.Now()
		const lost, lent = time.Minute + 500*time.Millisecond, 3*time.Minute + 500*time.Millisecond
		heard := slices.Concat( // it takes a while to open, is listened to for 3 s, and answers
			every(time.Second, 4050*time.Millisecond, lost), every(time.Second, lost+time.Minute+3600*time.Millisecond, lent),
			every(time.Second, lent+time.Minute+3600*time.Millisecond, 6*time.Minute))
		stop := running(t, in,
			Conversation{Name: "bus", Silence: map[string]time.Duration{"bus": 0}, Device: saying(
				cue{lost, devices.Event{Code: devices.LineLost, State: devices.Raised}},
				cue{lost + time.Minute, devices.Event{Code: devices.LineLost, State: devices.Cleared}},
				cue{lent, devices.Event{Code: devices.DeviceMode, Is: "maintenance", Detail: "lent"}},
				cue{lent + time.Minute, devices.Event{Code: devices.DeviceMode, Is: "normal"}})},
			Conversation{Name: "gate-1", Silence: map[string]time.Duration{"gate-1": 3 * time.Second}, Via: "bus", Device: saying(heard...)})
		until(began, 6*time.Minute)
		stop()
		same(t, alarms(t, st, devices.AlarmLane), []spoken{{"bus", devices.LineLost, devices.Raised}, {"bus", devices.LineLost, devices.Cleared}})
	})
}
