package daemon

import (
	"slices"
	"strconv"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/ingest/store"
)

// cameraJudges says of a condition of a camera or recorder whether the site file
// still has somebody judge it: whose events are not listened to any more has none
// that they could end, and where no days are to be kept there are never too few.
func cameraJudges(c *config.Config) func(store.Standing) bool {
	heard, asked, kept := map[string]bool{}, map[string]bool{}, map[string]bool{}
	keeps, tracked := map[string]bool{}, map[string]bool{}
	for _, r := range c.Recorders {
		heard[r.Name], asked[r.Name], keeps[r.Name] = r.Events, true, r.KeepDays > 0
	}
	for _, k := range c.Cameras {
		heard[k.Name], asked[k.Name], tracked[k.Name] = k.Events, k.Recorder == "", k.Metadata
		if k.Recorder != "" {
			heard[k.Name] = heard[k.Recorder]
			kept[k.Recorder+"/"+strconv.Itoa(k.Channel)] = keeps[k.Recorder] && isWatched(k)
		}
	}
	return func(o store.Standing) bool {
		is := camera.Standing{Device: o.Device, Code: o.Code, Point: o.Point}
		hears, isCamera := heard[o.Device]
		switch {
		case !isCamera:
			return true
		case o.Code == devices.RetentionShort:
			return kept[o.Device+"/"+o.Point]
		case o.Code == devices.StreamBelowHD:
			return c.HD.Width > 0 && c.HD.Height > 0
		case is.IsOfIdentity():
			return asked[o.Device]
		case is.IsOfTrack():
			return tracked[o.Device]
		}
		return hears || !is.IsNoticed()
	}
}

// instrumentJudges says of a condition of an instrument whether it can still say it: one
// with another profile, or other contacts, does not end what the one before has raised.
// What is said of all devices is judged by what is said of them here.
func instrumentJudges(says map[string][]devices.Code, o store.Standing) bool {
	switch o.Code {
	case devices.DeviceSilent, devices.DeviceOffline, devices.DeviceFault, devices.AlarmChattering:
		return true
	}
	codes, is := says[o.Device]
	return !is || slices.Contains(codes, o.Code)
}
