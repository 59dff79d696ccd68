package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestDropped: what the city does not get is counted once, with its reason, whoever
// counts it.
func TestDropped(t *testing.T) {
	var d dropped
	for _, e := range []devices.Event{
		{Code: devices.StoreGap, Point: "event", Detail: "3-9", Text: "7 records are missing: too old"},
		{Code: devices.StoreGap, Point: "event", Detail: "disk refused", Value: &devices.Value{Quantity: "records", Number: 12}},
		{Code: devices.StoreGap, Detail: "7f3a9c51d20b44e6-reading-8", Text: "a number that JSON does not have"},
		{Code: devices.StoreGap, Detail: "7f3a9c51d20b44e6-attic-8"},
		{Code: devices.UplinkLost, Detail: "7f3a9c51d20b44e6-alarm-8"},
	} {
		d.note(e)
	}
	counted := []store.Dropped{
		{Drop: store.Drop{Lane: devices.EventLane, Why: "too old"}, Count: 7},
		{Drop: store.Drop{Lane: devices.AlarmLane, Why: "set aside: every connection dies on it"}, Count: 1},
		{Drop: store.Drop{Lane: devices.ReadingLane, Why: "dropped: no room"}, Count: 150},
	}
	want := []status.Dropped{
		{Lane: "", Why: "cannot be said", Records: 1},
		{Lane: devices.AlarmLane, Why: "set aside", Records: 1},
		{Lane: devices.EventLane, Why: "disk refused", Records: 12}, {Lane: devices.EventLane, Why: "too old", Records: 7},
		{Lane: devices.ReadingLane, Why: "cannot be said", Records: 1}, {Lane: devices.ReadingLane, Why: "no room", Records: 150},
	}
	if diff := cmp.Diff(want, d.list(counted)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
