package daemon_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/uplink/contract"
)

// An openLine is one line of up/open.
type openLine struct {
	Incident, Type, Device, Subject, Severity string
	Since                                     time.Time
	Unconfirmed                               bool
}

// audit holds the book against itself when the site has stopped: one epoch, no
// number missing, every clearing of an incident that was raised before it, and
// what is open is what was raised and not cleared.
func (b *book) audit(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var life struct {
		State, Epoch string
		Lanes        map[string]struct{ Last uint64 }
	}
	if err := json.Unmarshal(b.retained[topicOf("state")], &life); err != nil || life.State != "stopped" {
		t.Errorf("last state: got %s, want stopped", b.retained[topicOf("state")])
	}
	highest := map[string]uint64{}
	for n := range b.records {
		if n.Epoch != life.Epoch {
			t.Errorf("%+v is not of epoch %s", n, life.Epoch)
		}
		highest[n.Lane] = max(highest[n.Lane], n.Sequence)
	}
	for lane, marks := range life.Lanes {
		if highest[lane] != marks.Last {
			t.Errorf("%s: the last record is %d, and the box says %d", lane, highest[lane], marks.Last)
		}
		for n := uint64(1); n <= marks.Last; n++ {
			if _, ok := b.records[number{life.Epoch, lane, n}]; !ok {
				t.Errorf("%s %d is missing", lane, n)
			}
		}
	}
	if diff := gocmp.Diff(b.stillOpen(t), b.saidOpen(t)); diff != "" {
		t.Errorf("open (-raised and not cleared +up/open):\n%s", diff)
	}
}

// stillOpen follows the incidents. The caller holds the lock.
func (b *book) stillOpen(t *testing.T) []openLine {
	t.Helper()
	open := map[string]openLine{}
	for _, h := range b.inOrder() {
		d := h.Data
		now := openLine{d.Incident, h.Type, d.Device.Name, h.Subject, d.Severity, h.Time, false}
		switch was, ok := open[d.Incident]; {
		case d.Reminder > 0:
			now.Since = d.Since
			if diff := gocmp.Diff(was, now); !ok || diff != "" {
				t.Errorf("%s reminds of what was not raised so (-raised +told again):\n%s", h.ID, diff)
			}
		case d.State == "raised":
			open[d.Incident] = now
		case d.State == "cleared":
			now.Since = d.Since
			if diff := gocmp.Diff(was, now); !ok || diff != "" {
				t.Errorf("%s clears what was not raised so (-raised +cleared):\n%s", h.ID, diff)
			}
			delete(open, d.Incident)
		}
	}
	return sorted(open)
}

// saidOpen is up/open as it stands. The caller holds the lock.
func (b *book) saidOpen(t *testing.T) []openLine {
	t.Helper()
	var doc struct{ Open []openLine }
	if err := json.Unmarshal(b.retained[topicOf("open")], &doc); err != nil {
		t.Errorf("up/open: %v", err)
	}
	open := map[string]openLine{}
	for _, line := range doc.Open {
		line.Since = line.Since.Truncate(time.Millisecond) // as records say it
		open[line.Incident] = line
	}
	return sorted(open)
}

func sorted(open map[string]openLine) []openLine {
	var all []openLine
	for _, line := range open {
		line.Since = line.Since.UTC()
		all = append(all, line)
	}
	slices.SortFunc(all, func(a, b openLine) int { return strings.Compare(a.Incident, b.Incident) })
	return all
}

// comparePassed holds what was told of a gate against the people who passed: as
// a sum, and as what its counters showed last.
func (b *book) comparePassed(t *testing.T, gate string, passed map[string]int) {
	t.Helper()
	people, counters := b.passed(gate)
	if diff := gocmp.Diff(passed, people); diff != "" {
		t.Errorf("people through %s (-passed +told):\n%s", gate, diff)
	}
	if diff := gocmp.Diff(passed, counters); diff != "" {
		t.Errorf("counters of %s (-passed +told):\n%s", gate, diff)
	}
}

// opened lists what stands on up/open, without what this machine decides.
func (b *book) opened(t *testing.T) []said {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []said
	for _, line := range b.saidOpen(t) {
		if !ofTheMachine(line.Type) {
			all = append(all, said{Device: line.Device, Type: line.Type, Subject: line.Subject})
		}
	}
	return all
}

// retell waits until the broker has everything that shall stand there, also one
// that has forgotten it.
func (s *stand) retell() {
	s.t.Helper()
	late := s.broker.Subscribe(s.t, topicOf("#"))
	err := poll("all to be told to a broker that forgot", func() bool {
		topics := map[string]bool{}
		for _, m := range late.Messages() {
			if keeps(m.Topic) {
				topics[m.Topic] = true
			}
		}
		return len(topics) == len(s.book.retained)
	})
	if err != nil {
		s.t.Error(err)
	}
}

// standing listens to the broker as somebody who comes late, and returns the
// states that stand there. All that is kept must be kept under a topic that is,
// and nothing else.
func (s *stand) standing() map[string]string {
	s.t.Helper()
	late := s.broker.Subscribe(s.t, topicOf("#"))
	if err := poll("what the broker keeps", func() bool { return len(late.Messages()) >= len(s.book.retained) }); err != nil {
		s.t.Error(err)
	}
	states := map[string]string{}
	for _, m := range late.Messages() {
		if err := contract.Validate(m.Topic, m.Retained, m.Payload); err != nil {
			s.t.Errorf("what the broker keeps: %v", err)
		}
		var doc struct{ State string }
		if err := json.Unmarshal(m.Payload, &doc); err != nil {
			s.t.Errorf("%s: %v", m.Topic, err)
		}
		states[strings.TrimPrefix(m.Topic, topicOf(""))] = doc.State
	}
	return states
}
