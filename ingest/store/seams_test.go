package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// inRing puts an alarm into memory as if the disk had refused it.
func inRing(t *testing.T, s *Store, e devices.Event) {
	t.Helper()
	form, event, size, err := admit(place("d"), e)
	if err != nil {
		t.Fatal(err)
	}
	if _, kept := s.keepInMemory(&alarm{form, place("d"), event, size}); !kept {
		t.Fatal("an alarm was not kept in memory")
	}
}

// TestSqueezeKeepsMemory holds that a transaction which only makes room does not
// forget the alarms that wait in memory: it brought none of them to disk.
func TestSqueezeKeepsMemory(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	says(t, s, "d", said(1, devices.AccessCard), said(2, devices.AccessCard))
	inRing(t, s, said(3, gasHigh, raised))
	if !s.squeeze(&change{s: s, now: time.Now(), clock: s.opt.Clock(), alarms: 1}, 1) {
		t.Fatal("nothing was squeezed out")
	}
	same(t, "alarms in memory", len(s.Volatile(0)), 1)
	says(t, s, "d", said(4, devices.AccessCard))
	same(t, "alarms on disk", len(stored(t, s, devices.AlarmLane)), 1)
}

// TestGapsInMemory holds that what is noted while the disk refuses stays small, that
// nothing is forgotten of what grows while it is saved, and that it stays that of its
// epoch when another one begins before it is saved.
func TestGapsInMemory(t *testing.T) {
	t.Parallel()
	s := &Store{lanes: newLanes(), changed: make(chan struct{}), epoch: "old", opt: Options{Log: slog.New(slog.DiscardHandler)}}
	gap := func(first, last uint64, why string) Gap { return Gap{devices.ReadingLane, first, last, why, ""} }
	for i := range uint64(5_000) {
		s.addLost(gap(10*i+1, 10*i+10, WhyRefused))
	}
	same(t, "what follows each other", s.lostGaps, []Gap{gap(1, 50_000, WhyRefused)})
	saved := slices.Clone(s.lostGaps)
	s.addLost(gap(50_001, 50_010, WhyRefused))
	s.addLost(gap(50_021, 50_030, WhyRoom))
	s.lostSaved(saved)
	same(t, "what is left", s.lostGaps, []Gap{gap(50_021, 50_030, WhyRoom), gap(50_001, 50_010, WhyRefused)})
	for i := range uint64(5_000) {
		s.addLost(gap(10*i+100_001, 10*i+100_001, WhyRoom))
	}
	if n, last := len(s.lostGaps), s.lostGaps[len(s.lostGaps)-1]; n > mostGaps || last.Last != 149_991 {
		t.Errorf("got %d gaps and %v last, want at most %d up to 149991", n, last, mostGaps)
	}
	s.begin("new")
	same(t, "epoch", s.lostGaps[0].Epoch, "old")
}

// TestMovesBesideAppends lets alarms become history while others are appended and
// while the store is closed, for the race detector.
func TestMovesBesideAppends(t *testing.T) {
	t.Parallel()
	s := at(t, t.TempDir())
	over := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				wake(s.kickBulk)
				s.VolatileSent(1)
				s.Stock()
			}
		}
	})
	for i := range 300 {
		says(t, s, "d", said(1, "alarm.test"))
		s.MarkSent(devices.AlarmLane, uint64(i))
	}
	inRing(t, s, said(3, gasHigh, raised))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	close(over)
	others.Wait()
}

// TestMovesSome holds that the binder, where very many alarms are done at once, copies
// some of them and then looks after the readings, and comes to the end all the same.
func TestMovesSome(t *testing.T) {
	t.Parallel()
	const n = (mostMoves + 2) * mostMoved
	s := at(t, t.TempDir())
	s.binding.Lock() // the binder waits
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for j := range n / 16 {
				says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i, j))))
			}
		})
	}
	all.Wait()
	moved := func() uint64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.lanes[devices.AlarmLane].moved
	}
	s.MarkSent(devices.AlarmLane, n)
	s.moveAlarms()
	if got := moved(); got == 0 || got > mostMoves*mostMoved {
		t.Errorf("got %d alarms moved in one go, want at most %d", got, mostMoves*mostMoved)
	}
	s.binding.Unlock()
	for end := time.Now().Add(time.Minute); moved() < n-moveStep; time.Sleep(time.Millisecond) { // decides nothing
		if time.Now().After(end) {
			t.Fatalf("got %d of %d alarms moved after a minute", moved(), n)
		}
	}
}

// TestHistoryGoesOn holds that one commit of the history that failed does not keep all
// later alarms in store.db, where they would push out events that wait.
func TestHistoryGoesOn(t *testing.T) {
	t.Parallel()
	s := at(t, t.TempDir())
	add := func() {
		for i := range 2 * moveStep {
			says(t, s, "d", said(1, "alarm.test", point(fmt.Sprint(i))))
		}
	}
	moved := func() uint64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.lanes[devices.AlarmLane].moved
	}
	add()
	s.binding.Lock()
	defer s.binding.Unlock() // the binder keeps away
	s.MarkSent(devices.AlarmLane, 2*moveStep)
	s.moveAlarms()
	same(t, "moved", moved(), uint64(2*moveStep))
	add()
	s.MarkSent(devices.AlarmLane, 4*moveStep)
	files, err := filepath.Glob(filepath.Join(s.opt.Directory, "history-*.db"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got %v, %v, want one file", files, err)
	}
	spoilDescriptor(t, files[0])
	s.moveAlarms()
	same(t, "moved while it fails", moved(), uint64(2*moveStep))
	s.moveAlarms()
	same(t, "moved when it is well", moved(), uint64(4*moveStep))
	same(t, "alarms", len(stored(t, s, devices.AlarmLane)), 4*moveStep)
}

// TestOlderCopy holds that a store.db which is older than its history, such as one
// that came back from a backup, gives no number a second time and loses no alarm.
func TestOlderCopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		path := filepath.Join(directory, "store.db")
		s := at(t, directory)
		says(t, s, "d", said(1, "alarm.test"))
		epoch := s.Epoch()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		copied, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
		for range 100 {
			says(t, s, "d", said(2, "alarm.test"))
		}
		s.MarkSent(devices.AlarmLane, 90)
		time.Sleep(time.Minute)
		if err := errors.Join(s.Close(), os.WriteFile(path, copied, 0o600)); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
		says(t, s, "d", said(3, gasHigh, raised))
		if s.Epoch() == epoch {
			t.Error("numbers go on in the same epoch, want another")
		}
		same(t, "alarms", len(stored(t, s, devices.AlarmLane)), 1)
		same(t, "saved", names(salvaged(t, s), epoch), []string{"alarm-1"})
	})
}

// TestWreckTellsNothingTwice holds that a count of what was lost, which was told and
// deleted, is not told again because a page shows it still; and that numbers of an
// epoch that nobody knows are not called lost in the new one.
func TestWreckTellsNothingTwice(t *testing.T) {
	t.Parallel()
	w := newWreck()
	for _, name := range []string{refusedPrefix + "event", "last.event"} {
		value, err := sound.Frame([]byte(name), 12)
		if err != nil {
			t.Fatal(err)
		}
		w.take(sound.Piece{Key: []byte(name), Value: value})
	}
	w.settle((&Store{}).doneUpto)
	same(t, "numbers", w.numbers, map[string]uint64{"last.event": 12})
	same(t, "lost", w.lost(devices.EventLane, 0, nil), nil)
}

// TestAsideCannotBeThinned holds that a file which was replaced is not replaced again,
// and nothing that was saved is called lost, because something went wrong after it.
func TestAsideCannotBeThinned(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	for i := range 5 {
		says(t, s, "d", said(i, "alarm.test"))
	}
	old := s.Epoch()
	if err := os.Mkdir(s.folder(), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		path := filepath.Join(s.folder(), fmt.Sprintf("store-20201121T224000Z-%d.db", i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("chattr", "+i", path).CombinedOutput(); err != nil {
			skip(t, "no file can be kept from being removed here: %v %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("chattr", "-i", path).Run() })
	}
	flipAll(t, directory, `"lane":"alarm","seq":4,`)
	if _, err := s.Read(devices.AlarmLane, 0, 0); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want ErrDamaged", err)
	}
	says(t, s, "e", said(9, gasHigh, raised))
	for end := time.Now().Add(time.Minute); len(s.Volatile(0)) > 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		continue
	}
	same(t, "salvaged", names(salvaged(t, s), old), []string{"alarm-1", "alarm-2", "alarm-3", "alarm-5"})
	same(t, "gaps", s.Gaps(), []Gap{{Lane: devices.AlarmLane, First: 4, Last: 4, Epoch: old, Why: "damaged"}})
	same(t, "damages", len(s.Damages()), 1)
	same(t, "alarms", len(stored(t, s, devices.AlarmLane)), 1)
}

// TestDamagedReadingIsToldOnce holds that a reading which cannot be read costs one
// commit, however often somebody looks at it.
func TestDamagedReadingIsToldOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		reads(t, s, 3)
		time.Sleep(2 * time.Second)
		if err := s.readings.Append(4, [][]byte{[]byte("torn")}); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.lanes[devices.ReadingLane].last = 4
		s.mu.Unlock()
		before := commits(s)
		for range 5 {
			if some, err := s.Read(devices.ReadingLane, 0, 0); len(some) != 3 || err != nil {
				t.Errorf("got %d readings and %v, want those that are sound", len(some), err)
			}
			time.Sleep(time.Second)
		}
		same(t, "gaps", s.Gaps(), []Gap{{devices.ReadingLane, 4, 4, whyDamaged, ""}})
		same(t, "commits", commits(s)-before, 1)
	})
}

// TestUntoldIsBounded holds that what nobody told does not grow from file to file, and
// that of what is lost no more is forgotten than must be.
func TestUntoldIsBounded(t *testing.T) {
	t.Parallel()
	w := newWreck()
	w.epoch = "the-last"
	for i := range uint64(1_000) {
		epoch := Epoch(fmt.Sprintf("%016x", i/100))
		if i >= 900 {
			epoch = ""
		}
		g := Gap{devices.AlarmLane, 10*i + 1, 10*i + 5, WhyRoom, epoch}
		w.gaps[g.name()] = g
		w.damages[fmt.Sprint(i)] = Damage{Time: said(int(i), "").Time}
	}
	gaps := sortGaps(w.oldGaps())
	same(t, "gaps", len(gaps), 10)
	same(t, "last gap", gaps[9], Gap{devices.AlarmLane, 9001, 9995, WhyRoom, "the-last"})
	damages := w.oldDamages()
	if _, is := damages["999"]; len(damages) != mostOldDamages || !is {
		t.Errorf("got %d damages, want the youngest %d", len(damages), mostOldDamages)
	}
}

// TestHoleAtTheEnd holds that a lane which shows less than its last number is damaged.
func TestHoleAtTheEnd(t *testing.T) {
	t.Parallel()
	s := at(t, t.TempDir())
	for i := range 5 {
		says(t, s, "d", said(i, devices.AccessCard))
	}
	err := meddle(s, func(tx *bolt.Tx) error { return tx.Bucket(laneBucket(devices.EventLane)).Delete(seqKey(5)) })
	if err != nil {
		t.Fatal(err)
	}
	var damage *DamageError
	if _, err := s.Read(devices.EventLane, 4, 0); !errors.As(err, &damage) {
		t.Fatalf("got %v, want a DamageError", err)
	}
	same(t, "missing", damage.Seqs, []uint64{5})
}
