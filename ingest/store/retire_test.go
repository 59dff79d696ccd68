package store

import (
	"testing"

	"sitepost/devices"
)

// TestRetire ends the conditions of a device that was taken out of the site, in
// the operator's name and under their own incident, and leaves the others open.
func TestRetire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		says(t, s, "gas-1", said(1, devices.GasAlarmLow, raised, point("ch-1")))
		says(t, s, "gas-10", said(2, devices.GasAlarmLow, raised))
		if err := s.Retire(func(o Standing) bool { return o.Device != "gas-1" }); err != nil {
			t.Fatal(err)
		}
		records, err := s.Read(devices.AlarmLane, 0, 10)
		if err != nil || len(records) != 3 {
			t.Fatalf("got %d records and %v, want three", len(records), err)
		}
		over := records[2]
		if over.Place.Device.Name != "gas-1" || over.Event.State != devices.Cleared || over.Event.Point != "ch-1" ||
			over.ClearedBy != "operator" || over.Incident != records[0].Incident || !over.Since.Equal(records[0].Event.Time) {
			t.Errorf("got %+v, want the clearing of %s by the operator", over, records[0].ID())
		}
		says(t, s, "gas-1", said(3, devices.GasAlarmLow, cleared, point("ch-1"))) // it is over already
		if last := s.Marks(devices.AlarmLane).Last; last != 3 {
			t.Errorf("got %d records, want three", last)
		}
	})
}
