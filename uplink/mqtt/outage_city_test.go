//go:build !race

package mqtt_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink/mqtt/mqtttest"
)

// A city keeps which numbers of each lane it heard. Alarms have a session of their
// own.
type city struct {
	mu         sync.Mutex
	heard      map[devices.Lane]map[uint64]int
	canary     time.Time
	firstAlarm time.Time
	turn       chan struct{} // closed when something is heard
}

func newCity(t *testing.T, b *mqtttest.Broker) *city {
	c := &city{heard: make(map[devices.Lane]map[uint64]int), turn: make(chan struct{})}
	for _, lane := range devices.Lanes() {
		c.heard[lane] = make(map[uint64]int)
		subscribe(t, b, string(lane)+"/#", func(m paho.Message) { c.hear(lane, m.Payload()) })
	}
	subscribe(t, b, "canary", func(paho.Message) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.canary = time.Now()
	})
	return c
}

func (c *city) hear(lane devices.Lane, payload []byte) {
	now := time.Now()
	_, after, _ := bytes.Cut(payload, []byte(`"sequence":"`))
	word, _, _ := bytes.Cut(after, []byte(`"`))
	n, err := strconv.ParseUint(string(word), 10, 64)
	if err != nil {
		return // it is missed then
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if lane == devices.AlarmLane && c.firstAlarm.IsZero() {
		c.firstAlarm = now
	}
	c.heard[lane][n]++
	close(c.turn)
	c.turn = make(chan struct{})
}

// await waits until the last of each lane was heard: the broker has them all, but
// may still be writing to us.
func (c *city) await(t *testing.T, found outcome) {
	t.Helper()
	end := time.After(time.Minute)
	for {
		c.mu.Lock()
		turn, missing := c.turn, ""
		for lane, m := range found.Lanes {
			if m.First <= m.Last && c.heard[lane][m.Last] == 0 {
				missing += fmt.Sprintf(" %s %d", lane, m.Last)
			}
		}
		c.mu.Unlock()
		if missing == "" {
			return
		}
		select {
		case <-turn:
		case <-end:
			t.Errorf("the last of a lane did not arrive:%s", missing)
			return
		}
	}
}

// account says which records were neither heard nor told as dropped, or both. An
// alarm must have been heard.
func (c *city) account(found outcome) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var words []string
	for _, lane := range devices.Lanes() {
		lost, both := 0, 0
		for n := uint64(1); n <= found.Lanes[lane].Last; n++ {
			heard := c.heard[lane][n] > 0
			told := slices.ContainsFunc(found.Gaps, func(g store.Gap) bool { return g.Lane == lane && g.First <= n && n <= g.Last })
			switch {
			case !heard && (!told || lane == devices.AlarmLane):
				lost++
			case heard && told:
				both++
			}
		}
		if lost+both > 0 {
			words = append(words, fmt.Sprintf("of %d in the %s lane %d lost untold, %d told as dropped that arrived", found.Lanes[lane].Last, lane, lost, both))
		}
	}
	return strings.Join(words, "; ")
}

// control says what the account finds when the gaps are not looked at.
func (c *city) control(found outcome) string {
	found.Gaps = nil
	if account := c.account(found); account != "" {
		return "without the gaps: " + account
	}
	return "nothing had to be dropped, so that no gap was put to the test"
}
