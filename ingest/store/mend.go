package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sitepost/ingest/store/sound"
)

// A store whose disk fails is not closed: it tries again by itself. Of this file:
//
//	          write fails                    sound again
//	open ───────────────────► not to be used ───────────► open
//	  │                         │       │  ▲
//	  │ damage, at any read     │       └──┘ each second, or seldomer where a try takes long
//	  └──────────► replaced ◄───┘ damaged
//
// While the file system is read-only the file is open to be read.

// mendPause is how long nothing is tried after a try that failed.
const mendPause = time.Second

// start opens the file for the first time, makes it if there is none, and replaces
// it if it is damaged. A disk that fails is no reason not to start: who comes back
// after a power cut must hear alarms even so.
func (s *Store) start() error {
	_, err := os.Lstat(s.path())
	if errors.Is(err, fs.ErrNotExist) && s.hadDamage() && sound.Adopt(s.path()) {
		err = nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = sound.Create(s.path(), s.opt.MaxBytes, func(tx *bolt.Tx) error { return layOut(tx, s.opt.Site, s.opt.word()) })
	}
	if err == nil {
		err = s.openLoaded()
	}
	if errors.Is(err, ErrDamaged) {
		s.spoilt = err
		err = s.replace(err)
	}
	if err == nil || !passes(err) {
		return err
	}
	s.opt.Log.Error("store cannot be written", "directory", s.opt.Directory, "err", err)
	s.failing = true
	s.putOff(err, time.Now())
	s.refusal = s.broken
	s.openToRead(err)
	if s.epoch == "" {
		s.epoch = newEpoch() // until there is a file
	}
	return nil
}

// hadDamage says whether a file may have been moved away from here. Otherwise what
// lies beside it is the beginning of the very first one.
func (s *Store) hadDamage() bool {
	_, err := os.Stat(s.folder())
	return err == nil
}

// passes says whether an error is the disk's, and may pass without a person.
func passes(err error) bool {
	return noRoom(err) || errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EROFS)
}

// spoil is told of damage by who read the file of an epoch, and has it replaced, if it
// was not already. From here on no mark counts: it would pass over what could not be
// read.
func (s *Store) spoil(of Epoch, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spoilt == nil && s.epoch == of {
		s.spoilt, s.deaf = err, true
		wake(s.kick)
	}
}

// hear makes marks count again. It is called inside the transaction of a birth: the
// connection that begins now reads this file and no other.
func (s *Store) hear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = s.spoilt != nil
}

// ready says whether the file can be used, and sees to it if it is time to. It
// belongs to the writer, as all that follows.
func (s *Store) ready() error {
	s.mu.Lock()
	spoilt := s.spoilt
	s.mu.Unlock()
	if spoilt == nil && s.broken == nil {
		return nil
	}
	if s.broken != nil && time.Now().Before(s.retry) {
		return s.broken
	}
	begin := time.Now()
	err := s.mend(spoilt)
	if err == nil {
		s.broken, s.retry = nil, begin.Add(mendPause) // what fails again at once waits
		return nil
	}
	s.putOff(err, begin)
	s.openToRead(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal, s.outage.failed = s.broken, time.Now()
	if !s.failing {
		s.failing = true
		s.opt.Log.Error("store cannot be written", "directory", s.opt.Directory, "err", err)
	}
	return s.broken
}

// putOff notes why the file cannot be used, and when to look again after a try that
// began then.
func (s *Store) putOff(err error, began time.Time) {
	s.broken = fmt.Errorf("%w: %w", ErrUnwritable, err)
	s.retry = time.Now().Add(max(mendPause, 4*time.Since(began)))
}

// mend makes the file usable: it is opened anew and, if it is not sound, replaced.
// Then one commit shows whether the disk takes it.
func (s *Store) mend(spoilt error) error {
	err := spoilt
	if err == nil {
		err = s.reopen()
	}
	if errors.Is(err, ErrDamaged) {
		s.mu.Lock()
		s.spoilt = err
		s.mu.Unlock()
		err = s.replace(err)
	}
	if err != nil || s.broken == nil {
		return err
	}
	asks := &entry{apply: func(c *change) error { c.any = true; return nil }}
	if _, _, err = s.try([]*entry{asks}); err == nil {
		return nil
	}
	if errors.Is(err, ErrDamaged) {
		s.spoil(s.Epoch(), err)
	}
	return errors.Join(err, s.file.Close())
}

// reopen looks at the file as it lies on disk: after a write that failed the memory
// of the machine shows what is not there. One that is gone is made anew.
func (s *Store) reopen() error {
	f, err := os.OpenFile(s.path(), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(s.path())); err == nil {
			return fmt.Errorf("%w: it is gone", ErrDamaged)
		}
	}
	if err != nil {
		return err
	}
	_ = f.Close()
	_ = s.file.Close() // whatever it says: it is not to be trusted
	_ = sound.Forget(s.path())
	return s.openLoaded()
}

// openToRead opens the file of a disk that has become read-only.
func (s *Store) openToRead(why error) {
	s.mu.Lock()
	spoilt := s.spoilt
	s.mu.Unlock()
	if !errors.Is(why, syscall.EROFS) || spoilt != nil {
		return
	}
	if s.file.View(func(*bolt.Tx) error { return nil }) == nil {
		return
	}
	if s.file.OpenToRead() != nil {
		return
	}
	if err := s.load(); err != nil {
		_ = s.file.Close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = true
}

// mostTight is how large a file is written anew at most while a site runs.
const mostTight = 64 << 20

// openFull opens the file again in which there was no room. Where not even the oldest
// could go for the youngest, what is free lies in pieces that are too small: a record of
// some ten thousand bytes needs as many pages side by side, and so does the neighbour of
// one that goes. Then the file is written anew, so that alarms do not stay in memory; for
// no more than a part of the time, because everybody waits for it, and not a large one,
// which has slack enough and would keep the writer for longer than a watchdog waits.
func (s *Store) openFull(err error) error {
	if !errors.Is(err, berrors.ErrMaxSizeReached) || time.Now().Before(s.tighten) || s.opt.MaxBytes > mostTight {
		return s.file.Open()
	}
	began := time.Now()
	s.opt.Log.Warn("what is free in store.db lies in small pieces: it is written anew", "directory", s.opt.Directory)
	err = s.file.OpenTight()
	s.tighten = time.Now().Add(max(time.Minute, 20*time.Since(began)))
	return err
}
