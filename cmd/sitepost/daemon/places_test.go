package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices"
)

// TestPlaces: everything on the site that can say something stands somewhere,
// with the names and codes of the site file, out of use or not.
func TestPlaces(t *testing.T) {
	t.Parallel()
	got := places(&config.Config{
		Site: config.Site{Name: "ferry", Title: "客运站", Code: "34020000141188000001", SecurityLevel: 2},
		Zones: []config.Zone{
			{Name: "hall", Class: "screened", Also: []string{"crowded"}, Title: "候船厅"},
			{Name: "outside", Class: "unscreened"},
		},
		Lines:     []config.Line{{Name: "bus", Title: "总线"}},
		Recorders: []config.Recorder{{Name: "nvr", Title: "录像机", Code: "34020000141118000001"}},
		Instruments: []config.Instrument{
			{Name: "gas-1", Title: "可燃气1", Kind: devices.GasDetector, Zone: "hall", Code: "34020000141348000003", Profile: "honeywell-xcd", Line: "bus"},
			{Name: "gate-1", Kind: devices.Gate, From: "outside", To: "hall", Profile: "gate-7e7f", Disabled: &config.Disabled{}},
			{Name: "door-1", Kind: devices.CardReader, Zone: "hall", Protocol: config.OSDP},
		},
		Cameras: []config.Camera{{Name: "cam-1", Title: "枪机", Zone: "hall", Code: "34020000141328000001", Watch: config.WatchOff}},
	})
	site := devices.Site{Name: "ferry", Code: "34020000141188000001", SecurityLevel: 2}
	hall := &devices.Zone{Name: "hall", Class: "screened", Also: []string{"crowded"}}
	outside := &devices.Zone{Name: "outside", Class: "unscreened"}
	want := map[string]devices.Place{
		"box":    {Site: site, Device: devices.Named{Name: "box", Kind: devices.Box}},
		"bus":    {Site: site, Device: devices.Named{Name: "bus", Title: "总线", Kind: devices.LineKind}},
		"nvr":    {Site: site, Device: devices.Named{Name: "nvr", Title: "录像机", Kind: devices.Recorder, Code: "34020000141118000001"}},
		"gas-1":  {Site: site, Zone: hall, Device: devices.Named{Name: "gas-1", Title: "可燃气1", Kind: devices.GasDetector, Code: "34020000141348000003", Profile: "honeywell-xcd"}},
		"gate-1": {Site: site, From: outside, To: hall, Device: devices.Named{Name: "gate-1", Kind: devices.Gate, Profile: "gate-7e7f"}},
		"door-1": {Site: site, Zone: hall, Device: devices.Named{Name: "door-1", Kind: devices.CardReader}},
		"cam-1":  {Site: site, Zone: hall, Device: devices.Named{Name: "cam-1", Title: "枪机", Kind: devices.Camera, Code: "34020000141328000001"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
