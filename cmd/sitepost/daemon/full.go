package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// How long a store is in trouble before that is told, and well before it is taken
// back; and how often one looks.
const (
	fullAfter = 2 * time.Second
	wellAfter = 10 * time.Second
	lookEvery = 2 * time.Second
)

// A fullness tells store.full: the disk refuses the store, or the store has to drop
// what is more than readings. It cannot be stored at that moment, and need not be:
// alarms go to the city from memory.
type fullness struct {
	trouble   func() error
	gaps      func() []store.Gap
	changed   func() <-chan struct{}
	say       func(devices.Event) error
	directory string
	log       *slog.Logger

	dropped map[devices.Lane]uint64 // highest number that was dropped, as of the last look
	drop    time.Time               // when it last rose

	bad   bool      // there is trouble
	since time.Time // of bad, or of well; zero: not looked yet
	told  devices.State
}

// watchStore watches until ctx ends.
func (s *site) watchStore(ctx context.Context) {
	f := &fullness{
		trouble: s.store.Trouble, gaps: s.store.Gaps, changed: s.store.Changed, directory: s.file().Store.Directory, log: s.opt.Log,
		say: func(e devices.Event) error { return s.ingest.Say(boxName, e) },
	}
	f.run(ctx)
}

func (f *fullness) run(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		changed := f.changed()
		f.look(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-changed:
		}
	}
}

// look tells what is due. At the start an open one of an earlier run may stand in the
// store, which drops a clearing where there is none.
func (f *fullness) look(now time.Time) {
	reason := f.reason(now)
	if bad := reason != nil; bad != f.bad || f.since.IsZero() {
		f.bad, f.since = bad, now
	}
	e := devices.Event{Time: now, Code: devices.StoreFull, State: f.told}
	switch lasts := now.Sub(f.since); {
	case f.bad && lasts >= fullAfter && f.told != devices.Raised:
		e.Time, e.State, e.Text = f.since, devices.Raised, wordsOfTrouble(f.directory, reason)
	case !f.bad && (f.told == "" || lasts >= wellAfter):
		e.State = devices.Cleared
	}
	if e.State == f.told {
		return
	}
	if err := f.say(e); err != nil {
		f.log.Warn("how the store is cannot be told", "err", err)
		return
	}
	f.told = e.State
}

// errDrops is the reason where the disk is well.
var errDrops = errors.New("its room is used up and the oldest events are dropped")

// reason says what is wrong with the store, nil for nothing.
func (f *fullness) reason(now time.Time) error {
	highest := map[devices.Lane]uint64{}
	for _, g := range f.gaps() {
		if g.Lane != devices.ReadingLane && g.Why == store.WhyRoom {
			highest[g.Lane] = max(highest[g.Lane], g.Last)
		}
	}
	for lane, last := range highest {
		if f.dropped != nil && last > f.dropped[lane] {
			f.drop = now
		}
	}
	f.dropped = highest
	if err := f.trouble(); err != nil {
		return err
	}
	if !f.drop.IsZero() && now.Sub(f.drop) < wellAfter {
		return errDrops
	}
	return nil
}

// wordsOfTrouble says where, what, and what a person can do.
func wordsOfTrouble(directory string, err error) string {
	why, next := err.Error(), "look at the disk, and at size in [store]"
	var number syscall.Errno
	if errors.As(err, &number) {
		why = "the disk refuses: " + number.Error()
	}
	switch number {
	case syscall.ENOSPC, syscall.EDQUOT:
		next = "make room on the disk"
	case syscall.EROFS:
		next = "look at dmesg: a disk with errors is made read-only; remount it, or replace it"
	case syscall.EIO:
		next = "look at dmesg, and replace the disk"
	case syscall.EACCES, syscall.EPERM:
		next = "give the directory to the user of sitepost"
	}
	if errors.Is(err, errDrops) {
		next = "see why the city takes nothing, or give it more room: size in [store]"
	} else {
		why += "; meanwhile alarms go to the city from memory, events and readings are lost"
	}
	return fmt.Sprintf("%s: %s: %s", directory, why, next)
}
