package store

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A store.db in which one byte is wrong is given up whole, for nobody knows what
// else is wrong in it:
//
//	store.db ── what checksums allow ──► store.db.new ──► store.db     with a new epoch
//	    └─────────────────── whole ────► damaged/store-20261121T224000Z-1.db
//
// Records that were not done go into a bucket of their own, with the epoch, lane
// and number they have. Alarms that were done are not saved: they are history, and
// lie in the file that was set aside. What is open, and all that is known of devices
// and topics, goes along.

// path is that of the file.
func (s *Store) path() string { return filepath.Join(s.opt.Directory, "store.db") }

// folder is where damaged files lie.
func (s *Store) folder() string { return filepath.Join(s.opt.Directory, "damaged") }

// replace gives up the file and makes a new one. It belongs to the writer. An error
// leaves the old one where it is.
func (s *Store) replace(why error) error {
	s.opt.Log.Error("store.db is damaged and is replaced", "directory", s.opt.Directory, "err", why)
	to, err := sound.Aside(s.path(), s.folder(), time.Now())
	if err != nil {
		return err // until it can be replaced the rest of it can be read
	}
	w := s.remember()
	_ = s.file.Close()
	take := func(p sound.Piece) {
		s.pulses.writer.Add(1)
		w.take(p)
	}
	if err := sound.Salvage(s.path(), take); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if w.site != "" && s.opt.Site != "" && w.site != s.opt.Site {
		w = newWreck() // whatever it says is not of this site
	}
	w.settle(s.doneUpto)
	d := Damage{Time: time.Now(), File: to, Epoch: w.epoch, Why: why.Error()}
	if err := s.draftWithin(w, &d); err != nil {
		return err
	}
	replaced, err := sound.Replace(s.path(), to, s.opt.AsideBytes)
	if !replaced {
		return err
	}
	if err != nil { // the next commit shows whether the disk is well
		s.opt.Log.Error("what was set aside is not as it should be", "folder", s.folder(), "err", err)
	}
	s.mu.Lock()
	s.spoilt, s.loaded = nil, false // the mirrors are not those of this file, should it fail in its turn
	s.former = former{w.epoch, w.marks(devices.ReadingLane).Sent}
	s.mu.Unlock()
	s.opt.Log.Warn("store.db was replaced", "set_aside", to, "what", d.String())
	s.binding.Lock() // nobody reads or writes beside it with numbers of the epoch before
	defer s.binding.Unlock()
	if err := s.openLoaded(); err != nil {
		return err
	}
	return s.renewLogs()
}

// draftWithin is draft with what the disk has room for. The room of what was set aside
// before is worth less than what is in here, and events are worth less than that
// alarms go on.
func (s *Store) draftWithin(w *wreck, d *Damage) error {
	err := s.draft(w, d, w.spots)
	if !noRoom(err) {
		return err
	}
	if err := errors.Join(os.RemoveAll(s.folder()), os.Mkdir(s.folder(), 0o700)); err != nil {
		return err
	}
	return s.draft(w, d, slices.DeleteFunc(slices.Clone(w.spots), func(p spot) bool { return p.lane != 0 }))
}

// openLoaded opens the file and reads it.
func (s *Store) openLoaded() error {
	if err := s.file.Open(); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return errors.Join(err, s.file.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = true
	return nil
}

// draft writes the new file beside the old one, with the records given, and tells
// in d what became of all.
func (s *Store) draft(w *wreck, d *Damage, spots []spot) error {
	from, err := os.Open(s.path())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	defer from.Close() // nil is closed too
	d.Saved, d.Lost, d.Doubt = map[devices.Lane]int{}, nil, w.doubts()
	return sound.Draft(s.path(), s.opt.MaxBytes, func(update func(func(*bolt.Tx) error) error) error {
		if err := update(func(tx *bolt.Tx) error { return errors.Join(layOut(tx, s.opt.Site, s.opt.word()), w.furnish(tx)) }); err != nil {
			return err
		}
		own := map[devices.Lane][]uint64{}
		at := uint64(0)
		for len(spots) > 0 && !w.enough(spots[0], s.opt.MaxBytes) {
			n := batchOf(spots)
			s.pulses.writer.Add(1)
			err := update(func(tx *bolt.Tx) error {
				for _, p := range spots[:n] {
					if w.save(tx, from, p, at+1) == nil {
						at++
						d.Saved[devices.Lanes()[p.lane]]++
						if !p.saved {
							own[devices.Lanes()[p.lane]] = append(own[devices.Lanes()[p.lane]], p.seq)
						}
					}
				}
				w.size = tx.Size()
				return newShelf[uint64](bucketNumbers).put(tx, numberRescued, at)
			})
			if err != nil {
				return err
			}
			spots = spots[n:]
		}
		return update(func(tx *bolt.Tx) error { return s.note(tx, w, d, own) })
	})
}

// batchOf is how many records are written in one transaction.
func batchOf(spots []spot) (n int) {
	for bytes := 0; n < len(spots) && n < 4096 && bytes < 2<<20; n++ {
		bytes += int(spots[n].size)
	}
	return n
}

// enough says that there is no more room for a record: a part of the file is left to
// what is said from now on, and the last of it to alarms.
func (w *wreck) enough(next spot, most int64) bool {
	if next.lane == 0 {
		return w.size > most-most/32
	}
	return w.size > most-most/16
}

// save writes one record under a position.
func (w *wreck) save(tx *bolt.Tx, from *os.File, p spot, at uint64) error {
	value, err := sound.ReadPiece(from, p.at, int(p.size))
	if err != nil {
		return err
	}
	doc, err := sound.UnframeDoc(seqKey(p.key), value)
	if err != nil {
		return err
	}
	if p.saved {
		doc, _ = rescuedIn(doc, p.key)
	}
	return inBucket{[]byte(bucketSalvaged)}.put(tx, at, sound.FrameDoc(seqKey(at), rescuedDoc(at, doc)))
}

// furnish writes what is known, apart from records.
func (w *wreck) furnish(tx *bolt.Tx) error {
	doc, err := openDoc(w.open)
	if err != nil {
		return err
	}
	w.currents[keyOpen] = current{Doc: doc}
	currents := newShelf[current](bucketCurrents)
	revision := uint64(0)
	for _, key := range slices.Sorted(maps.Keys(w.currents)) {
		revision++
		if err := currents.put(tx, key, current{Revision: revision, Doc: w.currents[key].Doc}); err != nil {
			return err
		}
	}
	numbers := newShelf[uint64](bucketNumbers)
	return errors.Join(
		numbers.put(tx, numberRevision, revision), numbers.put(tx, numberBirth, w.numbers[numberBirth]),
		putAll(tx, bucketOpen, w.open), putAll(tx, bucketStates, w.states), putAll(tx, bucketCounters, w.counters),
		putAll(tx, bucketIdentities, w.identities), putAll(tx, bucketGaps, w.oldGaps()), putAll(tx, bucketDamages, w.oldDamages()),
		w.carryCounts(tx),
	)
}

// carryCounts writes what was lost without a number, and not told; and the counter
// of commands, for none may be obeyed twice.
func (w *wreck) carryCounts(tx *bolt.Tx) error {
	numbers := newShelf[uint64](bucketNumbers)
	names := []string{numberCommand}
	for _, lane := range devices.Lanes() {
		names = append(names, refusedPrefix+string(lane))
	}
	for _, name := range names {
		if n := w.numbers[name]; n > 0 {
			if err := numbers.put(tx, name, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// putAll writes a shelf.
func putAll[V any](tx *bolt.Tx, bucket string, all map[string]V) error {
	shelf := newShelf[V](bucket)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := shelf.put(tx, name, all[name]); err != nil {
			return fmt.Errorf("%s %q: %w", bucket, name, err)
		}
	}
	return nil
}

// note writes what was lost, and that the file was replaced.
func (s *Store) note(tx *bolt.Tx, w *wreck, d *Damage, own map[devices.Lane][]uint64) error {
	gaps := newShelf[Gap](bucketGaps)
	for _, lane := range devices.Lanes() {
		if s.lanes[lane].records == nil {
			continue // readings tell it themselves, see renewLogs
		}
		lost := w.lost(lane, s.doneUpto(lane, w.marks(lane)), own[lane])
		for _, g := range lost {
			if err := gaps.put(tx, g.name(), g); err != nil {
				return err
			}
		}
		d.Lost = append(d.Lost, lost...)
	}
	return newShelf[Damage](bucketDamages).put(tx, filepath.Base(d.File), *d)
}

// noRoom says whether an error is only that there is no room: the file is as it was.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, berrors.ErrMaxSizeReached)
}
