package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
)

// TestDoneGoesAlong holds that done events are deleted by the
// commit of the next append, 512 of them, and by no commit of their own before
// the store rested for a minute.
func TestDoneGoesAlong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		var all sync.WaitGroup
		for range 1200 {
			all.Go(func() { says(t, s, "d", said(1, devices.AccessCard)) })
		}
		all.Wait()
		before := commits(s)
		s.MarkSent(devices.EventLane, 1100)
		time.Sleep(idleAfter - time.Second)
		same(t, "commits before the next append", commits(s), before)
		says(t, s, "d", said(1, gasHigh, raised))
		same(t, "commits with it", commits(s), before+1)
		same(t, "marks after it", s.Marks(devices.EventLane), Marks{First: 513, Last: 1200, Sent: 1100})
		time.Sleep(idleAfter - time.Second)
		same(t, "commits before a minute", commits(s), before+1)
		time.Sleep(2 * time.Second)
		same(t, "commits after a minute", commits(s), before+2)
		same(t, "marks after a minute", s.Marks(devices.EventLane), Marks{First: 1101, Last: 1200, Sent: 1100})
		time.Sleep(time.Hour)
		same(t, "commits after an hour", commits(s), before+2)
	})
}

// TestMarksNeverFall holds that a mark only rises, and not above the last record.
func TestMarksNeverFall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		for i := range 5 {
			says(t, s, "d", said(i, devices.AccessCard))
		}
		s.MarkSent(devices.EventLane, 3)
		s.MarkSent(devices.EventLane, 2)
		s.MarkReceived(devices.EventLane, 1<<60)
		s.MarkSent("no such lane", 1)
		same(t, "marks", s.Marks(devices.EventLane), Marks{First: 1, Last: 5, Sent: 3, Received: 5})
		same(t, "marks of no lane", s.Marks("no such lane"), Marks{})
	})
}

// TestReceiptDecides holds that with the platform's receipt events stay until
// the platform has them, and readings are done when the broker has them.
func TestReceiptDecides(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir(), func(o *Options) { o.Receipt = ReceiptPlatform })
		says(t, s, "d", said(1, devices.AccessCard), said(2, devices.AccessCard), said(3, devices.GasReading))
		s.Seal()
		s.MarkSent(devices.EventLane, 2)
		s.MarkSent(devices.ReadingLane, 1)
		s.MarkReceived(devices.EventLane, 1)
		time.Sleep(2 * idleAfter)
		same(t, "events", s.Marks(devices.EventLane), Marks{First: 2, Last: 2, Sent: 2, Received: 1})
		same(t, "readings", s.Marks(devices.ReadingLane), Marks{First: 1, Last: 1, Sent: 1})
	})
}

// TestReceiptAskedForLater holds that what was done by the broker's word does not wait
// again when the platform's is asked for from now on, and that all else waits for it,
// over any number of restarts.
func TestReceiptAskedForLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		begin := func(receipt string) *Store {
			return at(t, directory, func(o *Options) { o.Receipt = receipt })
		}
		end := func(s *Store) {
			t.Helper()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		marks := func(s *Store) []Marks { return []Marks{s.Marks(devices.AlarmLane), s.Marks(devices.EventLane)} }
		add := func(s *Store, seconds ...int) {
			for _, n := range seconds {
				says(t, s, "d", said(n, "alarm.test"), said(n, devices.AccessCard))
			}
		}
		s := begin(ReceiptBroker)
		add(s, 1, 2, 3)
		s.MarkSent(devices.AlarmLane, 2)
		s.MarkSent(devices.EventLane, 2)
		end(s)
		s = begin(ReceiptPlatform)
		same(t, "asked for", marks(s), []Marks{{First: 1, Last: 3, Sent: 2, Received: 2}, {First: 3, Last: 3, Sent: 2, Received: 2}})
		same(t, "alarms that wait", s.Stock().Lanes[0].Waiting, 1)
		s.MarkSent(devices.AlarmLane, 3)
		s.MarkSent(devices.EventLane, 3)
		end(s)
		for range 2 {
			s = begin(ReceiptPlatform)
			same(t, "not received", marks(s), []Marks{{First: 1, Last: 3, Sent: 3, Received: 2}, {First: 3, Last: 3, Sent: 3, Received: 2}})
			end(s)
		}
		s = begin(ReceiptBroker)
		add(s, 4)
		same(t, "asked for no more", s.Stock().Lanes[0].Waiting, 1)
		end(s)
	})
}

// TestHistory holds that alarms which are done leave store.db and are read all the
// same, that at least as many stay as were asked for, and that alarms which are not
// done all stay, also after a restart.
func TestHistory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		few := func(o *Options) { o.History, o.HistoryBytes, o.KeepAlarms = 200, 512<<10, time.Minute }
		s := at(t, directory, few)
		inStore := func() (n int) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return int(s.lanes[devices.AlarmLane].last + 1 - s.lanes[devices.AlarmLane].hot)
		}
		for i := range 1300 {
			says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i))))
		}
		time.Sleep(2 * idleAfter)
		same(t, "nothing done", s.Marks(devices.AlarmLane), Marks{First: 1, Last: 1300})
		same(t, "in store.db", inStore(), 1300)
		s.MarkSent(devices.AlarmLane, 400)
		time.Sleep(2 * idleAfter)
		same(t, "in store.db when some are done", inStore(), 900)
		if got := len(stored(t, s, devices.AlarmLane)); got < 1100 {
			t.Errorf("got %d alarms, want 1,100 at least", got)
		}
		s.MarkSent(devices.AlarmLane, 1290)
		time.Sleep(2 * idleAfter)
		if got := inStore(); got < 10 || got >= 10+moveStep {
			t.Errorf("got %d alarms in store.db when most are done, want 10 and less than a batch", got)
		}
		first := s.Marks(devices.AlarmLane).First
		if kept := 1290 - first + 1; kept < 200 || kept > 400 {
			t.Errorf("got %d done alarms, want 200 or some more", kept)
		}
		same(t, "what is kept", len(stored(t, s, devices.AlarmLane)), int(1301-first))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory, few)
		same(t, "marks after a restart", s.Marks(devices.AlarmLane), Marks{First: first, Last: 1300, Sent: 1290})
		same(t, "what is kept after a restart", len(stored(t, s, devices.AlarmLane)), int(1301-first))
		same(t, "gaps", s.Gaps(), nil)
	})
}

// TestCopiedTwice holds that alarms which a crash left in their history and in
// store.db are read once, and are not copied again.
func TestCopiedTwice(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	for i := range 200 {
		says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i))))
	}
	s.MarkSent(devices.AlarmLane, 150)
	first, values, err := s.doneAlarms(s.lanes[devices.AlarmLane], 1, 100)
	if err != nil || first != 1 || len(values) != 100 {
		t.Fatalf("got %d alarms from %d on, %v", len(values), first, err)
	}
	if err := s.Close(); err != nil { // the binder may have moved them: a new one is as good
		t.Fatal(err)
	}
	s = at(t, directory)
	same(t, "alarms", len(stored(t, s, devices.AlarmLane)), 200)
	for i := range 100 {
		says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i))))
	}
	same(t, "alarms", len(stored(t, s, devices.AlarmLane)), 300)
}

// TestReadIsBounded holds that one Read returns at most 512 records and 1 MiB,
// and that reading on from the last one misses none.
func TestReadIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		long := func(e *devices.Event) { e.Text = strings.Repeat("长", 20_000) }
		for range 40 {
			says(t, s, "d", said(1, devices.GasReading, long))
		}
		for range 600 {
			says(t, s, "d", said(1, devices.GasReading))
		}
		s.Seal()
		var sizes []int
		for after := uint64(0); after < 640; {
			records, err := s.Read(devices.ReadingLane, after, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "first of a stretch", records[0].Seq, after+1)
			sizes = append(sizes, len(records))
			after = records[len(records)-1].Seq
		}
		same(t, "stretches", sizes, []int{17, 17, 512, 94})
		records, err := s.Read(devices.ReadingLane, 640, 10)
		same(t, "after the last", len(records), 0)
		if err != nil {
			t.Error(err)
		}
		if _, err := s.Read("no such lane", 0, 1); err == nil {
			t.Error("read a lane that there is not")
		}
	})
}

// TestCurrents holds what becomes of retained topics: a revision for each
// change, remembered until it was sent, an emptied one forgotten after that.
func TestCurrents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		put := func(key string, doc any) {
			t.Helper()
			if err := s.Put(key, doc); err != nil {
				t.Fatal(err)
			}
		}
		holds := func(when string, all bool, want ...Current) {
			t.Helper()
			got, err := s.Currents(all)
			if err != nil {
				t.Fatal(err)
			}
			same(t, when, got, want)
		}
		open := Current{"open", json.RawMessage(`{"open":[]}`), 1}
		holds("a new store", false, open)
		s.CurrentSent("open", 1)
		holds("after that was sent", false)

		put("stream/c", map[string]int{"fps": 25})
		put("stream/c", map[string]int{"fps": 25})
		put("device/<d>", "online")
		stream := Current{"stream/c", json.RawMessage(`{"fps":25}`), 2}
		device := Current{"device/<d>", json.RawMessage(`"online"`), 3}
		device.Doc, _ = json.Marshal("online")
		holds("two topics", false, device, stream)
		put("stream/c", nil)
		put("stream/c", nil)
		put("never", nil)
		s.CurrentSent("stream/c", 2) // a revision of before
		s.CurrentSent("stream/c", 9) // one that there never was
		s.CurrentSent("device/<d>", 3)
		gone := Current{"stream/c", nil, 4}
		holds("an emptied topic", false, gone)
		holds("all", true, open, device, gone)

		time.Sleep(2 * idleAfter)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
		holds("an emptied topic after a restart", false, gone)
		s.CurrentSent("stream/c", 4)
		holds("after that was sent", true, open, device)
		time.Sleep(2 * idleAfter)
		s.mu.Lock()
		same(t, "topics kept", len(s.currents.kept), 2)
		s.mu.Unlock()
		put("stream/c", 1)
		holds("a topic that comes back", false, Current{"stream/c", json.RawMessage(`1`), 5})

		for _, key := range []string{"", "open", strings.Repeat("k", 2000)} {
			if err := s.Put(key, 1); !errors.Is(err, ErrRefused) {
				t.Errorf("got %v for key %.10q, want ErrRefused", err, key)
			}
		}
		for _, doc := range []any{func() {}, strings.Repeat("x", mostDoc)} {
			if err := s.Put("k", doc); !errors.Is(err, ErrRefused) {
				t.Errorf("got %v for a document of %T, want ErrRefused", err, doc)
			}
		}
	})
}
