package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A wreck is what is known of a store.db that is given up: what lies in it, as far
// as checksums hold, and what we still know of it ourselves, which is better.
type wreck struct {
	epoch   Epoch
	site    string
	certain map[string]bool   // numbers that are those of the last commit
	numbers map[string]uint64 // the highest that were found where none is certain: all of them only rise

	open       map[string]opened
	states     map[string]string
	counters   map[string]uint64
	currents   map[string]current
	identities map[string]json.RawMessage
	gaps       map[string]Gap
	damages    map[string]Damage

	live   bool    // all of the above is our own memory: nothing in the file is better
	epochs []Epoch // of the spots
	spots  []spot
	full   bool  // there are more than we look for
	size   int64 // of the new file
}

// newWreck knows nothing yet.
func newWreck() *wreck {
	return &wreck{
		certain: map[string]bool{}, numbers: map[string]uint64{},
		open: map[string]opened{}, states: map[string]string{}, counters: map[string]uint64{}, currents: map[string]current{},
		identities: map[string]json.RawMessage{}, gaps: map[string]Gap{}, damages: map[string]Damage{},
	}
}

// remember makes a wreck of what the mirrors hold. They are those of the last
// commit, with marks that may be ahead of it.
func (s *Store) remember() *wreck {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := newWreck()
	if !s.loaded {
		return w
	}
	w.live, w.epoch, w.site = true, s.epoch, s.opt.Site
	w.numbers = maps.Clone(s.numbers.kept)
	for _, l := range s.lanes {
		w.numbers[l.sentName()], w.numbers[l.receivedName()] = l.sent, l.received
	}
	w.numbers[numberRescuedSent] = s.rescue.sent
	for name := range w.numbers {
		w.certain[name] = true
	}
	w.open, w.states, w.counters = maps.Clone(s.open.kept), maps.Clone(s.states.kept), maps.Clone(s.counters.kept)
	w.currents, w.identities = maps.Clone(s.currents.kept), maps.Clone(s.identities.kept)
	w.gaps, w.damages = maps.Clone(s.gaps.kept), maps.Clone(s.damages.kept)
	return w
}

// take looks at a piece of the file.
func (w *wreck) take(p sound.Piece) {
	bucket := string(p.Bucket)
	lane := bucket == "" || bucket == bucketSalvaged || strings.HasPrefix(bucket, "lane.")
	if lane && len(p.Key) == 8 && w.takeRecord(p) || w.live {
		return
	}
	fresh := p.Current && !p.Older
	switch {
	case bucket == "" || bucket == bucketNumbers:
		w.takeNumber(p, fresh)
	case !p.Current: // it may have been deleted
	case bucket == bucketOpen:
		if o, ok := takeNew(w.open, p); ok && !fresh {
			o.Unconfirmed = true // it may be over by now
			w.open[string(p.Key)] = o
		}
	case bucket == bucketStates:
		takeNew(w.states, p)
	case bucket == bucketCounters:
		takeNew(w.counters, p)
	case bucket == bucketCurrents:
		takeNew(w.currents, p)
	case bucket == bucketIdentities:
		takeNew(w.identities, p)
	case bucket == bucketGaps:
		takeNew(w.gaps, p)
	case bucket == bucketDamages:
		takeNew(w.damages, p)
	}
	if bucket == "" || bucket == bucketWords {
		w.takeWord(p)
	}
}

// takeNew keeps the first of several copies: the youngest is visited first.
func takeNew[V any](into map[string]V, p sound.Piece) (v V, is bool) {
	if _, known := into[string(p.Key)]; known || sound.Unframe(p.Key, p.Value, &v) != nil {
		return v, false
	}
	into[string(p.Key)] = v
	return v, true
}

// takeWord learns whose file it is. All copies say the same.
func (w *wreck) takeWord(p sound.Piece) {
	var word string
	switch name := string(p.Key); {
	case name != "epoch" && name != "site" || sound.Unframe(p.Key, p.Value, &word) != nil:
	case name == "epoch" && epochShape.MatchString(word):
		w.epoch = Epoch(word)
	case name == "site" && w.site == "":
		w.site = word
	}
}

// takeNumber keeps the highest copy of a number.
func (w *wreck) takeNumber(p sound.Piece, fresh bool) {
	name := string(p.Key)
	if name != numberRevision && name != numberBirth && name != numberCommand && !strings.Contains(name, ".") {
		return
	}
	if strings.HasPrefix(name, refusedPrefix) && !p.Current { // it may have been told
		return
	}
	var n uint64
	if w.certain[name] || sound.Unframe(p.Key, p.Value, &n) != nil {
		return
	}
	w.numbers[name] = max(w.numbers[name], n)
	w.certain[name] = fresh
}

// settle leaves the records that are to be saved, in their order: alarms before
// events, what was saved before ahead of all others. doneUpto is the highest number
// of a lane that is done.
func (w *wreck) settle(doneUpto func(lane devices.Lane, m Marks) uint64) {
	w.thin()
	if w.epoch == "" {
		w.epoch = w.commonest()
	}
	own, lanes := w.index(w.epoch), devices.Lanes()
	for _, p := range w.spots {
		if name := "last." + string(lanes[p.lane]); !p.saved && p.epoch == own && !w.certain[name] {
			w.numbers[name] = max(w.numbers[name], p.seq)
		}
	}
	w.spots = slices.DeleteFunc(w.spots, func(p spot) bool {
		switch name := lanes[p.lane]; {
		case p.saved:
			return p.key <= w.numbers[numberRescuedSent]
		case p.epoch != own || name == devices.ReadingLane:
			return true
		default:
			return p.seq <= doneUpto(name, w.marks(name)) || p.seq > w.marks(name).Last
		}
	})
}

// marks are those of a lane.
func (w *wreck) marks(lane devices.Lane) Marks {
	return Marks{Last: w.numbers["last."+string(lane)], Sent: w.numbers["sent."+string(lane)], Received: w.numbers["received."+string(lane)]}
}

// epochShape is that of an epoch.
var epochShape = regexp.MustCompile(`^[0-9a-f]{16}$`)

// commonest is the epoch of most records, where the file does not say its own.
func (w *wreck) commonest() Epoch {
	count := make([]int, len(w.epochs))
	for _, p := range w.spots {
		if !p.saved {
			count[p.epoch]++
		}
	}
	if len(count) == 0 || slices.Max(count) == 0 {
		return ""
	}
	return w.epochs[slices.Index(count, slices.Max(count))]
}

// lost lists the numbers of a lane that are not done and were not saved; saved are
// those that were, ascending. Beyond mostGaps the last is stretched over the rest. Where
// nobody knows the epoch there is no name for them: see doubts.
func (w *wreck) lost(lane devices.Lane, done uint64, saved []uint64) (gaps []Gap) {
	if w.epoch == "" {
		return nil
	}
	add := func(first, last uint64) {
		if n := len(gaps); n >= mostGaps {
			gaps[n-1].Last = last
			return
		}
		gaps = append(gaps, Gap{Lane: lane, First: first, Last: last, Epoch: w.epoch, Why: whyDamaged})
	}
	next := done + 1
	for _, seq := range saved {
		if seq > next {
			add(next, seq-1)
		}
		next = max(next, seq+1)
	}
	if last := w.marks(lane).Last; next <= last {
		add(next, last)
	}
	return gaps
}

// doubts says in words what cannot be known.
func (w *wreck) doubts() string {
	var words, unmarked []string
	if w.epoch == "" {
		return "nothing in it can be read: what was lost is not known"
	}
	for _, lane := range devices.Lanes() {
		name := "last." + string(lane)
		if n, any := w.numbers[name]; !w.certain[name] && (any && n > 0 || !w.certain[numberRevision]) { // else it was never used
			words = append(words, fmt.Sprintf("of lane %s perhaps records above %d", lane, w.numbers[name]))
		}
		if w.numbers[name] > 0 && !(w.certain["sent."+string(lane)] && w.certain["received."+string(lane)]) {
			unmarked = append(unmarked, string(lane))
		}
	}
	if words != nil {
		words = []string{"lost are " + strings.Join(words, ", ")}
	}
	if unmarked != nil {
		words = append(words, fmt.Sprintf("perhaps less was lost than is told, for how far lane %s was delivered is not known", strings.Join(unmarked, ", ")))
	}
	if w.full {
		words = append(words, fmt.Sprintf("no more than %d records were looked for", mostSpots))
	}
	return strings.Join(words, "; ")
}
