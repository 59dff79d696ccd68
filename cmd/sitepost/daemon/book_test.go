package daemon_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink/contract"
	"sitepost/uplink/mqtt/mqtttest"
)

// said is all in a record of the alarm or event lane that the scenario decides.
// Mode is "" for normal.
type said struct {
	Device, Type, State, Subject, Mode, Direction, Detail, Is, Card string
	Count                                                           int
}

// A number is the identity of a record.
type number struct {
	Epoch, Lane string
	Sequence    uint64 `json:",string"`
}

// A heard record is what the book reads of a message of a lane.
type heard struct {
	number
	ID, Type, Subject, Mode string
	Time                    time.Time
	Redelivery, Volatile    bool
	Data                    struct {
		State, Incident, Severity, Direction, Detail, Is string
		Since                                            time.Time
		Count, Counter, Reminder                         int
		Device                                           struct{ Name string }
		Card                                             struct{ HMAC string }
		Value                                            *struct {
			Value float64
			Unit  string
			Limit *float64
		}
		Counts *devices.Day
	}
}

func (h heard) said() said {
	d := h.Data
	w := said{d.Device.Name, h.Type, d.State, h.Subject, h.Mode, d.Direction, d.Detail, d.Is, d.Card.HMAC, d.Count}
	if w.Mode == "normal" {
		w.Mode = ""
	}
	if strings.HasPrefix(w.Type, "box.") {
		w.Detail = "" // why the box started is not the scenario's
	}
	return w
}

// ofTheMachine leaves out what this machine decides: its clock and its power.
func ofTheMachine(code string) bool {
	return strings.HasPrefix(code, "clock.") || strings.HasPrefix(code, "power.")
}

// A book is what a careful platform keeps of one site. What comes in is held
// against the contract, and what comes again against what came before.
type book struct {
	t *testing.T

	mu       sync.Mutex // guards all below
	looked   int        // messages
	records  map[number]heard
	bytes    map[number][]byte // but for what may change from send to send
	twice    int               // records that came again
	retained map[string][]byte // what was said last on each retained topic
	pictures map[string][]byte // by topic
}

func newBook(t *testing.T) *book {
	return &book{t: t, records: map[number]heard{}, bytes: map[number][]byte{}, retained: map[string][]byte{}, pictures: map[string][]byte{}}
}

// keeps says whether a topic is published with the retain flag.
func keeps(topic string) bool {
	below := strings.TrimPrefix(topic, topicOf(""))
	what, _, _ := strings.Cut(below, "/")
	return slices.Contains([]string{"state", "open", "inventory", "device", "stream"}, what)
}

// read takes in what is new of all messages so far.
func (b *book) read(all []mqtttest.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range all[b.looked:] {
		kept := keeps(m.Topic) // a broker takes the flag away from those who listen live
		if err := contract.Validate(m.Topic, kept, m.Payload); err != nil {
			b.t.Errorf("message breaks the contract: %v\n%s", err, m.Payload)
			continue
		}
		switch {
		case kept:
			b.retained[m.Topic] = m.Payload
		case strings.HasPrefix(m.Topic, topicOf("snapshot/")):
			b.pictures[m.Topic] = m.Payload
		case m.Topic != topicOf("canary"):
			b.enter(m.Payload)
		}
	}
	b.looked = len(all)
}

// enter books one record. The caller holds the lock.
func (b *book) enter(payload []byte) {
	var h heard
	if err := json.Unmarshal(payload, &h); err != nil {
		b.t.Errorf("record: %v\n%s", err, payload)
		return
	}
	for _, word := range []string{"historical", "redelivery"} {
		payload = bytes.ReplaceAll(payload, []byte(`"`+word+`":true`), []byte(`"`+word+`":false`))
	}
	before, again := b.bytes[h.number]
	if again {
		b.twice++
		if !h.Redelivery {
			b.t.Errorf("%s came again and does not say so", h.ID)
		}
		if diff := gocmp.Diff(string(before), string(payload)); diff != "" {
			b.t.Errorf("%s came again with other bytes (-first +then):\n%s", h.ID, diff)
		}
		return
	}
	b.bytes[h.number], b.records[h.number] = bytes.Clone(payload), h
}

// inOrder returns the records in the order of their numbers. The caller holds
// the lock.
func (b *book) inOrder() []heard {
	var all []heard
	for _, h := range b.records {
		all = append(all, h)
	}
	slices.SortFunc(all, func(x, y heard) int {
		return cmp.Or(strings.Compare(x.Epoch, y.Epoch), strings.Compare(x.Lane, y.Lane), cmp.Compare(x.Sequence, y.Sequence))
	})
	return all
}

// laneOf names the list in which something is said, if the site does not want it in
// another one. Between two lanes there is
// no order, and between two devices none that the scenario decides.
func laneOf(w said) string { return w.Device + " " + string(devices.Code(w.Type).Form().Lane()) }

// lists returns what was said in the alarm and event lanes, by device and lane.
func (b *book) lists() map[string][]said {
	b.mu.Lock()
	defer b.mu.Unlock()
	lists := map[string][]said{}
	for _, h := range b.inOrder() {
		if w := h.said(); h.Lane != string(devices.ReadingLane) && !ofTheMachine(w.Type) {
			list := w.Device + " " + h.Lane
			lists[list] = append(lists[list], w)
		}
	}
	return lists
}

// passed returns how many people went through each side of a gate, and what its
// counters showed last.
func (b *book) passed(gate string) (people, counters map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	people, counters = map[string]int{}, map[string]int{}
	for _, h := range b.inOrder() {
		if h.Type == string(devices.AccessPassage) && h.Data.Device.Name == gate {
			people[h.Subject] += h.Data.Count
			counters[h.Subject] = h.Data.Counter
		}
	}
	return people, counters
}

// state returns the box's own state as it stands on a retained topic: "up",
// "online".
func (b *book) state(below string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var doc struct{ State string }
	_ = json.Unmarshal(b.retained[topicOf(below)], &doc) // the contract was held against it
	return doc.State
}
