package uplink

import (
	"encoding/json"
	"time"

	"sitepost/uplink/command"
)

// A desk is where the commands of one run are judged, and what they have set.
type desk struct {
	*command.Judge
	rate    int       // of drains; the config's until the city orders another
	hold    time.Time // drains wait until then
	choices map[string]choice
}

// A choice is a command that exists: it reads the arguments of one.
type choice func(c *connection, id string, args map[string]json.RawMessage) (action, *command.Refusal)

func newDesk(o Options) *desk {
	synced := o.Synced
	if synced == nil {
		synced = func() bool { return false }
	}
	d := &desk{rate: o.DrainRate, choices: map[string]choice{"resend": (*connection).resend, "drain": (*connection).drain}}
	d.Judge = command.NewJudge(o.Site, o.Allow, func(name string) bool { return d.choices[name] != nil }, o.SignKey, synced)
	return d
}

// throttle is that of a new connection, which would begin to drain at a moment.
func (d *desk) throttle(start time.Time) *throttle {
	if d.hold.After(start) {
		start = d.hold
	}
	return newThrottle(start, d.rate)
}
