package store

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"sitepost/devices"
)

// A witness keeps what a load has told, with the moment of each word, and then holds
// a store against what was told up to any moment. The words:
//
//	opened 7f3a9c51d20b44e6        the store's epoch
//	got alarm 12 r1/0/5            it took r1/0/5 and made it alarm 12
//	known r1/1/0                   it took it, and it was nothing new
//	had r1/2/7                     it took a reading
//	saw event 3 r1/4/2 4 r1/3/9    a reader was given these
//	done alarm 9                   up to 9 may be deleted from now on
//	marked alarm 9                 it was told so
//	put r1/5/3                     a retained topic says so
//	kept INCIDENT CAMERA           a picture is safe, and its record
//
// A name is the run, what says it and how often it did: what was told of r1/0/5 was
// told after r1/0/4, and r1/0/7 cannot be there when r1/0/5 was the last.
type witness struct {
	picture []byte // what every picture shows

	moment   int // words so far, unless the caller sets it
	at       time.Duration
	opened   []moment
	records  map[devices.Lane][]told
	names    map[string]int // the moment when it was told that a name is safe
	done     map[devices.Lane][]mark
	sure     map[devices.Lane][]mark // what the mark on disk must be
	read     map[devices.Lane][]mark // what a reader was given
	readings []told
	given    map[string]told // readings that a reader was given, by name
	puts     []told
	pictures []told

	marked map[devices.Lane]uint64            // by the last word
	before map[string]map[devices.Lane]uint64 // marks as of the last word of who speaks
}

type moment struct {
	since int
	epoch Epoch
}

// A told is something that must be there.
type told struct {
	since int
	at    time.Duration
	seq   uint64
	name  string
}

type mark struct {
	since int
	upto  uint64
}

func newWitness(picture []byte) *witness {
	return &witness{
		picture: picture,
		records: map[devices.Lane][]told{}, names: map[string]int{},
		done: map[devices.Lane][]mark{}, sure: map[devices.Lane][]mark{}, read: map[devices.Lane][]mark{},
		given:  map[string]told{},
		marked: map[devices.Lane]uint64{}, before: map[string]map[devices.Lane]uint64{},
	}
}

// hear takes a word in.
func (w *witness) hear(word string) error {
	f := strings.Fields(word)
	if len(f) < 2 {
		return fmt.Errorf("a word of %q", word)
	}
	var lane devices.Lane
	var seq uint64
	if len(f) > 2 {
		lane = devices.Lane(f[1])
		seq, _ = strconv.ParseUint(f[2], 10, 64)
	}
	last := f[len(f)-1]
	switch it := (told{w.moment, w.at, seq, last}); f[0] {
	case "opened":
		w.opened = append(w.opened, moment{w.moment, Epoch(last)})
		clear(w.marked) // what was moved and not saved is forgotten
	case "got":
		w.records[lane] = append(w.records[lane], it)
		w.names[last] = w.moment
		w.trust(last)
	case "known":
		w.names[last] = w.moment
	case "had":
		w.readings = append(w.readings, it)
		w.names[last] = w.moment
	case "saw":
		w.see(lane, f[2:])
	case "done":
		w.done[lane] = append(w.done[lane], mark{w.moment, seq})
	case "marked":
		w.marked[lane] = seq
	case "put":
		w.puts = append(w.puts, it)
		w.names[last] = w.moment
	case "kept":
		w.pictures = append(w.pictures, told{w.moment, w.at, 0, f[1] + " " + last})
	default:
		return fmt.Errorf("a word of %q", word)
	}
	return nil
}

// see takes in what a reader was given: numbers and names.
func (w *witness) see(lane devices.Lane, pairs []string) {
	var last uint64
	for pair := range slices.Chunk(pairs, 2) {
		seq, _ := strconv.ParseUint(pair[0], 10, 64)
		t := told{w.moment, w.at, seq, pair[1]}
		w.records[lane] = append(w.records[lane], t)
		if lane == devices.ReadingLane {
			w.given[t.name] = t
		}
		last = seq
	}
	w.read[lane] = append(w.read[lane], mark{w.moment, last})
}

// trust notes which marks are on disk: those that were moved before an event was
// said that has been committed since.
func (w *witness) trust(name string) {
	who := name[:strings.LastIndexByte(name, '/')]
	for lane, upto := range w.before[who] {
		if all := w.sure[lane]; len(all) == 0 || upto > all[len(all)-1].upto {
			w.sure[lane] = append(all, mark{w.moment, upto})
		}
	}
	before := make(map[devices.Lane]uint64)
	for lane, upto := range w.marked {
		before[lane] = upto
	}
	w.before[who] = before
}

// sort brings what was told into the order of the numbers, once all was heard.
func (w *witness) sort() {
	for _, all := range w.records {
		slices.SortFunc(all, func(a, b told) int { return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.since, b.since)) })
	}
}

// upto is the last mark that was told before a moment.
func upto(marks []mark, now int) uint64 {
	n := sort.Search(len(marks), func(i int) bool { return marks[i].since >= now })
	if n == 0 {
		return 0
	}
	return marks[n-1].upto
}

// never is a moment after all.
const never = int(^uint(0) >> 1)

// since is the moment when a name was told to be safe.
func (w *witness) since(name string) int {
	if at, was := w.names[name]; was {
		return at
	}
	return never
}

// possible says whether a name may be in a store at a moment: it was told, or it is
// the next after one that was.
func (w *witness) possible(name string, now int) bool {
	cut := strings.LastIndexByte(name, '/')
	i, err := strconv.Atoi(name[cut+1:])
	return err == nil && (i == 0 || w.since(name[:cut+1]+strconv.Itoa(i-1)) < now)
}

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
