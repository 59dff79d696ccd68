package daemon_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/uplink"
	"sitepost/uplink/contract"
)

// A dreamBook is what matters of all that was told.
type dreamBook struct {
	Alarms   []string // in the order of their numbers
	Events   []string // but for passages; sorted
	Passed   map[string]int
	Readings int // that the summaries stand for
}

// happened is the book as the scenario wrote it.
func (d *dream) happened() dreamBook {
	return dreamBook{
		Alarms: []string{
			"gates line.lost raised", "gates line.lost cleared",
			"gas-1 device.silent raised", "gas-1 device.silent cleared",
			"box uplink.lost raised",
			"gas-1 gas.alarm.low raised", "gas-1 gas.alarm.high raised",
			"gas-1 gas.alarm.low cleared", "gas-1 gas.alarm.high cleared",
			"panic-1 panic.pressed raised", "panic-1 panic.pressed cleared",
			"box uplink.lost cleared",
			"gas-1 device.silent raised",
		},
		Events: []string{
			"box box.started", "box box.stopping", "bus device.mode", "gas-1 device.mode", "gate-1 access.leaf", "gates device.mode",
		},
		Passed:   d.passed,
		Readings: d.instrument("gas-1").Asked(),
	}
}

// A dreamRecord is the part of a lane's message that is looked at here.
type dreamRecord struct {
	Epoch, Lane, Type, Subject string
	Sequence                   int `json:",string"`
	Historical, Redelivery     bool
	Data                       struct {
		State  string
		Device struct{ Name string }
		Count  int
		Value  struct{ N int }
	}
}

// readDream returns a message as a record; false is a retained document.
func readDream(t *testing.T, m uplink.Message) (r dreamRecord, ok bool) {
	t.Helper()
	if m.Retain || strings.HasSuffix(m.Topic, "/up/canary") {
		return r, false
	}
	if err := json.Unmarshal(m.Payload, &r); err != nil {
		t.Fatalf("%s: %v", m.Payload, err)
	}
	return r, true
}

// booked is the book as the city could write it. Everything that came keeps to
// the contract, no number is missing, and what came twice says so.
func (d *dream) booked() dreamBook {
	d.t.Helper()
	type number struct {
		epoch, lane string
		sequence    int
	}
	records := map[number]dreamRecord{}
	last := map[number]int{} // of the lane: sequence is 0
	for _, m := range d.messages() {
		if err := contract.Validate(m.Topic, m.Retain, m.Payload); err != nil {
			d.t.Errorf("%s breaks the contract: %v\n%s", m.Topic, err, m.Payload)
		}
		r, ok := readDream(d.t, m)
		if !ok {
			continue
		}
		n := number{r.Epoch, r.Lane, r.Sequence}
		if _, twice := records[n]; twice && !r.Redelivery {
			d.t.Errorf("%v came twice and does not say so", n)
		}
		records[n] = r
		lane := number{epoch: r.Epoch, lane: r.Lane}
		last[lane] = max(last[lane], r.Sequence)
	}
	for lane, highest := range last {
		for sequence := 1; sequence <= highest; sequence++ {
			if _, ok := records[number{lane.epoch, lane.lane, sequence}]; !ok {
				d.t.Errorf("%s %d is missing", lane.lane, sequence)
			}
		}
	}
	return writeDream(records)
}

// writeDream makes a book of records. Whether this machine's clock is set is left
// out.
func writeDream[K comparable](records map[K]dreamRecord) dreamBook {
	all := make([]dreamRecord, 0, len(records))
	for _, r := range records {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b dreamRecord) int { return cmp.Compare(a.Sequence, b.Sequence) })
	book := dreamBook{Passed: map[string]int{}}
	for _, r := range all {
		words := strings.TrimSpace(r.Data.Device.Name + " " + r.Type + " " + r.Data.State)
		switch {
		case r.Lane == "reading":
			book.Readings += r.Data.Value.N
		case r.Type == "access.passage":
			book.Passed[r.Subject] += r.Data.Count
		case r.Type == "clock.unsynced":
		case r.Lane == "alarm":
			book.Alarms = append(book.Alarms, words)
		default:
			book.Events = append(book.Events, words)
		}
	}
	slices.Sort(book.Events)
	return book
}

// alarmsFirst holds that no old alarm came after anything else.
func alarmsFirst(t *testing.T, messages []uplink.Message) {
	t.Helper()
	alarms, other := 0, ""
	for _, m := range messages {
		r, ok := readDream(t, m)
		switch {
		case !ok:
		case r.Lane != "alarm":
			other = cmp.Or(other, m.Topic)
		case r.Historical && other != "":
			t.Errorf("alarm %d, %s, came after %s", r.Sequence, r.Type, other)
		case r.Historical:
			alarms++
		}
	}
	if alarms == 0 {
		t.Error("no alarm waited for the city")
	}
}

// stands compares the states that are retained at the broker.
func (d *dream) stands(want map[string]string) {
	d.t.Helper()
	got := map[string]string{}
	for topic, payload := range d.broker.Retained() {
		var doc struct{ State string }
		if err := json.Unmarshal(payload, &doc); err != nil {
			d.t.Errorf("%s: %v", topic, err)
		}
		if doc.State != "" {
			got[strings.TrimPrefix(topic, topicOf(""))] = doc.State
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		d.t.Errorf("retained states (-want +got):\n%s", diff)
	}
}
