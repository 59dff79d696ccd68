package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
)

// servesWithin is how soon a damaged store must take and give an alarm again.
const servesWithin = 10 * time.Second

// A specimen is a store.db, closed, of which everything is known.
type specimen struct {
	file  []byte
	other map[string][]byte // what lies beside it, by name
	used  []int             // offsets of the pages that hold something
	epoch Epoch
	said  map[string]string // JSON of each record by id
	kept  int               // how many of them lie in the lanes
	done  map[devices.Lane]uint64
	last  map[devices.Lane]uint64
}

// newSpecimen makes a store with records in all lanes, a third of them done.
func newSpecimen(t testing.TB) *specimen {
	t.Helper()
	directory := t.TempDir()
	s := at(t, directory, specimenSize)
	for i := range 150 {
		says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i))), said(2, devices.AccessCard, point(fmt.Sprint(i))), said(1, devices.GasReading))
		if i < 30 {
			says(t, s, fmt.Sprint("d", i), said(i, gasHigh, raised), said(i, leaf, is("open")), said(i, passage, raw(uint64(i))))
		}
	}
	flush(s)
	is := &specimen{other: map[string][]byte{}, epoch: s.Epoch(), said: map[string]string{}, done: map[devices.Lane]uint64{}, last: map[devices.Lane]uint64{}}
	if err := readAll(s, func(r Record) { is.said[r.ID()] = encoded(t, r) }); err != nil {
		t.Fatal(err)
	}
	for lane, upto := range map[devices.Lane]uint64{devices.AlarmLane: 60, devices.EventLane: 50, devices.ReadingLane: 40} {
		s.MarkSent(lane, upto)
	}
	says(t, s, "e", said(3, "alarm.test"))
	for _, lane := range devices.Lanes() {
		for _, r := range stored(t, s, lane) {
			is.said[r.ID()] = encoded(t, r)
			is.kept++
		}
		m := s.Marks(lane)
		is.done[lane], is.last[lane] = m.Sent, m.Last
	}
	err := s.file.View(func(tx *bolt.Tx) error {
		for id := 0; ; id++ {
			page, err := tx.Page(id)
			if err != nil || page == nil {
				return err
			}
			if page.Type != "free" {
				is.used = append(is.used, id*os.Getpagesize())
			}
		}
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if is.file, err = os.ReadFile(filepath.Join(directory, "store.db")); err != nil {
		t.Fatal(err)
	}
	beside, err := filepath.Glob(filepath.Join(directory, "*-*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range beside {
		if is.other[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return is
}

// specimenSize keeps its files small.
func specimenSize(o *Options) {
	o.Site, o.MaxBytes, o.ReadingBytes, o.HistoryBytes = "xinggang-ferry", 4<<20, 1<<20, 1<<20
}

func encoded(t testing.TB, r Record) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// mutations change a file, each in its own way.
var mutations = []struct {
	name   string
	change func(r *rand.Rand, b []byte, page func() []byte) []byte
}{
	{"truncated", func(r *rand.Rand, b []byte, _ func() []byte) []byte { return b[:r.IntN(len(b))] }},
	{"a page zeroed", func(_ *rand.Rand, b []byte, page func() []byte) []byte { clear(page()); return b }},
	{"a page of garbage", func(r *rand.Rand, b []byte, page func() []byte) []byte {
		for i, p := 0, page(); i < len(p); i++ {
			p[i] = byte(r.Uint32())
		}
		return b
	}},
	{"a bit flipped", func(r *rand.Rand, b []byte, page func() []byte) []byte {
		page()[r.IntN(os.Getpagesize())] ^= 1 << r.IntN(8)
		return b
	}},
	{"a bit of a head flipped", func(r *rand.Rand, b []byte, page func() []byte) []byte {
		page()[r.IntN(64)] ^= 1 << r.IntN(8)
		return b
	}},
	{"torn", func(r *rand.Rand, b []byte, page func() []byte) []byte { // sectors of another page
		from, to := page(), page()
		at := 512 * (1 + r.IntN(7))
		copy(to[at:], bytes.Clone(from[at:]))
		return b
	}},
}

// anyPage chooses one of the pages, mostly one that holds something.
func (is *specimen) anyPage(r *rand.Rand, b []byte) []byte {
	size := os.Getpagesize()
	at := r.IntN(len(b)/size) * size
	if r.IntN(8) > 0 {
		at = is.used[r.IntN(len(is.used))]
	}
	return b[at : at+size]
}

// A trial is what became of one mutation.
type trial struct {
	replaced bool
	doubt    bool // not all that was lost can be named
	took     time.Duration
	wrong    []string
}

// try damages a store, at rest or while it runs, and holds what it says and gives
// against what is known.
func (is *specimen) try(t *testing.T, damaged []byte, running bool) (tr trial) {
	t.Helper()
	directory := t.TempDir()
	defer os.RemoveAll(directory)
	path := filepath.Join(directory, "store.db")
	first := damaged
	if running {
		first = is.file
	}
	if err := os.WriteFile(path, first, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, b := range is.other {
		if err := os.WriteFile(filepath.Join(directory, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	o := Options{Directory: directory}
	specimenSize(&o)
	s, err := Open(o)
	if err != nil {
		tr.wrong = append(tr.wrong, fmt.Sprintf("does not open: %v", err))
		return tr
	}
	defer s.Close()
	if running {
		overwrite(t, path, damaged)
		begin = time.Now()
	}
	var saved map[string]bool
	for served := Epoch(""); served != s.Epoch(); {
		if saved, err = is.serve(t, s, &tr, begin); err != nil {
			tr.wrong = append(tr.wrong, err.Error())
			return tr
		}
		served = s.Epoch()
		_ = s.Doubt("nobody") // what was noted as lost is on disk behind it; it may find damage too, and then all is read again
	}
	tr.took = time.Since(begin)
	tr.replaced = s.Epoch() != is.epoch
	is.account(s, saved, &tr)
	return tr
}

// overwrite changes a file that somebody has open.
func overwrite(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(len(b))); err != nil {
		t.Fatal(err)
	}
}

// serve appends an alarm and reads everything, as often as it is refused, and returns
// what there is of the specimen, by id.
func (is *specimen) serve(t *testing.T, s *Store, tr *trial, begin time.Time) (saved map[string]bool, err error) {
	for n := 0; ; n++ {
		if time.Since(begin) > servesWithin {
			return nil, fmt.Errorf("does not serve within %v: %w", servesWithin, err)
		}
		if err = s.Append(place("x"), said(9, "alarm.test", point(fmt.Sprint("now", n)))); err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		epoch, mine := s.Epoch(), false
		saved = map[string]bool{}
		take := func(r Record) {
			switch want := is.said[r.ID()]; {
			case r.Place.Device.Name == "x":
				mine = mine || r.Event.Point == fmt.Sprint("now", n)
			case want != encoded(t, r):
				tr.wrong = append(tr.wrong, fmt.Sprintf("gives %s, which nobody said: %s", r.ID(), encoded(t, r)))
			default:
				saved[r.ID()] = true
			}
		}
		if err = readAll(s, take); err == nil && mine && s.Epoch() == epoch {
			return saved, nil
		}
	}
}

// readAll hands over all records that are not done.
func readAll(s *Store, take func(Record)) error {
	for _, lane := range devices.Lanes() {
		for after := s.Marks(lane).Sent; ; {
			some, err := s.Read(lane, after, 0)
			for _, r := range some {
				take(r)
				after = r.Seq
			}
			if err != nil {
				return err
			}
			if len(some) == 0 {
				break
			}
		}
	}
	for after := uint64(0); ; {
		some, err := s.ReadSalvaged(after, 0)
		for _, one := range some {
			take(one.Record)
			after = one.At
		}
		if err != nil || len(some) == 0 {
			return err
		}
	}
}

// account holds that what is there and what is told as lost are all that was not
// done, and nothing else.
func (is *specimen) account(s *Store, saved map[string]bool, tr *trial) {
	lost := map[string]bool{}
	for _, g := range s.Gaps() {
		for seq := g.First; seq <= g.Last; seq++ {
			lost[fmt.Sprintf("%s-%s-%d", g.Epoch, g.Lane, seq)] = true
		}
	}
	for _, d := range s.Damages() {
		tr.doubt = tr.doubt || d.Doubt != ""
	}
	if tr.replaced != (len(s.Damages()) > 0) {
		tr.wrong = append(tr.wrong, fmt.Sprintf("replaced: %v, told: %v", tr.replaced, s.Damages()))
	}
	for lane, last := range is.last {
		for seq := is.done[lane] + 1; seq <= last; seq++ {
			id := fmt.Sprintf("%s-%s-%d", is.epoch, lane, seq)
			switch {
			case saved[id] && lost[id]:
				tr.wrong = append(tr.wrong, id+" is there, and told as lost")
			case !saved[id] && !lost[id] && !tr.doubt:
				tr.wrong = append(tr.wrong, id+" is lost, and nobody says so")
			}
			delete(lost, id)
			delete(saved, id)
		}
	}
	if !tr.doubt && len(lost)+len(saved) > 0 {
		tr.wrong = append(tr.wrong, fmt.Sprintf("told as lost, and was not: %v; not done, and was: %v", slices.Sorted(maps.Keys(lost)), slices.Sorted(maps.Keys(saved))))
	}
}

// TestReliableDamaged: whatever happens to the file, at rest or while a site runs, an
// alarm is taken and given again within 10 s, no record is given that was not said,
// and what was not done is there or is told as lost. The control is bbolt alone, in
// a process of its own.
func TestReliableDamaged(t *testing.T) {
	is := newSpecimen(t)
	rounds, children := 5, 2
	if figure.Asked(t) >= figure.Full {
		rounds, children = 100, 20
	}
	var trials, replaced, doubts, bad, died, lied, ran int
	var slowest time.Duration
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range mutations {
		for n := range rounds {
			b := bytes.Clone(is.file)
			damaged := m.change(r, b, func() []byte { return is.anyPage(r, b) })
			tr := is.try(t, damaged, n%2 == 1)
			trials++
			slowest = max(slowest, tr.took)
			if tr.replaced {
				replaced++
			}
			if tr.doubt {
				doubts++
			}
			if len(tr.wrong) > 0 {
				bad++
				t.Logf("%s, round %d: %s", m.name, n, strings.Join(tr.wrong[:min(3, len(tr.wrong))], "; "))
			}
			if n < children {
				ran++
				switch is.bare(t, damaged) {
				case "died":
					died++
				case "lied":
					lied++
				}
			}
		}
	}
	figure.Report(t, figure.Row{
		Fault: fmt.Sprintf("damaged store.db: %d mutations (truncated, zeroed, garbage, bit flips, torn), half of them while it runs", trials),
		Aim:   "serving in < 10 s, never a wrong record, all lost told",
		Measured: fmt.Sprintf("%d failed; %d replaced, the slowest serving again after %.1f s; in %d not every number that may be lost can be named, which is said",
			bad, replaced, slowest.Seconds(), doubts),
		Met:     bad == 0 && replaced > trials/4 && died+lied > 0,
		Control: fmt.Sprintf("bare bbolt, same files: of %d processes %d died and %d gave records that nobody said or not all", ran, died, lied),
		Values: map[string]float64{"mutations": float64(trials), "failed": float64(bad), "replaced": float64(replaced), "doubts": float64(doubts),
			"slowest_s": slowest.Seconds(), "control_died": float64(died), "control_lied": float64(lied), "control_ran": float64(ran)},
	})
}

// childBare is a file that the test binary opens and reads with bbolt alone.
const childBare = "SITEPOST_STORE_TEST_BARE"

// beBare prints the documents of all lanes.
func beBare(path string) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	err = db.View(func(tx *bolt.Tx) error {
		for _, lane := range devices.Lanes() {
			err := tx.Bucket(laneBucket(lane)).ForEach(func(_, value []byte) error {
				var r Record
				if err := json.Unmarshal(value[5:], &r); err != nil {
					return err
				}
				return out.Encode(r)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// bare says how a process fares that trusts bbolt: "died", "lied" or "".
func (is *specimen) bare(t *testing.T, damaged []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childBare+"="+path)
	out, err := child.Output()
	if err != nil {
		return "died"
	}
	found := 0
	for line := range strings.Lines(string(out)) {
		var r Record
		if json.Unmarshal([]byte(line), &r) != nil || is.said[r.ID()] != strings.TrimSpace(line) {
			return "lied"
		}
		found++
	}
	if found != is.kept {
		return "lied"
	}
	return ""
}
