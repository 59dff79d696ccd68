package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// salvaged reads what was salvaged, all of it.
func salvaged(t testing.TB, s *Store) (all []Salvage) {
	t.Helper()
	for after := uint64(0); ; {
		some, err := s.ReadSalvaged(after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return all
		}
		for _, one := range some {
			if after++; one.At != after && len(all) > 0 {
				t.Fatalf("got position %d, want %d", one.At, after)
			}
			after = one.At
		}
		all = append(all, some...)
	}
}

// names are "lane-seq" of what was salvaged.
func names(all []Salvage, epoch Epoch) (list []string) {
	for _, one := range all {
		list = append(list, strings.TrimPrefix(one.Record.ID(), string(epoch)+"-"))
	}
	return list
}

// flipAll flips a bit in all copies of a record in store.db, behind the back of who
// has it open. name is how its document begins, or goes on.
func flipAll(t testing.TB, directory, name string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(directory, "store.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 0; ; found++ {
		i := bytes.Index(b[at:], []byte(name))
		if i < 0 {
			break
		}
		at += i + len(name)
		if _, err := f.WriteAt([]byte{b[at+30] ^ 1}, int64(at+30)); err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Fatalf("there is no %s in the file", name)
	}
}

// TestFlippedWhileRunning holds what a running site does about a record that flipped
// on disk: the file is set aside, everything that was not done is there again under
// its own epoch and number, alarms first, and the one that is lost is told; what was
// open and known stays so; marks of the connection before move nothing.
func TestFlippedWhileRunning(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	says(t, s, "d", said(1, leaf, is("closed")), said(1, passage, raw(7)), said(1, devices.AccessCard))
	for i := range 5 {
		says(t, s, "d", said(i, "alarm.test"))
	}
	says(t, s, "d", said(1, gasHigh, raised))
	if err := errors.Join(s.Put("device/d", 1), s.Keep("d", "known")); err != nil {
		t.Fatal(err)
	}
	old, changed := s.Epoch(), s.Changed()
	s.MarkSent(devices.AlarmLane, 2)
	s.MarkSent(devices.EventLane, 1)
	flipAll(t, directory, `"lane":"alarm","seq":4,`)
	if _, err := s.Read(devices.AlarmLane, 0, 0); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want ErrDamaged", err)
	}
	s.MarkSent(devices.AlarmLane, 6) // by who does not know yet
	says(t, s, "e", said(9, gasHigh, raised))
	<-changed
	if s.Epoch() == old {
		t.Fatal("the epoch is that of the damaged file")
	}
	same(t, "salvaged", names(salvaged(t, s), old), []string{"alarm-3", "alarm-5", "alarm-6", "event-2"})
	same(t, "gaps", s.Gaps(), []Gap{{Lane: devices.AlarmLane, First: 4, Last: 4, Epoch: old, Why: "damaged"}})
	d := s.Damages()
	if len(d) != 1 || d[0].Epoch != old || d[0].Saved[devices.AlarmLane] != 3 || d[0].Saved[devices.EventLane] != 1 || d[0].Doubt != "" || len(d[0].Lost) != 1 {
		t.Fatalf("got %+v, want what was saved and lost", d)
	}
	same(t, "in words", d[0].String(), "3 of lane alarm were saved; 1 of lane event were saved; lane alarm lost 4-4")
	if _, err := os.Stat(d[0].File); err != nil || filepath.Dir(d[0].File) != filepath.Join(directory, "damaged") {
		t.Errorf("got %v at %q, want the old file", err, d[0].File)
	}
	records := stored(t, s, devices.AlarmLane)
	if len(records) != 1 || records[0].Place.Device.Name != "e" || len(s.Standings()) != 2 {
		t.Errorf("got %v and %v, want the new alarm alone and two open", records, s.Standings())
	}
	says(t, s, "d", said(9, gasHigh, raised), said(9, leaf, is("closed"))) // known
	same(t, "marks", s.Marks(devices.AlarmLane), Marks{First: 1, Last: 1})
	current, err := s.Currents(false)
	if err != nil || len(current) != 2 || string(current[1].Doc) != "1" || strings.Count(string(current[0].Doc), `"incident"`) != 2 {
		t.Errorf("got %v, %v, want both topics to be sent", current, err)
	}
	var known string
	if ok, err := s.Recall("d", &known); !ok || err != nil || known != "known" {
		t.Errorf("got %q, %v, want what was kept", known, err)
	}

	s.MarkSent(devices.AlarmLane, 1)
	s.SalvagedSent(4)
	same(t, "marks of the connection before", s.Marks(devices.AlarmLane).Sent, 0)
	same(t, "salvaged before a birth", len(salvaged(t, s)), 4)
	if _, err := s.Birth(); err != nil {
		t.Fatal(err)
	}
	s.MarkSent(devices.AlarmLane, 1)
	s.SalvagedSent(3)
	if err := errors.Join(s.DamageTold(d[0]), s.GapTold(s.Gaps()[0]), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = at(t, directory)
	same(t, "salvaged at last", names(salvaged(t, s), old), []string{"event-2"})
	same(t, "to tell at last", len(s.Damages())+len(s.Gaps()), 0)
	same(t, "sent at last", s.Marks(devices.AlarmLane).Sent, 1)
}

// TestDamagedTwice holds that what was saved from one file is saved from the next.
func TestDamagedTwice(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	spoilOne := func() {
		t.Helper()
		flipAll(t, directory, fmt.Sprintf(`{"epoch":"%s","lane":"event","seq":2,`, s.Epoch()))
		if _, err := s.Read(devices.EventLane, 0, 0); !errors.Is(err, ErrDamaged) {
			t.Fatalf("got %v, want ErrDamaged", err)
		}
	}
	var want []string
	for n := range 3 {
		epoch := s.Epoch()
		says(t, s, "d", said(1, devices.AccessCard), said(n, "alarm.test"), said(2, devices.AccessCard))
		spoilOne()
		says(t, s, "d", said(3, gasHigh, []func(*devices.Event){raised, cleared}[n%2]))
		want = append(want, fmt.Sprintf("%s-alarm-%d", epoch, min(n+1, 2)))
		if n > 0 { // the one that was said after the damage before
			want = append(want[:len(want)-1], fmt.Sprintf("%s-alarm-1", epoch), want[len(want)-1])
		}
	}
	var alarms []string
	all := salvaged(t, s)
	for _, one := range all {
		if one.Record.Lane == devices.AlarmLane {
			alarms = append(alarms, one.Record.ID())
		}
	}
	same(t, "alarms", alarms, want)
	same(t, "events", len(all)-len(alarms), 3)
	same(t, "gaps", len(s.Gaps()), 3)
	same(t, "damages", len(s.Damages()), 3)
}

// TestCutInReplace holds that a power cut between the two steps of a replacement, on
// a file system on which they are two, leaves what was saved.
func TestCutInReplace(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	says(t, s, "d", said(1, "alarm.test"))
	epoch := s.Epoch()
	if err := errors.Join(s.Close(), os.Mkdir(s.folder(), 0o700), os.Rename(filepath.Join(directory, "store.db"), filepath.Join(directory, "store.db.new"))); err != nil {
		t.Fatal(err)
	}
	s = at(t, directory)
	same(t, "epoch", s.Epoch(), epoch)
	same(t, "records", len(stored(t, s, devices.AlarmLane)), 1)
}

// TestNotOurs holds that a damaged file of another site gives nothing of it away.
func TestNotOurs(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory, func(o *Options) { o.Site = "another" })
	says(t, s, "d", said(1, "alarm.test"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "store.db")
	b, err := os.ReadFile(path)
	clear(b[:2*os.Getpagesize()])
	if err := errors.Join(err, os.WriteFile(path, b, 0o600)); err != nil {
		t.Fatal(err)
	}
	s = at(t, directory)
	if all := salvaged(t, s); all != nil || len(s.Damages()) != 1 {
		t.Errorf("got %v and %v, want nothing salvaged and the damage told", all, s.Damages())
	}
}

// TestHeadline holds that what is read of a record in haste is what lies in it.
func TestHeadline(t *testing.T) {
	t.Parallel()
	r := Record{Epoch: "7f3a9c51d20b44e6", Lane: devices.AlarmLane, Seq: 7, Place: place("d"), Event: said(1, gasHigh, raised), Accepted: said(2, "").Time}
	r.Event.Text = `","accepted":"2020-01-01T00:00:00Z"`
	value, err := sound.Frame(seqKey(7), r)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := sound.UnframeDoc(seqKey(7), value)
	if err != nil {
		t.Fatal(err)
	}
	want := headline{r.Epoch, "alarm", 7}
	for _, doc := range []string{string(doc), strings.Replace(string(doc), `{"epoch"`, `{ "epoch"`, 1)} {
		if h, ok := headlineOf([]byte(doc)); !ok || h != want {
			t.Errorf("got %v, %v of %s, want %v", h, ok, doc, want)
		}
	}
	if got := acceptedIn(doc); got != r.Accepted.UnixNano() {
		t.Errorf("got %d, want %d", got, r.Accepted.UnixNano())
	}
	back, is := rescuedIn(rescuedDoc(12, doc), 12)
	if !is || string(back) != string(doc) {
		t.Errorf("got %s, want %s", back, doc)
	}
	for _, doc := range []string{"", "{}", `{"epoch":"x`, `{"epoch":"7f3a9c51d20b44e6","lane":"alarm","seq":0,`} {
		if h, ok := headlineOf([]byte(doc)); ok {
			t.Errorf("got %v of %q, want none", h, doc)
		}
	}
}

// TestHole holds that a lane in which a number is missing is damaged, though every
// page and every value in it is sound: so looks a page that shows less than it holds.
func TestHole(t *testing.T) {
	t.Parallel()
	s := at(t, t.TempDir())
	for i := range 5 {
		says(t, s, "d", said(i, devices.AccessCard))
	}
	old := s.Epoch()
	s.MarkSent(devices.EventLane, 1)
	err := meddle(s, func(tx *bolt.Tx) error { return tx.Bucket(laneBucket(devices.EventLane)).Delete(seqKey(3)) })
	if err != nil {
		t.Fatal(err)
	}
	var damage *DamageError
	if _, err := s.Read(devices.EventLane, 1, 0); !errors.As(err, &damage) {
		t.Fatalf("got %v, want a DamageError", err)
	}
	same(t, "missing", damage.Seqs, []uint64{3})
	says(t, s, "e", said(9, "alarm.test"))
	same(t, "salvaged from an older copy", names(salvaged(t, s), old), []string{"event-2", "event-3", "event-4", "event-5"})
}

// TestCommandCounterOutlivesDamage holds that a command that was obeyed is not obeyed
// again after its file was replaced, at rest or while it runs.
func TestCommandCounterOutlivesDamage(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	if err := s.RaiseCommandCounter(7); err != nil {
		t.Fatal(err)
	}
	says(t, s, "d", said(1, "alarm.test"))
	for range 2 {
		epoch := s.Epoch()
		flipAll(t, directory, `{"epoch":"`+string(epoch))
		_, _ = s.Read(devices.AlarmLane, 0, 0)
		says(t, s, "d", said(2, "alarm.test"))
		if s.Epoch() == epoch {
			t.Fatal("the file was not replaced")
		}
		if err := s.RaiseCommandCounter(7); !errors.Is(err, ErrRefused) {
			t.Errorf("got %v for a counter that was used, want ErrRefused", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
	}
}
