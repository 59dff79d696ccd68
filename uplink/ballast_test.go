package uplink_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/uplink"
)

// listOpen is up/open with so many conditions of a site.
func listOpen(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"incident":"%s-alarm-%d","type":"device.offline","device":"cam-%d","since":"2026-11-21T22:40:00.123+08:00","severity":"major"}`, epoch, i+1, i))
	}
	return `{"open":[` + strings.Join(all, ",") + `]}`
}

// TestTooLargeForTheBroker: a broker that ends each connection on a list of open
// conditions which is too large for it gets the alarms all the same, and the list when it
// has become shorter.
func TestTooLargeForTheBroker(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.put("open", listOpen(600))
		p.store.add(devices.AlarmLane, 5)
		p.broker.HangUp(func(m uplink.Message, _ int) bool { return len(m.Payload) > 64<<10 })
		p.start(p.options())
		after(10 * time.Minute)
		if got := p.count(devices.AlarmLane); got != 5 || !p.link.Status().Up {
			t.Errorf("got %d alarms, and up %t, want five, and that the link stands", got, p.link.Status().Up)
		}
		p.store.put("open", listOpen(2))
		after(time.Second)
		if got, _ := p.retained("open", "open").([]any); len(got) != 2 {
			t.Errorf("got %d open conditions, want two", len(got))
		}
	})
}

// TestSmallIsNoBallast: a broker that is restarted again and again in the moment in which
// it is told what is open is told it all the same.
func TestSmallIsNoBallast(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.put("open", listOpen(3))
		topic, times := uplink.Topic(site, "open"), 0
		p.broker.HangUp(func(m uplink.Message, _ int) bool {
			if m.Topic == topic {
				times++
			}
			return m.Topic == topic && times <= 5
		})
		p.start(p.options())
		after(time.Hour)
		if got, _ := p.retained("open", "open").([]any); len(got) != 3 {
			t.Errorf("got %d open conditions, want three", len(got))
		}
	})
}
