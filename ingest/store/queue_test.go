package store

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// TestGroups holds how long each lane waits for company: an alarm not at all,
// and it takes along the events that wait; an event 20 ms; a reading a second, in a
// commit of its own, and its Append does not wait.
func TestGroups(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		begin := time.Now()
		took := func() time.Duration { return time.Since(begin) }

		says(t, s, "d", said(1, devices.GasReading))
		same(t, "time of a reading's append", took(), 0)
		time.Sleep(readingPatience - time.Millisecond)
		same(t, "commits just before a second", commits(s), 0)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		same(t, "commits at a second", bound(s), 1)

		begin = time.Now()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() { says(t, s, fmt.Sprint("d", i), said(1, devices.AccessCard)) })
		}
		all.Wait()
		same(t, "time of 50 events", took(), eventPatience)
		same(t, "commits with 50 events", commits(s), 1)

		begin = time.Now()
		says(t, s, "d", said(2, devices.GasReading))
		all.Go(func() { says(t, s, "e", said(2, devices.AccessCard)) })
		time.Sleep(time.Millisecond)
		says(t, s, "f", said(2, gasHigh, raised))
		all.Wait()
		same(t, "time of an alarm and what it took along", took(), time.Millisecond)
		same(t, "commits with the alarm", commits(s), 2)
		same(t, "last reading", s.Marks(devices.ReadingLane).Last, 1)
		time.Sleep(readingPatience)
		synctest.Wait()
		same(t, "last reading after a second", s.Marks(devices.ReadingLane).Last, 2)

		begin = time.Now()
		for range mostWaiting {
			says(t, s, "d", said(3, devices.GasReading))
		}
		synctest.Wait()
		same(t, "time of many readings", took(), 0)
		same(t, "last of many readings", s.Marks(devices.ReadingLane).Last, 2+mostWaiting)
		same(t, "commits with many readings", bound(s), 3)
		same(t, "commits of store.db", commits(s), 2)
	})
}

// bound is how often readings were put on disk.
func bound(s *Store) int { n, _ := s.readings.Written(); return n }

// TestKnownCostsNothing holds that an append with no news makes no transaction,
// and that it still waits for one that may change what is known.
func TestKnownCostsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		says(t, s, "d", said(1, gasHigh, raised), said(1, leaf, is("a")), said(1, passage, raw(1)))
		before := commits(s)
		begin := time.Now()
		for range 100 {
			says(t, s, "d", said(2, gasHigh, raised), said(2, leaf, is("a")), said(2, passage, raw(1)), said(2, "tamper.contact", cleared))
		}
		same(t, "commits", commits(s), before)
		same(t, "time", time.Since(begin), 0)

		// The first word is not committed when the second comes: it must not be
		// judged by what was known before.
		var all sync.WaitGroup
		all.Go(func() { says(t, s, "d", said(3, leaf, is("b"))) })
		time.Sleep(time.Millisecond)
		says(t, s, "d", said(4, leaf, is("a")))
		all.Wait()
		same(t, "last word", lines(t, s)[3:], []line{{"event-3", "d", said(4, leaf, is("a")), "event-3", zero, ""}})
	})
}

// TestChanged holds that whoever gets the channel, then reads, then waits,
// misses nothing.
func TestChanged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		changed := s.Changed()
		says(t, s, "d", said(1, gasHigh, cleared))
		select {
		case <-changed:
			t.Error("closed by an append without news")
		default:
		}
		says(t, s, "d", said(1, gasHigh, raised))
		<-changed
		changed = s.Changed()
		if err := s.Put("device/d", 1); err != nil {
			t.Fatal(err)
		}
		<-changed
		changed = s.Changed()
		s.MarkSent(devices.AlarmLane, 1)
		time.Sleep(2 * idleAfter)
		select {
		case <-changed:
			t.Error("closed when marks were saved")
		default:
		}
	})
}
