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
