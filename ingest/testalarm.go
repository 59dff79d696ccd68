package ingest

import (
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestAlarm makes an alarm.test of the device at a place, because a person asks for it,
// and returns its record. It is of the device and not by it: no sign of its life,
// whatever it is doing, and never held back as chatter.
func (in *Ingest) TestAlarm(p devices.Place, who string) (store.Record, error) {
	device := p.Device.Name
	e := devices.Event{Time: time.Now(), Device: device, Code: devices.AlarmTest, Mode: devices.Test, Text: bounded("test by " + who)}
	made, err := in.put(p, e)
	if err != nil {
		return store.Record{}, fmt.Errorf("test alarm of %q: %w", device, err)
	}
	if made == nil {
		return store.Record{}, fmt.Errorf("test alarm of %q: the store did not take it, and the log says why", device)
	}
	return *made, nil
}
