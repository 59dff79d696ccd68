package daemon_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// limitLines is a site with a detector that only says how much gas there is,
// and sends no alarm.
const limitLines = `
[[line]]
name = "bus"
port = "DIR/bus"
settings = "9600 8E1"
[[instrument]]
name = "gas-1"
kind = "gas_detector"
zone = "quay"
profile = "draeger-polytron-8000"
line = "bus"
address = 1
limits = {low = 20, high = 40, hysteresis = 4, unit = "%LEL"}
`

// TestSiteLimits: where a detector sends no alarm, the site's limits do: from
// the limit on, until the value lies below it by more than the hysteresis.
func TestSiteLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, limitLines, nil)
		d.set("gas-1", values{"gas": 4})
		d.start()
		d.after(5 * time.Second)
		for _, gas := range []float64{19.5, 20, 16, 20, 41, 36, 35.5, 15.5, 19.5, 4} {
			d.set("gas-1", values{"gas": gas})
			d.after(2 * time.Second)
		}
		d.end()
		want := []string{
			"gas.alarm.low raised at 20 of 20 %LEL", "gas.alarm.high raised at 41 of 40 %LEL",
			"gas.alarm.high cleared at 35.5 of 40 %LEL", "gas.alarm.low cleared at 15.5 of 20 %LEL",
		}
		b := d.book()
		b.audit(t)
		if diff := gocmp.Diff(want, b.measured("gas-1")); diff != "" {
			t.Errorf("-happened +told:\n%s", diff)
		}
	})
}

// measured lists the alarms of a device with their values.
func (b *book) measured(device string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, h := range b.inOrder() {
		if h.Data.Device.Name != device || h.Lane != "alarm" {
			continue
		}
		text := h.Type + " " + h.Data.State
		if v := h.Data.Value; v != nil && v.Limit != nil {
			text += fmt.Sprintf(" at %g of %g %s", v.Value, *v.Limit, v.Unit)
		}
		all = append(all, text)
	}
	return all
}
