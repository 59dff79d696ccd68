package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sitepost/devices"
	"sitepost/ingest/store/segment"
)

// mostSegment is how large a file of readings or of history gets: so much goes at
// once when it must.
const (
	mostSegment  = 16 << 20
	leastSegment = 64 << 10
)

// segmentBytes is how large the files of a share are.
func segmentBytes(share int64) int64 { return max(min(mostSegment, share/8), leastSegment) }

// makeLogs makes what lies beside store.db. It is opened when the epoch is known.
func (s *Store) makeLogs() {
	o := segment.Options{
		Directory: s.opt.Directory, Log: s.opt.Log,
		Aside: s.folder(), AsideBytes: s.opt.AsideBytes,
	}
	readings, history := o, o
	readings.Prefix, readings.Bytes = "readings", segmentBytes(s.opt.ReadingBytes)
	readings.Lost = func(l segment.Loss) { s.miss(devices.ReadingLane, l) }
	history.Prefix, history.Bytes, history.Given = "history", segmentBytes(s.opt.HistoryBytes), true
	history.Lost = func(l segment.Loss) { // the city has them
		s.opt.Log.Warn("history of alarms is lost", "epoch", l.Epoch, "first", l.First, "last", l.Last, "why", l.Why)
	}
	s.readings, s.history = segment.New(readings), segment.New(history)
}

// openLogs opens it, as soon as there is a store.db whose it is, and says whether it
// is open. It belongs to the binder, or to Open; s.binding is held.
func (s *Store) openLogs() bool {
	if s.bundled {
		return true
	}
	s.mu.Lock()
	loaded, epoch, least := s.loaded, string(s.epoch), s.numbers.kept[s.lanes[devices.ReadingLane].lastName()]
	s.mu.Unlock()
	if !loaded {
		return false
	}
	if err := errors.Join(s.readings.Begin(epoch, least), s.history.Begin(epoch, 0)); err != nil {
		s.troubled("readings and history cannot be opened", err)
		return false
	}
	s.adoptLogs()
	s.bundled = true
	return true
}

// A former is the epoch before this one, and the last reading of it that was sent.
type former struct {
	epoch Epoch
	sent  uint64
}

// renewLogs begins new files beside a store.db that was replaced: the numbers of the
// old ones are those of the epoch before. s.binding is held. Before they are open
// there is nothing to do: they open with the new epoch.
func (s *Store) renewLogs() error {
	if !s.bundled {
		return nil
	}
	epoch := string(s.Epoch())
	if err := errors.Join(s.readings.Renew(epoch), s.history.Renew(epoch)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lanes {
		l.settle(map[bool]*segment.Log{true: s.readings, false: s.history}[l.name == devices.ReadingLane])
	}
	return nil
}

// closeLogs closes them.
func (s *Store) closeLogs() error { return errors.Join(s.readings.Close(), s.history.Close()) }

// adoptLogs takes the numbers of what lies beside store.db into the lanes, and
// counts readings that were dropped when the box went down before it was noted. A
// store.db that ends before its history is an older copy: what it gave numbers to
// next was given them before, so another one takes its place.
func (s *Store) adoptLogs() {
	r, a := s.lanes[devices.ReadingLane], s.lanes[devices.AlarmLane]
	s.mu.Lock()
	epoch, last, moved := s.epoch, a.last, s.history.Next()-1
	r.last, a.moved = s.readings.Next()-1, min(moved, last)
	r.settle(s.readings)
	a.settle(s.history)
	done := s.doneUpto(r.name, r.marks())
	s.mu.Unlock()
	if moved > last {
		s.spoil(epoch, fmt.Errorf("%w: it ends at alarm %d, and its history at %d (is it an older copy?)", ErrDamaged, last, moved))
	}
	if done+1 < r.first {
		s.noteGap(Gap{Lane: r.name, First: done + 1, Last: r.first - 1, Why: WhyRoom})
	}
}

// settle finds the lowest number of a lane. Store.mu is held.
func (l *lane) settle(log *segment.Log) {
	switch l.name {
	case devices.ReadingLane:
		l.first = min(log.First(), l.last+1)
	case devices.AlarmLane:
		if l.first = l.hot; log.First() <= l.moved {
			l.first = min(log.First(), l.hot)
		}
	default:
		l.first = l.hot
	}
}

// untold are those of some numbers that are neither done nor known to be missing.
func (s *Store) untold(name devices.Lane, seqs []uint64) []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := s.doneUpto(name, s.lanes[name].marks())
	known := append(slices.Collect(maps.Values(s.gaps.kept)), s.lostGaps...)
	return slices.DeleteFunc(slices.Clone(seqs), func(seq uint64) bool { return seq <= done || inGaps(known, name, seq, seq) })
}

// readLog reads a stretch of what lies beside store.db, up to a number. What is
// damaged in it is left out, and told where the city does not have it.
func (s *Store) readLog(name devices.Lane, log *segment.Log, after, upto uint64, limit int) ([]Record, error) {
	for {
		var raw []pair
		left := mostReadBytes
		err := log.Walk(after, func(number uint64, v []byte) bool {
			left -= len(v)
			if number > upto || left < 0 && len(raw) > 0 {
				return false
			}
			raw = append(raw, pair{seqKey(number), slices.Clone(v)})
			return len(raw) < limit
		})
		if err != nil {
			return nil, err
		}
		records, err := decode(name, raw)
		var bad *DamageError
		if errors.As(err, &bad) {
			for _, seq := range s.untold(name, bad.Seqs) {
				s.miss(name, segment.Loss{Epoch: string(s.Epoch()), First: seq, Last: seq, Why: "damaged"})
			}
		}
		if len(records) > 0 || len(raw) == 0 {
			return records, nil
		}
		after = seqOf(raw[len(raw)-1].key) // nothing of it was sound
	}
}
