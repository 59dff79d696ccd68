package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
)

// TestReopen holds that all that was told before Close is there after Open:
// epoch, records, numbers, marks, what is open, states, baselines, retained
// topics and the number of the last connection.
func TestReopen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		says(t, s, "d", said(1, gasHigh, raised), said(2, leaf, is("open")), said(3, passage, raw(5)), said(4, passage, raw(8)), said(5, devices.GasReading))
		if err := s.Put("device/d", map[string]string{"state": "online"}); err != nil {
			t.Fatal(err)
		}
		birth, err := s.Birth()
		same(t, "first birth", birth, 1)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(readingPatience) // the reading
		s.MarkSent(devices.EventLane, 1)
		s.MarkSent(devices.AlarmLane, 1)
		s.MarkReceived(devices.AlarmLane, 1)
		s.CurrentSent("open", 2)
		look := func() (Epoch, []line, []Current, map[devices.Lane]Marks) {
			marks := make(map[devices.Lane]Marks)
			for _, l := range devices.Lanes() {
				marks[l] = s.Marks(l)
			}
			unsent, err := s.Currents(false)
			if err != nil {
				t.Fatal(err)
			}
			return s.Epoch(), lines(t, s), unsent, marks
		}
		time.Sleep(idleAfter + time.Second)
		epoch, before, unsent, marks := look()
		same(t, "marks", marks, map[devices.Lane]Marks{
			devices.AlarmLane:   {First: 1, Last: 1, Sent: 1, Received: 1},
			devices.EventLane:   {First: 2, Last: 2, Sent: 1},
			devices.ReadingLane: {First: 1, Last: 1},
		})
		same(t, "unsent", unsent, []Current{{"device/d", json.RawMessage(`{"state":"online"}`), 3}})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
		epochAfter, after, unsentAfter, marksAfter := look()
		same(t, "epoch", epochAfter, epoch)
		same(t, "records", after, before)
		same(t, "unsent after", unsentAfter, unsent)
		same(t, "marks after", marksAfter, marks)
		says(t, s, "d", said(6, gasHigh, raised), said(6, leaf, is("open")), said(6, passage, raw(8)))
		same(t, "records when nothing is new", lines(t, s), before)
		birth, _ = s.Birth()
		same(t, "second birth", birth, 2)
	})
}

// TestEmptiedLaneKeepsCounting holds that a number is not used again when all
// records of a lane are gone, also after a restart.
func TestEmptiedLaneKeepsCounting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		says(t, s, "d", said(1, devices.AccessCard), said(2, devices.AccessCard))
		s.MarkSent(devices.EventLane, 99)
		time.Sleep(idleAfter + time.Second)
		same(t, "marks of the empty lane", s.Marks(devices.EventLane), Marks{First: 3, Last: 2, Sent: 2})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
		same(t, "marks after a restart", s.Marks(devices.EventLane), Marks{First: 3, Last: 2, Sent: 2})
		says(t, s, "d", said(3, devices.AccessCard))
		same(t, "records", lines(t, s), []line{{"event-3", "d", said(3, devices.AccessCard), "event-3", zero, ""}})
	})
}

// TestRecordIsWhole holds what a record says beside the event: its place, when
// it was accepted, and how far the clock was to be trusted; and that a card's
// number does not reach the disk.
func TestRecordIsWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		limit := 50.0
		e := said(1, gasHigh, raised, func(e *devices.Event) {
			e.Value = &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: 52, Limit: &limit}
			e.Text, e.Card = "高限报警", &devices.Card{Number: "W26:1,4711", Hash: "ab", KeyID: "k"}
		})
		says(t, s, "d", e)
		e.Card = &devices.Card{Hash: "ab", KeyID: "k"}
		same(t, "record", stored(t, s, devices.AlarmLane), []Record{{
			Epoch: s.Epoch(), Lane: devices.AlarmLane, Seq: 1, Place: place("d"), Event: e,
			Incident: string(s.Epoch()) + "-alarm-1", Accepted: time.Now(),
			Clock: Clock{Source: "ntp", Synced: true, Boot: "b", UptimeMS: 1},
		}})
		raw, err := os.ReadFile(filepath.Join(directory, "store.db"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "4711") {
			t.Error("the card's number is in the file")
		}
	})
}

// TestSeal holds that a sealed store has all it took on disk, takes no more
// events, and still serves the uplink; and that Close may be called again.
func TestSeal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		for range 10 {
			says(t, s, "d", said(1, devices.GasReading))
		}
		s.Seal()
		same(t, "readings", s.Marks(devices.ReadingLane).Last, 10)
		for _, e := range []devices.Event{said(2, devices.GasReading), said(2, gasHigh, raised), said(2, gasHigh, cleared)} {
			if err := s.Append(place("d"), e); !errors.Is(err, ErrSealed) {
				t.Errorf("got %v for %s, want ErrSealed", err, e.Code)
			}
		}
		s.MarkSent(devices.ReadingLane, 10)
		if err := s.Put("device/d", "x"); err != nil {
			t.Error(err)
		}
		if n, err := s.Birth(); n != 1 || err != nil {
			t.Errorf("got birth %d, %v, want 1", n, err)
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Birth(); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v after Close, want ErrClosed", err)
		}
		if _, err := s.Read(devices.ReadingLane, 0, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v after Close, want ErrClosed", err)
		}
		if err := s.Append(place("d"), said(1, devices.GasReading)); !errors.Is(err, ErrSealed) {
			t.Errorf("got %v after Close, want ErrSealed", err)
		}
		s.Seal()
		same(t, "mark saved by Close", at(t, directory).Marks(devices.ReadingLane).Sent, 10)
	})
}

// TestInUse holds that a second Open is refused and names the process, that the
// lock is given back, and that nobody else may read the files.
func TestInUse(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "new")
	s := at(t, directory)
	_, err := Open(Options{Directory: directory})
	if want := fmt.Sprintf("in use by process %d", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	for name, want := range map[string]fs.FileMode{".": 0o700 | fs.ModeDir, "store.db": 0o600, "lock": 0o600} {
		st, err := os.Stat(filepath.Join(directory, name))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "mode of "+name, st.Mode(), want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	at(t, directory)
}

// TestForeign holds that the store of another site is refused, that an unknown
// receipt is, and that a half-made file of an interrupted start does no harm.
func TestForeign(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "store.db.new"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := at(t, directory)
	if len(s.Epoch()) != 16 || s.Epoch() == at(t, t.TempDir()).Epoch() {
		t.Errorf("got epoch %q, want 16 digits that no other store has", s.Epoch())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Directory: directory, Site: "other"}); err == nil || !strings.Contains(err.Error(), `"xinggang-ferry", not of "other"`) {
		t.Errorf("got %v for another site's store", err)
	}
	if _, err := Open(Options{Directory: directory, Receipt: "puback"}); err == nil || !strings.Contains(err.Error(), `unknown receipt "puback"`) {
		t.Errorf("got %v for an unknown receipt", err)
	}
	at(t, directory)
}

// TestManyProducers holds under load from all sides that every append is a
// record, once, and in the order of its producer.
func TestManyProducers(t *testing.T) {
	t.Parallel()
	s := at(t, t.TempDir())
	const producers, each = 64, 30
	stop := make(chan struct{})
	var all, reader sync.WaitGroup
	reader.Go(func() { acknowledge(s, stop) })
	for p := range producers {
		all.Go(func() {
			code := []devices.Code{devices.AccessCard, "screening.metal.alarm", devices.GasReading}[p%3]
			for i := range each {
				says(t, s, fmt.Sprint("d", p), said(0, code, point(fmt.Sprint(i))))
			}
		})
	}
	all.Wait()
	s.Seal()
	close(stop)
	reader.Wait()
	total := 0
	for _, l := range devices.Lanes() {
		m := s.Marks(l)
		total += int(m.Last)
		if m.Sent > m.Last || m.First > m.Last+1 {
			t.Errorf("got %+v of %s", m, l)
		}
	}
	same(t, "records", total, producers*each)
	next := make(map[string]int)
	for _, r := range stored(t, s, devices.AlarmLane) { // all of them: they are history
		same(t, "order of "+r.Place.Device.Name, r.Event.Point, fmt.Sprint(next[r.Place.Device.Name]))
		next[r.Place.Device.Name]++
	}
	same(t, "producers of alarms", len(next), 21)
}

// acknowledge plays an uplink that has all sent at once.
func acknowledge(s *Store, stop <-chan struct{}) {
	for {
		changed := s.Changed()
		for _, l := range devices.Lanes() {
			m := s.Marks(l)
			records, err := s.Read(l, m.Sent, 64)
			if err == nil && len(records) > 0 {
				s.MarkSent(l, records[len(records)-1].Seq)
			}
		}
		select {
		case <-changed:
		case <-stop:
			return
		}
	}
}
