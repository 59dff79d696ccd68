package daemon_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// hasty is a detector that is asked so often that eight of them nearly fill a line.
const hasty = `
profile  = "hasty"
title    = "a detector that is asked often"
kind     = "gas_detector"
source   = "made up for a test"
trust    = "documented"
settings = "9600 8N1"
silence  = "5s"
[[modbus]]
ask    = "holding"
offset = 2
count  = 9
every  = "600ms"
[read]
low = {register = 4}
[[report]]
code = "gas.alarm.low"
when = "low"
[[try]]
registers = {2 = [0, 0, 1, 0, 0, 0, 0, 0, 0]}
gives = ["gas.alarm.low raised"]
[[try]]
registers = {2 = [0, 0, 0, 0, 0, 0, 0, 0, 0]}
gives = ["gas.alarm.low cleared"]
`

// eightLines is a site with eight detectors on one line.
func eightLines() string {
	var all strings.Builder
	all.WriteString("[[line]]\nname = \"bus\"\nport = \"DIR/bus\"\nsettings = \"9600 8N1\"\n")
	for n := 1; n <= 8; n++ {
		fmt.Fprintf(&all, "[[instrument]]\nname = \"gas-%d\"\nkind = \"gas_detector\"\nzone = \"quay\"\nprofile = \"hasty\"\nline = \"bus\"\naddress = %d\n", n, n)
	}
	return all.String()
}

// watchEight runs the site for five minutes with so many of its detectors dead,
// the last ones, and returns how often each was asked and who was called silent.
func watchEight(t *testing.T, dead int) (asked []int, silent []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, eightLines(), map[string]string{"profiles/hasty.toml": hasty})
		for n := 9 - dead; n <= 8; n++ {
			d.dead(fmt.Sprintf("gas-%d", n), true)
		}
		d.start()
		d.after(5 * time.Minute)
		d.end()
		for n := 1; n <= 8; n++ {
			asked = append(asked, d.instrument(fmt.Sprintf("gas-%d", n)).Asked())
		}
		for _, w := range d.book().inOrder() {
			if w.Type == string(devices.DeviceSilent) {
				silent = append(silent, w.Data.Device.Name+" "+w.Data.State)
			}
		}
	})
	slices.Sort(silent)
	return asked, silent
}

// TestTwoOfEightDead: two dead detectors cost the six others on their line no
// more than a fifth of their questions, and only the two are called silent.
func TestTwoOfEightDead(t *testing.T) {
	t.Parallel()
	quiet, none := watchEight(t, 0)
	harmed, silent := watchEight(t, 2)
	t.Logf("asked in five minutes: %v, with two dead %v", quiet, harmed)
	for n := range 6 {
		if 100*harmed[n] < 80*quiet[n] {
			t.Errorf("gas-%d: asked %d times beside two that are dead, want at least 80 %% of %d", n+1, harmed[n], quiet[n])
		}
	}
	if diff := gocmp.Diff([]string{"gas-7 raised", "gas-8 raised"}, silent); diff != "" || none != nil {
		t.Errorf("with nobody dead: %v called silent; with two (-want +got):\n%s", none, diff)
	}
}
