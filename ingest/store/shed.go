package store

import (
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices"
	"sitepost/ingest/store/segment"
)

// What lies beside store.db goes in this order, the oldest first: readings, pictures
// that need not be sent, alarms that are done. Each has a share, an age, and all of
// them leave the disk some room: what others write there must not stop the box.
const (
	tidyEvery = 5 * time.Second

	floorPart  = 20       // one part in so many of the disk stays free
	leastFloor = 64 << 20 // but so much at least
	mostFloor  = 4        // and on a small disk no more than one part in so many

	mostShed = 64 // files in one go
)

// firstYear is after what a box writes whose clock begins with the epoch of Unix, or
// that of DOS.
var firstYear = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// tidy does what is due beside store.db. Only the binder calls it.
func (s *Store) tidy(now time.Time) {
	s.moveAlarms()
	s.unlinkSent()
	for range mostShed {
		if s.readings.Bytes() <= s.opt.ReadingBytes || s.dropReadings(WhyRoom) == 0 {
			break
		}
	}
	for range mostShed {
		if s.history.Bytes() <= s.opt.HistoryBytes || s.dropHistory() == 0 {
			break
		}
	}
	if now.Before(s.tidied.Add(tidyEvery)) {
		return
	}
	s.tidied = now
	s.dropOld(now)
	s.keepFloor()
	s.lookAtReadings()
	if now.Sub(s.expired) >= expireEvery {
		s.expired = now
		_, _ = s.enqueue(&entry{patience: eventPatience, done: make(chan error, 1), apply: (*change).expire})
	}
}

// unlinkSent unlinks readings that are done, and of which that is on disk.
func (s *Store) unlinkSent() {
	l := s.lanes[devices.ReadingLane]
	s.mu.Lock()
	sent := s.numbers.kept[l.sentName()]
	s.mu.Unlock()
	for _, f := range s.readings.Segments() {
		if f.Newest || f.Last > sent {
			return
		}
		s.dropReadings(WhyRoom)
	}
}

// dropOld drops what is too old.
func (s *Store) dropOld(now time.Time) {
	for _, f := range s.readings.Segments() {
		if !s.older(f, now, s.opt.KeepReadings) {
			break
		}
		s.dropReadings(whyOld)
	}
	s.mu.Lock()
	moved := s.lanes[devices.AlarmLane].moved
	s.mu.Unlock()
	for _, f := range s.history.Segments() {
		if !s.older(f, now, s.opt.KeepAlarms) || moved < f.Last+uint64(s.opt.History) {
			break
		}
		s.dropHistory()
	}
}

// older says whether all in a file is older than may be kept. Where nobody knows how
// late it is, or was, nothing is too old.
func (s *Store) older(f segment.Segment, now time.Time, within time.Duration) bool {
	return !f.Newest && now.Sub(f.Touched) > within && f.Touched.After(firstYear) && s.opt.Clock().Synced
}

// dropReadings unlinks the oldest readings, notes which of them the city does not
// have, and returns how much room they had.
func (s *Store) dropReadings(why string) int64 {
	f, any, err := s.readings.Drop()
	if err != nil {
		s.troubled("readings cannot be removed", err)
	}
	if !any {
		return 0
	}
	l := s.lanes[devices.ReadingLane]
	s.mu.Lock()
	l.settle(s.readings)
	done := s.doneUpto(l.name, l.marks())
	s.mu.Unlock()
	if f.First = max(f.First, done+1); f.First <= f.Last {
		s.noteGap(Gap{Lane: l.name, First: f.First, Last: f.Last, Why: why})
	}
	return max(f.Bytes, 1)
}

// dropHistory unlinks the oldest history.
func (s *Store) dropHistory() int64 {
	f, any, err := s.history.Drop()
	if err != nil {
		s.troubled("history cannot be removed", err)
	}
	if !any {
		return 0
	}
	s.mu.Lock()
	s.lanes[devices.AlarmLane].settle(s.history)
	s.mu.Unlock()
	return max(f.Bytes, 1)
}

// makeSpace frees so many bytes of the disk, as far as there is something to go. It
// says whether there was.
func (s *Store) makeSpace(bytes int64) bool {
	left := bytes
	for _, drop := range []func() int64{
		func() int64 { return s.dropReadings(WhyRoom) },
		func() int64 { return s.album.Shed(left) },
		s.dropHistory,
	} {
		for range mostShed {
			if left <= 0 {
				return true
			}
			freed := drop()
			if left -= freed; freed == 0 {
				break
			}
		}
	}
	return left < bytes
}

// keepFloor makes room on a disk that is nearly full.
func (s *Store) keepFloor() {
	free, total, err := s.opt.disk(s.opt.Directory)
	if err != nil {
		s.troubled("nobody knows how full the disk is", err)
		return
	}
	floor := min(max(total/floorPart, leastFloor), total/mostFloor)
	low := free < floor
	if low && !s.low {
		s.opt.Log.Warn("the disk is nearly full", "directory", s.opt.Directory, "free", free, "of", total)
	}
	if s.low = low; low {
		s.makeSpace(floor - free)
	}
}

// diskOf asks a file system how many bytes are free for us, and how many there are.
func diskOf(directory string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(directory, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil // of 32 bits on some machines
}

// troubled logs what the binder cannot do, once in a while.
func (s *Store) troubled(what string, err error) {
	if now := time.Now(); now.Sub(s.groaned[what]) > 5*time.Minute {
		s.groaned[what] = now
		s.opt.Log.Error(what, "directory", s.opt.Directory, "err", err)
	}
}
