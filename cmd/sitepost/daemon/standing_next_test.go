package daemon

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// TestNextStep: every state that is not online says why, and what a person can
// do about it, also one that the site file decides.
func TestNextStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		city := uplinktest.New()
		liveFor(t, time.Minute, siteOf(t, t.TempDir(), goneGas+goneDoor+goneOff+goneCamera+"watch = \"off\"\nwatch_why = \"the recorder watches it\"\n"), city)
		got := map[string]standing{}
		for _, name := range []string{"gas-1", "door-1", "cam-1"} {
			var doc standing
			if err := json.Unmarshal(city.Retained()[uplink.Topic("gone", "device/"+name)], &doc); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			doc.Since = time.Time{}
			got[name] = doc
		}
		const again = "to use it again change its entry in the site file"
		want := map[string]standing{
			"gas-1":  {State: "silent", Why: "nothing heard for 11s, longer than 10s", Next: "check its power, its wiring and its address"},
			"door-1": {State: "disabled", Why: "rebuilt", Next: again},
			"cam-1":  {State: "disabled", Why: "the recorder watches it", Next: again},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
