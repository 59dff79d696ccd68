package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sitepost/devices"
)

// errGap says that the city did not get everything.
var errGap = errors.New("the city did not get everything")

// A ledger is what a careful platform keeps: for each lane of each epoch the
// numbers it has. So it can prove that nothing is missing.
type ledger struct {
	lanes    map[laneKey]map[uint64]bool
	twice    int
	messages int
}

type laneKey struct {
	epoch string
	lane  devices.Lane
}

// book notes a message, and says whether it was a box's word that it is up.
func (l *ledger) book(topic string, payload []byte) (up bool) {
	l.messages++
	var m struct {
		Epoch    string       `json:"epoch"`
		Lane     devices.Lane `json:"lane"`
		Sequence string       `json:"sequence"`
		State    string       `json:"state"`
	}
	if json.Unmarshal(payload, &m) != nil {
		return false
	}
	if strings.HasSuffix(topic, "/up/state") {
		return m.State == "up"
	}
	n, err := strconv.ParseUint(m.Sequence, 10, 64)
	if err != nil {
		return false
	}
	if l.lanes == nil {
		l.lanes = map[laneKey]map[uint64]bool{}
	}
	key := laneKey{m.Epoch, m.Lane}
	if l.lanes[key] == nil {
		l.lanes[key] = map[uint64]bool{}
	}
	if l.lanes[key][n] {
		l.twice++
	}
	l.lanes[key][n] = true
	return false
}

// close says what the city has, and errGap if a number is missing.
func (l *ledger) close() (string, error) {
	text := fmt.Sprintf("the city has %d messages", l.messages)
	var err error
	for _, lane := range devices.Lanes() {
		for key, have := range l.lanes {
			if key.lane != lane {
				continue
			}
			last := uint64(0)
			for n := range have {
				last = max(last, n)
			}
			text += fmt.Sprintf("; %s 1 to %d", lane, last)
			if missing := last - uint64(len(have)); missing > 0 {
				text += fmt.Sprintf(", %d missing", missing)
				err = errGap
			}
		}
	}
	return text + fmt.Sprintf("; %d came twice", l.twice), err
}
