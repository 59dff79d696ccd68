package ingest

import (
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestAttention promises that somebody is told of each alarm once, in the moment
// when it is on disk, and of nothing else: no second word of it, no reminder, no
// clearing, no other lane, and nothing that a device says while it is tested.
func TestAttention(t *testing.T) {
	t.Parallel()
	var in *Ingest
	var st *store.Store
	var told []string
	in, st = rig(t, "gas-1", "check-1-top", "xray-1")
	defer st.Close()
	in.opt.Attention = func(r store.Record) {
		last := st.Marks(devices.AlarmLane).Last
		kept, err := st.Read(devices.AlarmLane, last-1, 1)
		if err != nil || len(kept) != 1 || kept[0].ID() != r.ID() {
			t.Errorf("told of %s before it is on disk: %v", r.ID(), err)
		}
		told = append(told, r.Place.Device.Name+" "+string(r.Event.Code)+" "+string(r.Event.State))
	}
	high := devices.Event{Code: devices.GasAlarmHigh, State: devices.Raised}
	over := devices.Event{Code: devices.GasAlarmHigh, State: devices.Cleared}
	inTest := high
	inTest.Mode = devices.Test
	reminder := high
	reminder.Reminder = 1
	motion := devices.Event{Code: devices.CameraMotion}
	asAlarm := motion
	asAlarm.Urgent = true
	for _, said := range []struct {
		device string
		e      devices.Event
		want   string // "" for nothing
	}{
		{"gas-1", over, ""},
		{"gas-1", high, "gas-1 gas.alarm.high raised"},
		{"gas-1", high, ""},
		{"gas-1", reminder, ""},
		{"gas-1", over, ""},
		{"gas-1", inTest, ""},
		{"gas-1", high, "gas-1 gas.alarm.high raised"}, // it is in earnest now
		{"gas-1", devices.Event{Code: devices.GasReading, Value: &devices.Value{Number: 1}}, ""},
		{"xray-1", devices.Event{Code: "screening.xray.alarm"}, "xray-1 screening.xray.alarm "},
		{"xray-1", devices.Event{Code: "screening.xray.alarm"}, "xray-1 screening.xray.alarm "},
		{"xray-1", devices.Event{Code: "screening.xray.alarm", Mode: devices.Maintenance}, ""},
		{"xray-1", devices.Event{Code: "screening.open_check"}, ""},
		{"xray-1", devices.Heard("", time.Now()), ""},
		{"check-1-top", motion, ""},
		{"check-1-top", asAlarm, "check-1-top camera.motion "},
		{"check-1-top", devices.Event{Code: "no.such.word"}, ""},
	} {
		told = nil
		said.e.Time = time.Now()
		_ = in.take(said.device, said.e) // a word nobody knows is an error
		var want []string
		if said.want != "" {
			want = []string{said.want}
		}
		same(t, told, want)
	}
}
