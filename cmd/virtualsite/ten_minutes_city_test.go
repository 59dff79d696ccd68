package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"sitepost/devices"
)

// A platform listens in the city. It gives a receipt for each alarm and event: it has
// that one and everything before it.
type platform struct {
	heard chan string // topics of what reached the city
	owed  chan owed
}

// owed is a receipt that is to be given.
type owed struct {
	site    string // the topic up to /up/
	receipt []byte
}

func newPlatform() *platform {
	return &platform{heard: make(chan string, 1<<16), owed: make(chan owed, 1<<16)}
}

// witness is told of every message that reaches the city.
func (p *platform) witness(topic string, payload []byte, _ bool) {
	p.heard <- topic
	var r struct {
		Epoch    string       `json:"epoch"`
		Lane     devices.Lane `json:"lane"`
		Sequence string       `json:"sequence"`
	}
	site, _, up := strings.Cut(topic, "/up/")
	if !up || json.Unmarshal(payload, &r) != nil || r.Lane != devices.AlarmLane && r.Lane != devices.EventLane {
		return
	}
	p.owed <- owed{site, fmt.Appendf(nil, `{"epoch":%q,"lane":%q,"upto":%s}`, r.Epoch, r.Lane, r.Sequence)}
}

// answer gives receipts until end is closed.
func (p *platform) answer(c *city, end <-chan struct{}) {
	for {
		select {
		case o := <-p.owed:
			_ = c.broker.Publish(o.site+"/down/ack", o.receipt, false, 1) // a box that has gone asks again
		case <-end:
			return
		}
	}
}
