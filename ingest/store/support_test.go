package store

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
)

// bubble runs a test on a clock that only moves when everybody waits. bbolt is
// real in it: its calls return by themselves.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// at opens a store in a directory and closes it with the test.
func at(t testing.TB, directory string, change ...func(*Options)) *Store {
	t.Helper()
	o := Options{Directory: directory, Site: "xinggang-ferry", MaxBytes: 16 << 20, Clock: func() Clock { return Clock{Source: "ntp", Synced: true, Boot: "b", UptimeMS: 1} }}
	for _, f := range change {
		f(&o)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// place is where a device of that name stands.
func place(device string) devices.Place {
	return devices.Place{
		Site:   devices.Site{Name: "xinggang-ferry", Code: "34020000141188000001"},
		Device: devices.Named{Name: device, Kind: devices.GasDetector, Profile: "honeywell-xcd"},
		Zone:   &devices.Zone{Name: "berth-1", Class: "roro_lane", Also: []string{"quay"}},
	}
}

// said is an event at a second of the day of the tests.
func said(second int, code devices.Code, change ...func(*devices.Event)) devices.Event {
	e := devices.Event{Time: time.Date(2026, 11, 21, 22, 40, second, 0, time.UTC), Code: code}
	for _, f := range change {
		f(&e)
	}
	return e
}

func raised(e *devices.Event)   { e.State = devices.Raised }
func cleared(e *devices.Event)  { e.State = devices.Cleared }
func inWarmUp(e *devices.Event) { e.Mode = devices.WarmUp }
func timedOut(e *devices.Event) { e.TimedOut = true }
func urgent(e *devices.Event)   { e.Urgent = true }

// of makes an event that of a picture of an incident.
func of(incident string) func(*devices.Event) {
	return func(e *devices.Event) {
		e.Incident = incident
		e.Picture = &devices.Picture{SHA256: strings.Repeat("5f3c9e07", 8), Bytes: 48_000, Type: "image/jpeg", Width: 640, Height: 480}
	}
}
func reminder(n int) func(*devices.Event) {
	return func(e *devices.Event) { e.Reminder = n }
}
func is(word string) func(*devices.Event) {
	return func(e *devices.Event) { e.Is = word }
}
func point(name string) func(*devices.Event) {
	return func(e *devices.Event) { e.Point = name }
}
func raw(n uint64) func(*devices.Event) {
	return func(e *devices.Event) { e.Count = &devices.Count{Raw: n} }
}
func step(raw, n uint64) func(*devices.Event) {
	return func(e *devices.Event) { e.Count = &devices.Count{Raw: raw, Step: n} }
}

// says appends events of one device.
func says(t testing.TB, s *Store, device string, events ...devices.Event) {
	t.Helper()
	for _, e := range events {
		if err := s.Append(place(device), e); err != nil {
			t.Fatalf("append %v: %v", e, err)
		}
	}
}

// zero is no time.
var zero time.Time

// line is a record without what is the same in all of them: "alarm-2 gas-1
// gas.alarm.high cleared", and so on.
type line struct {
	ID, Device string
	Event      devices.Event
	Incident   string
	Since      time.Time
	ClearedBy  string
}

// lines returns all records of a store, lane by lane, and fails on any that is
// damaged or out of line.
func lines(t testing.TB, s *Store) []line {
	t.Helper()
	var all []line
	for _, lane := range devices.Lanes() {
		for _, r := range stored(t, s, lane) {
			short := func(id string) string { return strings.TrimPrefix(id, string(r.Epoch)+"-") }
			all = append(all, line{short(r.ID()), r.Place.Device.Name, r.Event, short(r.Incident), r.Since, r.ClearedBy})
		}
	}
	return all
}

// stored reads a whole lane.
func stored(t testing.TB, s *Store, lane devices.Lane) []Record {
	t.Helper()
	var all []Record
	m := s.Marks(lane)
	for after := m.First - 1; after < m.Last; {
		some, err := s.Read(lane, after, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			t.Fatalf("lane %s ends at %d, its last is %d", lane, after, m.Last)
		}
		for _, r := range some {
			if after++; r.Seq != after || r.Epoch != s.Epoch() {
				t.Fatalf("got record %s, want number %d of epoch %s", r.ID(), after, s.Epoch())
			}
		}
		all = append(all, some...)
	}
	return all
}

// openTopic returns the retained topic "open" without the epoch in its ids.
func openTopic(t testing.TB, s *Store) string {
	t.Helper()
	all, err := s.Currents(true)
	if err != nil || len(all) == 0 || all[0].Key != "open" {
		t.Fatalf("got %v, %v, want the topic open first", all, err)
	}
	return strings.ReplaceAll(string(all[0].Doc), string(s.Epoch())+"-", "")
}

// commits is how many transactions a store has committed.
func commits(s *Store) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commits
}

func same[V any](t testing.TB, what string, got, want V) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// meddle writes to a file behind its store's back.
func meddle(s *Store, do func(tx *bolt.Tx) error) error {
	_, err := s.file.Update(do)
	return err
}

// skip leaves a test out, unless everything is asked for.
func skip(t testing.TB, why string, args ...any) {
	t.Helper()
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatalf(why, args...)
	}
	t.Skipf(why, args...)
}
