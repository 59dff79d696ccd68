package store

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"sitepost/devices"
)

// findings are what is wrong with a store.
type findings struct {
	wrong  []string      // in words
	late   []string      // readings that are lost
	oldest time.Duration // of them
	again  int           // records that a reader is given a second time, by its mark
	window int           // how many it may be: those beyond the marks that are saved for certain
}

func (f *findings) add(what string, args ...any) {
	if len(f.wrong) < 5 {
		f.wrong = append(f.wrong, fmt.Sprintf(what, args...))
	}
}

// judge holds a store against all that was told before a moment, which was at a
// time. It says something more in the end: numbers must go on.
func (w *witness) judge(s *Store, now int, at time.Duration) (f findings) {
	for _, o := range w.opened {
		if o.since < now && o.epoch != s.Epoch() {
			f.add("epoch %s of what was accepted is %s now", o.epoch, s.Epoch())
			return f
		}
	}
	found := make(map[string]bool)
	var conditions []Record
	for _, lane := range devices.Lanes() {
		records, err := whole(s, lane)
		if err != nil {
			f.add("%v", err)
		}
		w.compare(&f, lane, s.Marks(lane), records, now)
		for _, r := range records {
			name := r.Event.Detail
			switch {
			case name == after:
			case found[name]:
				f.add("%s is there twice", name)
			case !w.possible(name, now):
				f.add("%s %d is %s: nobody said that", lane, r.Seq, name)
			case r.Event.Code == gasHigh:
				conditions = append(conditions, r)
			}
			found[name] = true
		}
	}
	w.compareReadings(&f, found, now, at)
	w.compareRest(&f, s, conditions, now)
	w.goOn(&f, s, now)
	return f
}

// whole reads a lane, in order and without a gap.
func whole(s *Store, lane devices.Lane) (all []Record, err error) {
	m := s.Marks(lane)
	for at := m.First - 1; at < m.Last; {
		some, err := s.Read(lane, at, 0)
		if err != nil || len(some) == 0 {
			return all, fmt.Errorf("lane %s ends at %d, its last is %d: %w", lane, at, m.Last, err)
		}
		for _, r := range some {
			if at++; r.Seq != at || r.Epoch != s.Epoch() || r.Lane != lane {
				return all, fmt.Errorf("lane %s: %s where %d should be", lane, r.ID(), at)
			}
		}
		all = append(all, some...)
	}
	return all, nil
}

// compare looks for what was told of a lane: each number that is not done is there,
// and is what it was.
func (w *witness) compare(f *findings, lane devices.Lane, m Marks, records []Record, now int) {
	done := upto(w.done[lane], now)
	if m.Sent > done || m.Sent < upto(w.sure[lane], now) {
		f.add("lane %s: the mark is %d, of %d that were moved and %d that were saved", lane, m.Sent, done, upto(w.sure[lane], now))
	}
	all := w.records[lane]
	first := m.First
	if first > done+1 {
		first = done + 1
	}
	start := sort.Search(len(all), func(i int) bool { return all[i].seq >= first })
	for _, t := range all[start:] {
		switch at := int64(t.seq) - int64(m.First); {
		case t.since >= now:
			continue
		case at < 0 || at >= int64(len(records)):
			f.add("%s %d, %s, is lost", lane, t.seq, t.name)
		case records[at].Event.Detail != t.name:
			f.add("%s %d was %s and is %s", lane, t.seq, t.name, records[at].Event.Detail)
		}
	}
	seen := upto(w.read[lane], now)
	f.again += int(seen - min(seen, m.Sent))
	f.window += int(seen - min(seen, upto(w.sure[lane], now)))
}

// compareReadings looks for readings that are lost, and how old they are.
func (w *witness) compareReadings(f *findings, found map[string]bool, now int, at time.Duration) {
	done := upto(w.done[devices.ReadingLane], now)
	for _, r := range w.readings {
		if r.since >= now || found[r.name] {
			continue
		}
		if t, was := w.given[r.name]; was && t.since < now && t.seq <= done {
			continue
		}
		f.late = append(f.late, r.name)
		f.oldest = max(f.oldest, at-r.at)
	}
}

// compareRest looks at what is open, at the retained topic and at the pictures.
func (w *witness) compareRest(f *findings, s *Store, conditions []Record, now int) {
	open, err := standing(s)
	switch {
	case err != nil:
		f.add("%v", err)
	case open != len(s.Standings()):
		f.add("the topic says %d are open, the store %d", open, len(s.Standings()))
	case len(conditions) > 0 && (conditions[len(conditions)-1].Event.State == devices.Raised) != (open == 1):
		f.add("the last record leaves the condition %s, %d are open", conditions[len(conditions)-1].Event.State, open)
	}
	n := sort.Search(len(w.puts), func(i int) bool { return w.puts[i].since >= now })
	if n > 0 {
		w.comparePut(f, s, w.puts[n-1].name, now)
	}
	for _, p := range w.pictures {
		incident, camera, _ := strings.Cut(p.name, " ")
		if p.since < now && !pictured(s, incident, camera, w.picture) {
			f.add("picture %s is lost", p.name)
		}
	}
}

func (w *witness) comparePut(f *findings, s *Store, last string, now int) {
	all, err := s.Currents(true)
	at := slices.IndexFunc(all, func(c Current) bool { return c.Key == "device/d5" })
	if err != nil || at < 0 {
		f.add("no topic, want %s: %v", last, err)
		return
	}
	is, err := strconv.Unquote(string(all[at].Doc))
	if err != nil || is != last && (w.since(is) < now || !w.possible(is, now)) {
		f.add("the topic says %s, want %s or the next", all[at].Doc, last)
	}
}

// after is the name of all that goOn says.
const after = "-"

// goOn says one more of each, and looks at their numbers.
func (w *witness) goOn(f *findings, s *Store, now int) {
	if err := s.Append(place("new"), said(9, devices.GasReading, afterwards)); err != nil {
		f.add("a reading afterwards: %v", err)
	}
	for _, code := range []devices.Code{"alarm.test", devices.AccessCard} {
		made, err := s.Accept(place("new"), said(9, code, afterwards))
		if err != nil || made == nil {
			f.add("%s afterwards: %v", code, err)
			continue
		}
		w.compareNumber(f, made.Lane, made.Seq, now)
	}
	s.Seal()
	w.compareNumber(f, devices.ReadingLane, s.Marks(devices.ReadingLane).Last, now)
}

func afterwards(e *devices.Event) { e.Detail = after }

func (w *witness) compareNumber(f *findings, lane devices.Lane, next uint64, now int) {
	for _, t := range slices.Backward(w.records[lane]) {
		if t.since < now {
			if next <= t.seq {
				f.add("%s %d was %s and is used again", lane, t.seq, t.name)
			}
			return
		}
	}
}
