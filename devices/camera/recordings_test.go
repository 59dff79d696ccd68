package camera_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera"
	"sitepost/devices/camera/onvif"
)

// TestRetention promises the age of a channel's oldest recording in days, a begun
// day counted, and no judgement where nothing is known.
func TestRetention(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	of := func(channel int, age time.Duration) onvif.Recording {
		return onvif.Recording{Channel: channel, Earliest: now.Add(-age)}
	}
	const day = 24 * time.Hour
	type verdict struct {
		Days         int
		Short, Known bool
	}
	for _, c := range []struct {
		name       string
		recordings []onvif.Recording
		want       verdict
	}{
		{"long enough", []onvif.Recording{of(3, 95*day)}, verdict{95, false, true}},
		{"too short", []onvif.Recording{of(3, 61*day)}, verdict{61, true, true}},
		{"exactly", []onvif.Recording{of(3, 90*day)}, verdict{90, false, true}},
		{"the ninetieth day has begun", []onvif.Recording{of(3, 89*day+time.Minute)}, verdict{90, false, true}},
		{"it has not", []onvif.Recording{of(3, 89*day)}, verdict{89, true, true}},
		{"the oldest of several", []onvif.Recording{of(3, time.Hour), of(3, 100*day), of(3, 5*day)}, verdict{100, false, true}},
		{"other channels do not count", []onvif.Recording{of(1, 100*day), of(3, 10*day), of(0, 100*day)}, verdict{10, true, true}},
		{"new today", []onvif.Recording{of(3, time.Hour)}, verdict{1, true, true}},
		{"a little in the future, by local time taken for UTC", []onvif.Recording{of(3, -8*time.Hour)}, verdict{0, true, true}},
		{"far in the future", []onvif.Recording{of(3, -48*time.Hour)}, verdict{}},
		{"an empty one is not the oldest", []onvif.Recording{{Channel: 3}, of(3, 91*day)}, verdict{91, false, true}},
		{"only an empty one", []onvif.Recording{{Channel: 3}}, verdict{}},
		{"none", nil, verdict{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got verdict
			got.Days, got.Short, got.Known = camera.Retention(90, c.recordings, 3, now)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
