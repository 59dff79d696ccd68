package store

import (
	"errors"
	"path/filepath"
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

// openLogs opens what lies beside store.db. Its epoch and its numbers are known.
func (s *Store) openLogs() (err error) {
	o := segment.Options{
		Directory: s.opt.Directory, Epoch: string(s.epoch), Log: s.opt.Log,
		Aside: filepath.Join(s.opt.Directory, "damaged"), AsideBytes: s.opt.AsideBytes,
	}
	readings, history := o, o
	readings.Prefix, readings.Bytes = "readings", segmentBytes(s.opt.ReadingBytes)
	readings.Least = s.numbers.kept[s.lanes[devices.ReadingLane].lastName()]
	readings.Lost = func(l segment.Loss) { s.miss(devices.ReadingLane, l) }
	if s.readings, err = segment.Open(readings); err != nil {
		return err
	}
	history.Prefix, history.Bytes, history.Given = "history", segmentBytes(s.opt.HistoryBytes), true
	history.Lost = func(l segment.Loss) { // the city has them
		s.opt.Log.Warn("history of alarms is lost", "epoch", l.Epoch, "first", l.First, "last", l.Last, "why", l.Why)
	}
	if s.history, err = segment.Open(history); err != nil {
		return errors.Join(err, s.readings.Close())
	}
	return nil
}

// closeLogs closes them.
func (s *Store) closeLogs() error { return errors.Join(s.readings.Close(), s.history.Close()) }

// adoptLogs takes the numbers of what lies beside store.db into the lanes, and
// counts readings that were dropped when the box went down before it was noted.
func (s *Store) adoptLogs() {
	r, a := s.lanes[devices.ReadingLane], s.lanes[devices.AlarmLane]
	r.last, a.moved = s.readings.Next()-1, s.history.Next()-1
	r.settle(s.readings)
	a.settle(s.history)
	if done := s.doneUpto(r.name, r.marks()); done+1 < r.first {
		s.noteGap(Gap{Lane: r.name, First: done + 1, Last: r.first - 1, Why: whyRoom})
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
			for _, seq := range bad.Seqs {
				s.miss(name, segment.Loss{Epoch: string(s.epoch), First: seq, Last: seq, Why: "damaged"})
			}
		}
		if len(records) > 0 || len(raw) == 0 {
			return records, nil
		}
		after = seqOf(raw[len(raw)-1].key) // nothing of it was sound
	}
}
