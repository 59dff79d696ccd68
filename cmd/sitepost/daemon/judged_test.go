package daemon

import (
	"testing"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestStaysOpen promises that a condition that an earlier run raised stays open only
// while the site file has somebody who can end it.
func TestStaysOpen(t *testing.T) {
	t.Parallel()
	site := func(change func(*config.Config)) *config.Config {
		c := &config.Config{
			HD:          config.HD{Width: 1920, Height: 1080},
			Instruments: []config.Instrument{{Name: "gas-1"}},
			Recorders:   []config.Recorder{{Name: "nvr-1", Events: true, KeepDays: 90}},
			Cameras: []config.Camera{
				{Name: "cam-1", Events: true, Watch: config.WatchSampled},
				{Name: "cam-2", Events: true, Watch: config.WatchSampled, Recorder: "nvr-1", Channel: 2},
			},
		}
		change(c)
		return c
	}
	says := map[string][]devices.Code{"gas-1": {devices.GasAlarmHigh, devices.GasAlarmLow}}
	asItWas := func(*config.Config) {}
	camerasDeaf := func(c *config.Config) { c.Cameras[0].Events = false }
	recorderDeaf := func(c *config.Config) { c.Recorders[0].Events = false }
	for _, c := range []struct {
		device string
		code   devices.Code
		point  string
		change func(*config.Config)
		want   bool
	}{
		{"gas-1", devices.DeviceFault, "events", camerasDeaf, true},
		{"gas-2", devices.DeviceFault, "", asItWas, false},
		{"gas-1", devices.GasAlarmLow, "", asItWas, true},
		{"gas-1", "gas.alarm.own", "", asItWas, false}, // it had another profile once
		{"gas-1", devices.DeviceSilent, "", asItWas, true},
		{"gas-1", devices.AlarmChattering, "gas.alarm.own", asItWas, true},
		{"cam-1", "camera.tamper", "", asItWas, true},
		{"cam-1", "camera.tamper", "", recorderDeaf, true},
		{"cam-1", "camera.tamper", "", camerasDeaf, false},
		{"cam-1", devices.DeviceFault, "events", camerasDeaf, false},
		{"cam-1", devices.DeviceFault, "identity", camerasDeaf, true},
		{"cam-1", devices.StreamOffline, "", camerasDeaf, true},
		{"cam-1", devices.CameraLogin, "", camerasDeaf, true},
		{"cam-1", devices.StreamBelowHD, "", camerasDeaf, true},
		{"cam-1", devices.StreamBelowHD, "", func(c *config.Config) { c.HD.Width = 0 }, false},
		{"cam-1", devices.StreamOffline, "", func(c *config.Config) { c.Cameras[0].Watch = config.WatchOff }, false},
		{"cam-2", "camera.tamper", "", camerasDeaf, true},
		{"cam-2", "camera.tamper", "", recorderDeaf, false},
		{"cam-2", devices.DeviceFault, "identity", asItWas, false}, // it had an address of its own once
		{"cam-2", devices.StreamOffline, "", func(c *config.Config) { c.Recorders[0].Disabled = &config.Disabled{} }, false},
		{"nvr-1", "camera.video_lost", "channel 3", asItWas, true},
		{"nvr-1", "camera.hardware", "storage/1", recorderDeaf, false},
		{"nvr-1", devices.CameraLogin, "", func(c *config.Config) { c.Recorders[0].Disabled = &config.Disabled{} }, false},
		{"nvr-1", devices.RetentionShort, "2", asItWas, true},
		{"nvr-1", devices.RetentionShort, "3", asItWas, false},
		{"nvr-1", devices.RetentionShort, "2", func(c *config.Config) { c.Recorders[0].KeepDays = 0 }, false},
	} {
		o := store.Standing{Device: c.device, Code: c.code, Point: c.point}
		if got := staysOpen(site(c.change), says)(o); got != c.want {
			t.Errorf("%s of %s at %q: got %t, want %t", c.code, c.device, c.point, got, c.want)
		}
	}
}
